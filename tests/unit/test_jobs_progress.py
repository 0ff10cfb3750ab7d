"""What a claim's holder writes: progress with its events, segments in any order, the end."""

import asyncio
from typing import Any

import numpy as np
import pytest

from media.errors import AvatarError
from serve.jobs import events, leases, progress, records
from serve.jobs.database import Database
from serve.jobs.progress import Made
from tests.fakes import queue_job


@pytest.fixture
async def held(database: Database) -> tuple[str, int]:
    job = await queue_job(database)
    fence = await leases.claim(database, job, 30)
    assert fence is not None
    return job, fence


def made(n: int) -> Made:
    return Made(n, n * 25, n * 25 + 25, f"jobs/a/1/segment-{n}", 100, {"words": ["so"]})


async def happened(database: Database, job: str) -> list[tuple[str, dict[str, Any]]]:
    found = await events.since(database, job, 0)
    assert [event.seq for event in found] == list(range(1, len(found) + 1))
    return [(event.type, event.data) for event in found]


async def test_a_jobs_way_is_told_by_its_events(database: Database, held: tuple[str, int]) -> None:
    await progress.report(database, *held, stage="speech", progress=3)
    await progress.report(database, *held, progress=10, segments_total=1)
    await progress.commit_segment(database, *held, made(0), progress=90)
    await progress.complete(database, *held, {"files": {}})
    story = await happened(database, held[0])
    assert [kind for kind, _ in story] == [
        "status", "status", "stage", "progress", "segment", "progress", "status",
    ]  # fmt: skip
    assert [data["status"] for kind, data in story if kind == "status"] == [
        "queued", "in_progress", "completed",
    ]  # fmt: skip
    assert story[2][1]["stage"] == "speech"
    assert story[4][1] == {"segment": 0, "committed": 1, "published": 1, "total": 1}
    assert story[6][1]["progress"] == 100


async def test_what_did_not_change_is_no_event(database: Database, held: tuple[str, int]) -> None:
    await progress.report(database, *held, stage="speech", progress=10)
    before = await happened(database, held[0])
    await progress.report(database, *held, stage="speech", progress=10, timings={"speech": 3})
    assert await happened(database, held[0]) == before


async def test_progress_never_falls_and_reaches_100_only_at_the_end(
    database: Database, held: tuple[str, int]
) -> None:
    for percent, shown in ((40, 40), (30, 40), (100, 99), (250, 99)):
        await progress.report(database, *held, progress=percent)
        assert (await records.get(database, held[0])).progress == shown
    await progress.complete(database, *held, {"files": {}})
    assert (await records.get(database, held[0])).progress == 100


async def test_the_time_to_go_follows_from_the_time_gone(
    database: Database, held: tuple[str, int]
) -> None:
    await asyncio.sleep(0.2)
    await progress.report(database, *held, progress=20)
    (_, data) = (await happened(database, held[0]))[-1]
    assert 0.7 <= data["eta_seconds"] <= 3


async def test_segments_come_in_any_order_and_are_published_in_a_row(
    database: Database, held: tuple[str, int]
) -> None:
    prefix = [await progress.commit_segment(database, *held, made(n)) for n in (2, 0, 3, 1)]
    assert prefix == [0, 1, 1, 4]
    stored = await progress.segments(database, held[0], 1)
    assert [segment.n for segment in stored] == [0, 1, 2, 3]
    assert (stored[1].start, stored[1].stop, stored[1].size) == (25, 50, 100)
    assert stored[1].info == {"words": ["so"]}


async def test_segments_committed_at_once_in_any_order_are_published_without_a_gap(
    database: Database, held: tuple[str, int]
) -> None:
    order = [int(n) for n in np.random.default_rng(7).permutation(16)]
    await asyncio.gather(*(progress.commit_segment(database, *held, made(n)) for n in order))
    assert (await records.get(database, held[0])).next_segment == 16
    told = [data for kind, data in await happened(database, held[0]) if kind == "segment"]
    so_far: set[int] = set()
    for data in told:
        so_far.add(data["segment"])
        prefix = next(n for n in range(17) if n not in so_far)
        assert (data["committed"], data["published"]) == (len(so_far), prefix)
    assert len(so_far) == 16


async def test_a_segment_committed_twice_counts_once(
    database: Database, held: tuple[str, int]
) -> None:
    await progress.commit_segment(database, *held, made(0))
    before = await happened(database, held[0])
    assert await progress.commit_segment(database, *held, made(0)) == 1
    assert await happened(database, held[0]) == before


async def test_timings_of_several_reports_come_together(
    database: Database, held: tuple[str, int]
) -> None:
    await progress.report(database, *held, timings={"face": 5.0}, portrait="a" * 64)
    await progress.complete(database, *held, {"files": {}, "frames": 3}, {"encode": 7.0})
    job = await records.get(database, held[0])
    assert job.timings == {"face": 5.0, "encode": 7.0}
    assert (job.portrait, job.result) == ("a" * 64, {"files": {}, "frames": 3})


async def test_a_failure_tells_its_reason_and_stage(
    database: Database, held: tuple[str, int]
) -> None:
    await progress.report(database, *held, stage="speech", progress=30)
    error = AvatarError("empty_text", "Nothing to say.", param="text", details={"code": "x"})
    await progress.fail(database, *held, error)
    job = await records.get(database, held[0])
    assert job.status == "failed"
    assert job.error == {
        "code": "empty_text",
        "message": "Nothing to say.",
        "param": "text",
        "retryable": False,
        "stage": "speech",
    }
    assert job.progress == 30
    assert (await happened(database, held[0]))[-1][1]["error"]["code"] == "empty_text"


@pytest.mark.parametrize("end", ["complete", "fail"])
async def test_an_ended_job_is_claimed_by_nobody(
    database: Database, held: tuple[str, int], end: str
) -> None:
    if end == "complete":
        await progress.complete(database, *held, {"files": {}})
    else:
        await progress.fail(database, *held, AvatarError("internal", "No."))
    assert await leases.claim(database, held[0], 30) is None
    assert await leases.claimable(database) == []
