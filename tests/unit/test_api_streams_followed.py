"""Who follows a stream keeps its job; a stream that nobody follows loses it."""

import asyncio
from typing import Any

import httpx
import pytest

from serve.api import following as following_module
from serve.api.services import Services
from serve.jobs import records
from serve.jobs.following import cancel_unfollowed
from tests.fakes import FakeStages
from tests.streams import REQUEST, Director, streamed


@pytest.fixture
def director(services: Services, stages: FakeStages) -> Director:
    return Director(services, stages)


async def age(services: Services, job: str, seconds: float) -> None:
    async with services.database.write() as session:
        found = await session.get(records.Job, job)
        assert found is not None
        assert found.followed_at is not None
        found.followed_at -= seconds


async def status(services: Services, job: str) -> str:
    return (await records.get(services.database, job)).status


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following_module, "_RENEW", 0.2)


async def test_a_stream_that_is_taken_keeps_its_job(
    live: httpx.AsyncClient, services: Services, director: Director, often: None
) -> None:
    first = asyncio.create_task(director.commit(0))
    async with streamed(live) as stream:
        await first
        await stream.until(1)
        await age(services, director.job, 60)
        await asyncio.sleep(0.8)
        assert not await cancel_unfollowed(services.database)


async def test_a_dropped_stream_cancels_its_job(
    live: httpx.AsyncClient, services: Services, director: Director, often: None
) -> None:
    first = asyncio.create_task(director.commit(0))
    async with streamed(live) as stream:
        await first
        await stream.until(1)
    async with asyncio.timeout(5):
        while services.following._waiting:  # noqa: ASYNC110 - nothing tells when it is empty
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    assert not await cancel_unfollowed(services.database)  # not before its 10 s are over
    await age(services, director.job, 10)
    assert list(await cancel_unfollowed(services.database)) == [director.job]


@pytest.mark.parametrize("way", ["events", "hls/index.m3u8", "hls/1-0.m4s", "content"])
async def test_who_follows_otherwise_keeps_a_dropped_streams_job(
    live: httpx.AsyncClient, services: Services, director: Director, often: None, way: str
) -> None:
    first = asyncio.create_task(director.commit(0))
    async with streamed(live) as stream:
        await first
        await stream.until(1)
    await asyncio.sleep(0.3)  # what was noted a moment ago is not noted again
    await age(services, director.job, 60)
    async with live.stream("GET", f"/v1/videos/{director.job}/{way}") as answer:
        assert answer.status_code in (200, 409)
        await asyncio.sleep(0.8)
        assert not await cancel_unfollowed(services.database)
    assert await status(services, director.job) == "in_progress"


async def test_a_dropped_plain_request_cancels_nothing(
    live: httpx.AsyncClient, services: Services
) -> None:
    answer = await live.post("/v1/videos", json=REQUEST)
    video: dict[str, Any] = answer.json()
    job = await records.get(services.database, video["id"])
    assert (job.must_follow, job.followed_at) == (False, None)
    assert not await cancel_unfollowed(services.database, 0)
