"""A process is killed from one moment to the next, with jobs under way: none of them is lost."""

import pytest

from bench.chaos import faults
from tests.chaos.conftest import Jobs


@pytest.mark.parametrize("stage", faults.STAGES)
async def test_a_killed_replica_of_a_stage_loses_no_job(jobs: Jobs, stage: str) -> None:
    first = await jobs.accepted(2)
    if stage in ("Lipsync", "Encode"):
        await jobs.until_committed(first)
    await jobs.struck_by(f"kill {stage.lower()}")
    await jobs.accepted(2, seconds=3.0)  # to be painted, found and spoken by the new replica
    verdicts = await jobs.nothing_is_lost()
    assert sum(verdict.redone for verdict in verdicts) == 0
    assert {verdict.attempts for verdict in verdicts} == {1}


async def test_the_jobs_of_a_killed_director_are_taken_over_where_they_were(jobs: Jobs) -> None:
    await jobs.until_committed(await jobs.accepted(6))
    await jobs.struck_by("kill director")
    verdicts = await jobs.nothing_is_lost()
    assert max(verdict.claims for verdict in verdicts) > 1
    assert sum(verdict.redone for verdict in verdicts) == 0
    assert {verdict.attempts for verdict in verdicts} == {1}


@pytest.mark.parametrize("part", ["ingress", "proxy", "controller"])
async def test_a_killed_front_or_controller_costs_running_jobs_nothing(
    jobs: Jobs, part: str
) -> None:
    first = await jobs.accepted(3)
    await jobs.until_committed(first)
    await jobs.struck_by(f"kill {part}")
    await jobs.accepted(1, seconds=3.0)
    verdicts = await jobs.nothing_is_lost()
    assert sum(verdict.redone for verdict in verdicts) == 0
