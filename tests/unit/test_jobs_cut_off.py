"""A call that is cancelled in the middle of a transaction leaves the records to the others."""

import asyncio
import random
import time

from serve.jobs import leases, progress, records
from serve.jobs.database import Database
from serve.jobs.progress import Made
from tests.fakes import queue_job

CUTS = 60


async def test_a_write_that_is_cut_off_at_any_moment_locks_nobody_out(database: Database) -> None:
    chance = random.Random(4)
    job = await queue_job(database)
    fence = await leases.claim(database, job, 600)
    assert fence is not None
    done: set[int] = set()
    for n in range(CUTS):
        made = Made(n, n, n + 1, f"jobs/a/1/segment-{n}", 3)
        commit = asyncio.create_task(progress.commit_segment(database, job, fence, made))
        await asyncio.sleep(chance.uniform(0, 0.012))
        commit.cancel()
        (outcome,) = await asyncio.gather(commit, return_exceptions=True)
        if not isinstance(outcome, BaseException):
            done.add(n)
        began = time.monotonic()
        await progress.report(database, job, fence, timings={"encode": n})
        assert time.monotonic() - began < 10  # a lock left behind would hold for 20 s
    committed = {row.n for row in await progress.segments(database, job, 1)}
    assert done <= committed
    assert (await records.get(database, job)).last_event == 2 + len(committed)
