"""Directors come and go with jobs running, and one comes back that nobody waited for."""

import asyncio
import os
import signal
from contextlib import suppress

from tests.chaos.conftest import Jobs, until


async def test_a_director_that_is_scaled_down_hands_its_jobs_on_at_once(jobs: Jobs) -> None:
    cluster = jobs.struck.cluster
    videos = await jobs.accepted(6)
    await jobs.until_committed(videos)
    await asyncio.to_thread(cluster.ask, "scale", deployment="Director", replicas=1)
    verdicts = await jobs.nothing_is_lost()
    await asyncio.to_thread(cluster.ask, "scale", deployment="Director", replicas=2)
    assert max(verdict.claims for verdict in verdicts) > 1
    assert sum(verdict.redone for verdict in verdicts) == 0
    assert {verdict.attempts for verdict in verdicts} == {1}


async def test_a_director_frozen_past_its_leases_can_write_nothing_when_it_thaws(
    jobs: Jobs,
) -> None:
    cluster = jobs.struck.cluster
    before = set(await asyncio.to_thread(cluster.replicas, "Director"))
    videos = await jobs.accepted(6, seconds=15.0)
    await jobs.until_committed(videos)
    frozen = sorted(before)[0]
    os.kill(frozen, signal.SIGSTOP)
    try:

        async def some_are_taken_over() -> bool:
            return any([(await jobs.record(video)).fence > 1 for video in videos])

        await until(some_are_taken_over, 40)
    finally:
        with suppress(ProcessLookupError):
            os.kill(frozen, signal.SIGCONT)
    verdicts = await jobs.nothing_is_lost()
    assert max(verdict.claims for verdict in verdicts) > 1
    assert {verdict.outcome for verdict in verdicts} == {"completed"}
