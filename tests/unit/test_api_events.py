"""Following a video by server-sent events: replay, news, heartbeat, the end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import delete

from serve.api import events as events_module
from serve.api.services import Services
from serve.jobs import leases, progress, records, removal
from serve.jobs.models import Job
from tests.fakes import make_video, queue_job


class Follower:
    """Reads a stream of events."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self.lines = lines
        self.comments = 0

    async def next(self) -> dict[str, Any] | None:
        """The next event, None at the stream's end."""
        event: dict[str, Any] = {}
        async with asyncio.timeout(10):
            async for line in self.lines:
                name, _, words = line.partition(": ")
                if line.startswith(":"):
                    self.comments += 1
                elif name == "data":
                    event["data"] = json.loads(words)
                elif line:
                    event[name] = words
                elif "data" in event:
                    return event
                else:
                    event = {}
        return None

    async def rest(self) -> list[dict[str, Any]]:
        found = []
        while (event := await self.next()) is not None:
            found.append(event)
        return found


@asynccontextmanager
async def follow(client: httpx.AsyncClient, job: str, **headers: str) -> AsyncIterator[Follower]:
    url = f"/v1/videos/{job}/events"
    async with client.stream("GET", url, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield Follower(answer.aiter_lines())


async def test_a_finished_videos_story_is_told_and_the_stream_ends(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    await make_video(services, job, segments=2)
    async with follow(client, job) as follower:
        story = await follower.rest()
    assert [int(event["id"]) for event in story] == list(range(1, len(story) + 1))
    kinds = [event["event"] for event in story]
    assert kinds[0] == kinds[-1] == "status"
    assert kinds.count("segment") == 2
    assert story[-1]["data"]["status"] == "completed"
    assert any("eta_seconds" in event["data"] for event in story)


async def test_news_arrive_while_the_video_is_made(
    live: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    async with follow(live, job) as follower:
        first = await follower.next()
        assert first is not None
        assert first["data"]["status"] == "queued"
        fence = await leases.claim(services.database, job, 30)
        assert fence is not None
        second = await follower.next()
        assert second is not None
        assert second["data"]["status"] == "in_progress"
        await progress.report(services.database, job, fence, stage="speech", progress=20)
        third = await follower.next()
        assert third is not None
        assert (third["event"], third["data"]["progress"]) == ("stage", 20)
        await records.cancel(services.database, job)
        assert [event["data"]["status"] for event in await follower.rest()] == ["cancelled"]


async def test_a_follower_goes_on_behind_the_last_event_it_saw(
    live: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    await make_video(services, job)
    async with follow(live, job) as follower:
        everything = await follower.rest()
    for seen in (1, 3, len(everything) - 1):
        async with follow(live, job, **{"last-event-id": str(seen)}) as follower:
            assert await follower.rest() == everything[seen:]


async def test_a_follower_that_saw_the_end_is_told_not_to_come_again(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    await make_video(services, job)
    last = (await records.get(services.database, job)).last_event
    answer = await client.get(f"/v1/videos/{job}/events", headers={"last-event-id": str(last)})
    assert answer.status_code == 204


@pytest.mark.parametrize("said", ["", "x", "-3", "1.5", "9" * 30, "²"])
async def test_a_senseless_last_event_id_begins_anew(
    client: httpx.AsyncClient, services: Services, said: str
) -> None:
    job = await queue_job(services.database)
    await make_video(services, job)
    headers = {"last-event-id": said.encode("latin-1")}
    answer = await client.get(f"/v1/videos/{job}/events", headers=headers)
    assert "id: 1\n" in answer.text


async def test_silence_is_filled_with_comments(
    live: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "HEARTBEAT", 0.2)
    job = await queue_job(services.database)
    async with follow(live, job) as follower:
        await follower.next()
        asyncio.get_running_loop().call_later(
            1.0, lambda: services.background.start(records.cancel(services.database, job))
        )
        await follower.rest()
    assert follower.comments >= 2


async def test_the_stream_of_a_video_that_is_removed_ends(
    live: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    async with follow(live, job) as follower:
        await follower.next()
        await removal.remove_job(services.database, services.artifacts, job)
        told = [event["data"]["status"] for event in await follower.rest()]
    assert told[-1] in ("cancelled", "deleted")  # whichever came before a look


async def test_the_stream_of_a_video_that_is_gone_at_a_look_says_so(
    live: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    async with follow(live, job) as follower:
        await follower.next()
        async with services.database.write() as session:
            await session.execute(delete(Job).where(Job.id == job))
        told = [event["data"]["status"] for event in await follower.rest()]
    assert told == ["deleted"]


async def test_many_followers_of_many_videos_all_get_the_end(
    live: httpx.AsyncClient, services: Services
) -> None:
    jobs = [await queue_job(services.database) for _ in range(4)]

    async def watch(job: str) -> object:
        async with follow(live, job) as follower:
            return (await follower.rest())[-1]["data"]["status"]

    watching = [asyncio.create_task(watch(job)) for job in jobs for _ in range(8)]
    await asyncio.sleep(0.3)
    for job in jobs:
        await make_video(services, job)
    assert await asyncio.gather(*watching) == ["completed"] * 32


async def test_a_follower_who_leaves_is_forgotten(
    live: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    async with follow(live, job) as follower:
        await follower.next()
        await asyncio.sleep(0.3)
        assert services.following._waiting
    async with asyncio.timeout(5):
        while services.following._waiting:  # noqa: ASYNC110 - nothing tells when it is empty
            await asyncio.sleep(0.05)


async def test_a_follower_hears_of_a_database_that_fails(services: Services) -> None:
    job = await queue_job(services.database)
    broken = type(services.following)(services.database)
    waiting = asyncio.create_task(broken.news(job, 1, 10))
    await asyncio.sleep(0)
    async with services.database.write() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("ALTER TABLE jobs RENAME TO hidden")
    with pytest.raises(Exception, match="no such table"):
        await waiting
