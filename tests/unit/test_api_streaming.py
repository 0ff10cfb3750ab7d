"""A video in the answer to its request: the published segments in a row, as they come."""

import asyncio
from pathlib import Path

import httpx
import pytest

from serve.api import streaming
from serve.api.services import Services, open_services
from serve.jobs import leases, records, removal
from serve.settings import Settings
from tests.conftest import check_refusal, served
from tests.fakes import FakeStages
from tests.fragments import decoded
from tests.postgres import Postgres
from tests.streams import REQUEST, Director, streamed


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
