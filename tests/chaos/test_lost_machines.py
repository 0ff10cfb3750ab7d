"""Whole machines go: a node of the cluster, or all of Ray with a full queue."""

from tests.chaos.conftest import Jobs, until

QUEUED = 50


async def test_a_lost_node_loses_no_job(jobs: Jobs) -> None:
    await jobs.until_committed(await jobs.accepted(4))
    await jobs.struck_by("kill node")
    verdicts = await jobs.nothing_is_lost()
    assert sum(verdict.redone for verdict in verdicts) == 0


async def test_a_restart_of_all_of_ray_keeps_fifty_waiting_jobs(jobs: Jobs) -> None:
    """Nobody asks for anything afterwards: the directors find the jobs by themselves."""
    await jobs.accepted(QUEUED, seconds=3.0)
    await jobs.struck_by("restart ray")
    open_ones = [job for job in [await jobs.record(v) for v in jobs.wishes] if not job.completed_at]
    assert len(open_ones) > QUEUED / 2, "they were done before the fault"

    async def all_are_over() -> bool:
        return all([(await jobs.record(video)).completed_at for video in jobs.wishes])

    await until(all_are_over, 120)
    verdicts = await jobs.nothing_is_lost()
    assert len(verdicts) == QUEUED
    assert sum(verdict.redone for verdict in verdicts) == 0
