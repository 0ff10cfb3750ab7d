"""Clients that ask over HTTP, and learn from the records when a video is over.

Followers would cost the ingress more than all else, so that it would be them that is measured.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx
from sqlalchemy import select

from bench.chaos.engines import VOICE
from bench.chaos.marks import SIDE, WORD
from serve.jobs.database import Database, open_database
from serve.jobs.models import OVER, Job, Segment
from serve.settings import Settings

WORDS: Final = 99
"""Of a video: 24 s, which the director cuts into segments of 0.5, 1, 2, 4, 8 and 8.6 s."""
SEGMENTS: Final = 6
VIDEO_SECONDS: Final = WORDS * WORD
FPS: Final = 25
LOOK: Final = 0.1
"""Seconds between two looks at which videos are over."""
OVER_SECONDS: Final = 300.0
_CONNECTIONS: Final = httpx.Limits(max_connections=128)


@dataclass
class Load:
    """Asks for videos that are all alike."""

    http: httpx.AsyncClient
    database: Database
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _awaited: dict[str, "asyncio.Future[None]"] = field(default_factory=dict)

    async def video(self) -> str:
        """Ask for a video and wait until it is over; its id."""
        number = next(self._numbers)
        body = {
            "avatar": "amara",
            "text": " ".join([f"job{number}", *("word" for _ in range(WORDS - 1))]) + ".",
            "voice": VOICE.id,
            "size": f"{SIDE}x{SIDE}",
            "fps": FPS,
            "life": False,
            "seed": number,
        }
        answer = await self.http.post("/v1/videos", json=body)
        video = str(answer.raise_for_status().json()["id"])
        over = self._awaited[video] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(OVER_SECONDS):
            await over
        return video

    async def one_by_one(self, videos: int) -> list[str]:
        """So many, each once the one before is over."""
        return [await self.video() for _ in range(videos)]

    async def at_once(self, videos: int) -> list[str]:
        """So many at the same moment."""
        return await asyncio.gather(*(self.video() for _ in range(videos)))

    async def keep(self, clients: int, seconds: float) -> list[str]:
        """So many clients, each asking anew when its video is over, until the time is up."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        made: list[str] = []

        async def client() -> None:
            while loop.time() < until:
                made.append(await self.video())

        await asyncio.gather(*(client() for _ in range(clients)))
        return made

    async def jobs(self, ids: Sequence[str]) -> Sequence[Job]:
        """The records of videos."""
        async with self.database.read() as session:
            return (await session.scalars(select(Job).where(Job.id.in_(ids)))).all()

    async def segments(self, ids: Sequence[str]) -> Sequence[Segment]:
        """The segments of videos."""
        async with self.database.read() as session:
            return (await session.scalars(select(Segment).where(Segment.job_id.in_(ids)))).all()

    async def look(self) -> None:
        """Tell those who wait, until cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            if self._awaited:
                over = select(Job.id).where(Job.id.in_(tuple(self._awaited)), Job.status.in_(OVER))
                async with self.database.read() as session:
                    for video in (await session.scalars(over)).all():
                        self._awaited.pop(video).set_result(None)


@asynccontextmanager
async def load_on(url: str, settings: Settings) -> AsyncIterator[Load]:
    """Clients of the service at a URL whose records are those of the settings."""
    database = await open_database(settings.database())
    client = httpx.AsyncClient(base_url=url, timeout=60, trust_env=False, limits=_CONNECTIONS)
    async with client as http:
        load = Load(http, database)
        looking = asyncio.create_task(load.look())
        try:
            yield load
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            await database.close()
