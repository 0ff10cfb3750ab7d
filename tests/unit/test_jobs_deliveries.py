"""The outbox of webhook messages."""

import asyncio
from typing import Any

from media.errors import AvatarError
from serve.jobs import deliveries, events, leases, progress, records, removal
from serve.jobs.database import Database
from serve.jobs.deliveries import PROGRESS
from serve.jobs.progress import Made
from serve.storage.artifacts import open_artifacts
from tests.unit.outbox import URL, drain, later, one, queued, started, types


async def test_a_job_tells_when_it_starts_and_how_it_ends(database: Database) -> None:
    job, fence = await started(database)
    first = await one(database)
    assert (first.url, first.tries, first.payload["type"]) == (URL, 1, "video.in_progress")
    await deliveries.settle(database, first, "delivered")
    result = {"files": {"video": {"key": "k", "type": "video/mp4"}}}
    await progress.complete(database, job, fence, result)
    (payload,) = await drain(database)
    assert payload["type"] == "video.completed"
    data = payload["data"]
    assert (data["id"], data["status"], data["progress"], data["error"]) == (
        *(job, "completed", 100),
        None,
    )
    assert data["urls"]["video"] == f"/v1/videos/{job}/content?variant=video"
    assert await deliveries.outcomes(database, job) == [
        ("video.in_progress", "delivered"),
        ("video.completed", "delivered"),
    ]


async def test_a_failed_job_tells_why(database: Database) -> None:
    job, fence = await started(database)
    await progress.fail(database, job, fence, AvatarError("no_face", "There is no face."))
    payload = (await drain(database))[-1]
    assert payload["type"] == "video.failed"
    assert payload["data"]["error"]["code"] == "no_face"


async def test_a_cancelled_job_tells_so_though_it_never_began(database: Database) -> None:
    job = await queued(database)
    await records.cancel(database, job)
    assert types(await drain(database)) == ["video.cancelled"]


async def test_no_message_holds_what_is_said_or_seen(database: Database) -> None:
    job, fence = await started(database)
    await progress.report(database, job, fence, stage="speech", progress=10, portrait="f" * 64)
    await progress.complete(database, job, fence, {"files": {}})
    for payload in await drain(database):
        assert set(payload) == {"type", "timestamp", "data"}
        assert set(payload["data"]) == {
            *("id", "status", "stage", "progress", "error", "urls", "metadata"),
        }
        assert "secret" not in str(payload)


async def test_a_job_without_a_receiver_leaves_nothing_in_the_outbox(database: Database) -> None:
    job = await queued(database, url=None)
    fence = await leases.claim(database, job, 600)
    assert fence is not None
    await progress.report(database, job, fence, stage="speech", progress=10)
    await progress.complete(database, job, fence, {"files": {}})
    assert await deliveries.outcomes(database, job) == []
    assert await deliveries.claim_due(database, 10) == []


async def test_a_message_and_its_event_are_there_together_or_not_at_all(
    database: Database,
) -> None:
    job, fence = await started(database)
    before = await deliveries.outcomes(database, job)
    try:
        async with database.write() as session:
            row, at = await leases.hold(session, job, fence)
            row.status = "completed"
            events.append(session, row, "status", {}, at)
            await session.flush()
            raise RuntimeError
    except RuntimeError:
        assert await deliveries.outcomes(database, job) == before


async def test_several_senders_never_take_the_same_message(database: Database) -> None:
    jobs = [(await started(database))[0] for _ in range(12)]
    rounds = await asyncio.gather(*(deliveries.claim_due(database, 100) for _ in range(6)))
    taken = [message for messages in rounds for message in messages]
    assert sorted(message.job_id for message in taken) == sorted(jobs)
    assert {message.tries for message in taken} == {1}
    assert await deliveries.claim_due(database, 100) == []


async def test_no_more_are_taken_than_asked_for(database: Database) -> None:
    for _ in range(5):
        await started(database)
    assert len(await deliveries.claim_due(database, 3)) == 3
    assert len(await deliveries.claim_due(database, 3)) == 2


async def test_the_message_of_a_dead_sender_comes_up_again_under_its_id(
    database: Database,
) -> None:
    await started(database)
    lost = await one(database)
    await later(database, deliveries.CLAIM_SECONDS + 1)
    again = await one(database)
    assert (again.id, again.tries) == (lost.id, 2)
    # The first sender was only slow: what it says now no longer counts.
    await deliveries.settle(database, lost, "delivered")
    await deliveries.retry(database, lost, 0)
    assert await deliveries.outcomes(database, lost.job_id) == [("video.in_progress", None)]
    await deliveries.settle(database, again, "delivered")
    assert await deliveries.outcomes(database, lost.job_id) == [("video.in_progress", "delivered")]


async def test_later_statuses_wait_until_the_first_is_delivered(database: Database) -> None:
    job, fence = await started(database)
    first = await one(database)
    await progress.complete(database, job, fence, {"files": {}})
    assert await deliveries.claim_due(database, 10) == []  # the first is on its way
    await deliveries.retry(database, first, 600)
    assert await deliveries.claim_due(database, 10) == []  # the first waits for its next try
    await later(database, 601)
    again = await one(database)
    assert (again.id, again.tries) == (first.id, 2)
    await deliveries.settle(database, again, "delivered")
    assert (await one(database)).payload["type"] == "video.completed"  # at once


async def test_a_status_that_is_given_up_holds_nothing_back(database: Database) -> None:
    job, fence = await started(database)
    await progress.complete(database, job, fence, {"files": {}})
    await deliveries.settle(database, await one(database), "status 500")
    await deliveries.settle(database, await one(database), "delivered")
    assert await deliveries.outcomes(database, job) == [
        ("video.in_progress", "status 500"),
        ("video.completed", "delivered"),
    ]


async def test_a_receiver_that_wants_no_more_gets_no_more(database: Database) -> None:
    job, fence = await started(database)
    message = await one(database)
    await progress.report(database, job, fence, progress=50)
    await deliveries.stop(database, message)
    await progress.complete(database, job, fence, {"files": {}})
    assert await drain(database) == []
    outcomes = await deliveries.outcomes(database, job)
    assert {outcome for _, outcome in outcomes} == {"gone"}


async def test_a_removed_job_takes_its_messages_along(database: Database, tmp_path: Any) -> None:
    job, _ = await started(database)
    artifacts = open_artifacts((tmp_path / "artifacts").as_uri())
    await removal.remove_job(database, artifacts, job)
    assert await deliveries.claim_due(database, 10) == []
    assert await deliveries.outcomes(database, job) == []


async def test_a_removed_job_s_message_on_its_way_can_be_settled(
    database: Database, tmp_path: Any
) -> None:
    job, _ = await started(database)
    message = await one(database)
    artifacts = open_artifacts((tmp_path / "artifacts").as_uri())
    await removal.remove_job(database, artifacts, job)
    await deliveries.settle(database, message, "delivered")
    await deliveries.retry(database, message, 1)
    await deliveries.stop(database, message)
    assert await deliveries.outcomes(database, job) == []


async def test_senders_and_a_running_job_do_not_lock_each_other_out(database: Database) -> None:
    jobs = [await started(database) for _ in range(4)]
    told: list[str] = []
    working = True

    async def work(job: str, fence: int) -> None:
        for n in range(15):
            made = Made(n, n, n + 1, f"jobs/{job}/{n}", 3)
            await progress.commit_segment(database, job, fence, made, progress=5 * n + 1)
        await progress.complete(database, job, fence, {"files": {}})

    async def send() -> None:
        while working:
            for message in await deliveries.claim_due(database, 10):
                told.append(f"{message.job_id} {message.payload['type']}")
                await deliveries.settle(database, message, "delivered")
            await asyncio.sleep(0.01)

    senders = [asyncio.create_task(send()) for _ in range(3)]
    await asyncio.gather(*(work(job, fence) for job, fence in jobs))
    working = False
    await asyncio.gather(*senders)
    told += [f"{p['data']['id']} {p['type']}" for p in await drain(database)]
    for job, _ in jobs:
        of_it = [line.split()[1] for line in told if line.startswith(job)]
        assert [kind for kind in of_it if kind != PROGRESS] == [
            "video.in_progress",
            "video.completed",
        ]
        assert of_it[-1] == "video.completed"
