"""A video in the answer to its request: the published segments in a row, as they come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from media.errors import AvatarError
from media.fragments import boxes
from serve.api import following as following_module
from serve.api import streaming
from serve.api.services import Services, open_services
from serve.jobs import leases, progress, records, removal
from serve.jobs.following import cancel_unfollowed
from serve.settings import Settings
from tests.conftest import check_refusal, served
from tests.fakes import FakeStages
from tests.fragments import claimed, commit, complete, decoded
from tests.postgres import Postgres

REQUEST = {"avatar": "mira", "text": "Hello there."}


@asynccontextmanager
async def streamed(
    client: httpx.AsyncClient, body: dict[str, str] = REQUEST
) -> AsyncIterator["Stream"]:
    url = "/v1/videos?stream=true"
    async with client.stream("POST", url, json=body) as answer:
        yield Stream(answer)


class Stream:
    """Reads the answer."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.job = answer.headers.get("location", "").rpartition("/")[2]
        self.parts = answer.aiter_raw()
        self.data = b""

    async def until(self, fragments: int) -> None:
        """Read until so many whole fragments are there."""
        async with asyncio.timeout(10):
            while self._whole() < fragments:
                self.data += await anext(self.parts)

    async def rest(self) -> bytes:
        async with asyncio.timeout(10):
            async for part in self.parts:
                self.data += part
        return self.data

    def _whole(self) -> int:
        try:
            return [name for name, _, _ in boxes(self.data)].count("mdat")
        except ValueError:
            return -1


class Director:
    """Makes the job that the ingress nudges it for, one step a call."""

    def __init__(self, services: Services, stages: FakeStages) -> None:
        self.services = services
        self.fence = 0
        self.job = ""
        self.nudged = asyncio.Event()
        stages.director = self._claim

    async def _claim(self, job_id: str) -> None:
        self.job, self.fence = job_id, await claimed(self.services, job_id)
        self.nudged.set()
        await asyncio.Event().wait()

    async def commit(self, *numbers: int) -> None:
        await self.nudged.wait()
        for n in numbers:
            await commit(self.services, self.job, self.fence, n)

    async def complete(self) -> None:
        await complete(self.services, self.job, self.fence)

    async def fail(self) -> None:
        error = AvatarError("internal", "The video could not be made: try again in a moment.")
        await progress.fail(self.services.database, self.job, self.fence, error)


@pytest.fixture
def director(services: Services, stages: FakeStages) -> Director:
    return Director(services, stages)


async def hls(client: httpx.AsyncClient, job: str, segments: int) -> bytes:
    names = ["1-init.mp4", *(f"1-{n}.m4s" for n in range(segments))]
    parts = [await client.get(f"/v1/videos/{job}/hls/{name}") for name in names]
    return b"".join(part.content for part in parts)


async def test_segments_leave_when_they_are_committed(
    live: httpx.AsyncClient, director: Director
) -> None:
    first = asyncio.create_task(director.commit(0))
    async with streamed(live) as stream:
        await first
        assert stream.answer.status_code == 200
        assert stream.answer.headers["content-type"] == "video/mp4"
        assert stream.answer.headers["cache-control"] == "no-store"
        assert stream.job == director.job
        await stream.until(1)
        await director.commit(2)  # out of order: it has to wait for its forerunner
        await asyncio.sleep(0.5)
        assert stream._whole() == 1
        await director.commit(1)
        await stream.until(3)
        await director.complete()
        whole = await stream.rest()
    assert whole == await hls(live, director.job, 3)
    times, _ = decoded(whole)
    assert len(times) == 75


async def test_a_segment_made_twice_is_sent_once(
    live: httpx.AsyncClient, director: Director
) -> None:
    first = asyncio.create_task(director.commit(0))
    async with streamed(live) as stream:
        await first
        await stream.until(1)
        await director.commit(0, 1, 1, 0, 2)
        await director.complete()
        assert await stream.rest() == await hls(live, director.job, 3)


@pytest.mark.parametrize("end", ["failed", "cancelled", "deleted", "begun again"])
async def test_a_video_that_will_not_be_whole_cuts_the_connection(
    live: httpx.AsyncClient, services: Services, director: Director, end: str
) -> None:
    first = asyncio.create_task(director.commit(0))
    async with streamed(live) as stream:
        await first
        await stream.until(1)
        if end == "failed":
            await director.fail()
        elif end == "cancelled":
            await records.cancel(services.database, director.job)
        elif end == "deleted":
            await removal.remove_job(services.database, services.artifacts, director.job)
        else:
            await leases.restart(services.database, director.job, director.fence, "new version")
            await director.commit(0)
        with pytest.raises(httpx.RemoteProtocolError):
            await stream.rest()


async def test_a_job_that_begins_again_before_anything_was_sent_is_streamed(
    live: httpx.AsyncClient, services: Services, director: Director
) -> None:
    async def restart() -> None:
        await director.nudged.wait()
        await leases.restart(services.database, director.job, director.fence, "new version")
        await director.commit(0, 1, 2)
        await director.complete()

    restarting = asyncio.create_task(restart())
    async with streamed(live) as stream:
        times, _ = decoded(await stream.rest())
    await restarting
    assert len(times) == 75


@pytest.mark.parametrize(("end", "status", "code"), [
    ("failed", 500, "internal"), ("cancelled", 404, "not_found"),
])  # fmt: skip
async def test_a_video_that_ends_before_its_first_picture_is_answered_as_an_error(
    live: httpx.AsyncClient,
    services: Services,
    director: Director,
    end: str,
    status: int,
    code: str,
) -> None:
    async def stop() -> None:
        await director.nudged.wait()
        if end == "failed":
            await director.fail()
        else:
            await records.cancel(services.database, director.job)

    stopping = asyncio.create_task(stop())
    answer = await live.post("/v1/videos?stream=true", json=REQUEST)
    await stopping
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code


async def test_a_bad_request_for_a_stream_is_refused_like_any_other(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/v1/videos?stream=true", json=REQUEST | {"text": " "})
    check_refusal(answer, "empty_text", "text")
    assert (await client.get("/v1/videos")).json()["data"] == []


async def test_a_client_learns_the_address_though_the_first_picture_takes_long(
    live: httpx.AsyncClient, director: Director, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "ERRORS_WITHIN", 0.1)
    async with streamed(live) as stream:
        assert stream.job.startswith("vid_")
        await director.commit(0, 1, 2)
        await director.complete()
        assert len(decoded(await stream.rest())[0]) == 75


async def test_a_stream_outlasts_a_database_that_is_away_for_a_while(
    tmp_path: Path, stages: FakeStages, postgresql: Postgres
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=await postgresql.new_database())
    services = await open_services(settings, stages)
    director = Director(services, stages)
    body = REQUEST | {"avatar": next(iter(services.gallery))}
    first = asyncio.create_task(director.commit(0))
    async with served(services) as client, streamed(client, body) as stream:
        await first
        await stream.until(1)
        await asyncio.to_thread(postgresql.stop)
        await asyncio.sleep(1)
        await asyncio.to_thread(postgresql.start)
        await director.commit(1, 2)
        await director.complete()
        assert len(decoded(await stream.rest())[0]) == 75
    await services.close()
    await postgresql.drop(settings.database_url)


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
