"""Progress in the outbox: newer takes the place of older, and a status comes before both."""

import time
from itertools import pairwise

from serve.jobs import deliveries, progress
from serve.jobs.database import Database
from serve.jobs.deliveries import PROGRESS, Due
from tests.unit.outbox import drain, later, one, started, types


async def test_progress_waits_a_moment_for_newer_progress_which_takes_its_place(
    database: Database,
) -> None:
    job, fence = await started(database)
    await deliveries.settle(database, await one(database), "delivered")
    for percent in (10, 20, 30):
        await progress.report(database, job, fence, progress=percent)
    (message,) = await _progress_sent(database, after=deliveries.PROGRESS_SECONDS)
    assert message.payload["data"]["progress"] == 30
    await deliveries.settle(database, message, "delivered")
    assert await drain(database) == []
    assert len(await deliveries.outcomes(database, job)) == 1  # nothing of it is kept


async def test_progress_that_never_pauses_is_told_all_the_same_and_at_most_every_half_second(
    database: Database,
) -> None:
    job, fence = await started(database)
    await deliveries.settle(database, await one(database), "delivered")
    told: list[float] = []
    for percent in range(1, 41):  # an event every tenth of a second
        await progress.report(database, job, fence, progress=percent)
        await later(database, 0.1)
        for message in await deliveries.claim_due(database, 10):
            told.append(time.time() + 0.1 * percent)
            await deliveries.settle(database, message, "delivered")
    assert len(told) >= 3
    assert all(b - a > 0.49 for a, b in pairwise(told))


async def test_progress_gives_way_to_a_status(database: Database) -> None:
    job, fence = await started(database)
    await progress.report(database, job, fence, stage="video", progress=50)
    await progress.complete(database, job, fence, {"files": {}})
    assert types(await drain(database)) == ["video.in_progress", "video.completed"]


async def test_a_status_waits_for_the_progress_that_is_on_its_way(database: Database) -> None:
    job, fence = await started(database)
    await deliveries.settle(database, await one(database), "delivered")
    await progress.report(database, job, fence, progress=50)
    (message,) = await _progress_sent(database, after=1)
    await progress.complete(database, job, fence, {"files": {}})
    assert await deliveries.claim_due(database, 10) == []
    await deliveries.settle(database, message, "timed out")
    assert (await one(database)).payload["type"] == "video.completed"


async def test_progress_whose_sender_died_is_dropped(database: Database) -> None:
    job, fence = await started(database)
    await deliveries.settle(database, await one(database), "delivered")
    await progress.report(database, job, fence, progress=50)
    assert len(await _progress_sent(database, after=1)) == 1
    await progress.complete(database, job, fence, {"files": {}})
    assert types(await drain(database)) == ["video.completed"]


async def _progress_sent(database: Database, after: float) -> list[Due]:
    await later(database, after)
    due = list(await deliveries.claim_due(database, 10))
    assert [message.payload["type"] for message in due] == [PROGRESS]
    return due
