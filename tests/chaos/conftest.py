"""One service for all kinds of chaos, on a simulated cluster, and clients that watch every job."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

import httpx
import pytest

from bench.chaos import faults
from bench.chaos.load import Client, Fate, Wish, make_wish
from bench.chaos.notes import read_notes
from bench.chaos.verify import Verdict, doubled, verify
from bench.chaos.world import World, world
from serve.jobs import records
from serve.jobs.database import Database, open_database
from serve.jobs.models import Job
from serve.storage.artifacts import open_artifacts

numbers = iter(range(1, 60_000))
"""Every job of the session has a number of its own."""


@pytest.fixture(scope="package")
def struck() -> Iterator[World]:
    if os.geteuid():
        pytest.skip("the disk that fills is mounted for these tests: run them as root")
    with world() as running:
        yield running


@pytest.fixture
async def database(struck: World) -> AsyncIterator[Database]:
    opened = await open_database(struck.settings.database())
    yield opened
    await opened.close()


@dataclass
class Jobs:
    """The jobs of a test."""

    struck: World
    database: Database
    client: Client
    wishes: dict[str, Wish] = field(default_factory=dict)

    async def accepted(
        self, count: int, *, seconds: float = 12.0, fate: Fate = "keep"
    ) -> list[str]:
        """So many jobs about so long, no two alike."""
        wishes = []
        for number in (next(numbers) for _ in range(count)):
            rng = random.Random(number)
            wishes.append(
                make_wish(number, rng, shortest=0.7 * seconds, longest=seconds, fate=fate)
            )
        videos = await asyncio.gather(*(self.client.create(wish) for wish in wishes))
        self.wishes |= dict(zip(videos, wishes, strict=True))
        return list(videos)

    async def record(self, video: str) -> Job:
        return await records.get(self.database, video)

    async def until_committed(self, videos: Sequence[str], segments: int = 1) -> None:
        """Wait until each has so many segments: then work is under way on all of them."""

        async def committed() -> bool:
            records = [await self.record(video) for video in videos]
            return all(record.next_segment >= segments for record in records)

        await until(committed, 60)

    async def struck_by(self, name: str) -> None:
        """One of `faults.FAULTS`, done and over."""
        await asyncio.to_thread(faults.strike, name, self.struck, random.Random(name))

    async def all_over(self, within: float = 120.0) -> None:
        await asyncio.gather(*(self.client.over(video, within) for video in self.wishes))

    async def verdicts(self) -> list[Verdict]:
        artifacts = open_artifacts(self.struck.settings.storage())
        notes = read_notes(self.struck.notes)
        return [
            await verify(self.database, artifacts, video, wish, notes)
            for video, wish in self.wishes.items()
        ]

    async def nothing_is_lost(self) -> list[Verdict]:
        """All are over and exactly what was asked for; no committed segment was made again."""
        await self.all_over()
        verdicts = await self.verdicts()
        assert [f"job {v.number}: {fault}" for v in verdicts for fault in v.faults] == []
        assert await doubled(self.database) == []
        return verdicts


@pytest.fixture
async def jobs(struck: World, database: Database) -> AsyncIterator[Jobs]:
    await asyncio.to_thread(struck.cluster.until_running)
    async with httpx.AsyncClient(
        base_url=struck.cluster.url, timeout=20.0, trust_env=False
    ) as http:
        yield Jobs(struck, database, Client(http))


async def until(condition: Callable[[], Awaitable[bool]], within: float) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - what it asks has no event
            await asyncio.sleep(0.1)
