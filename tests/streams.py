"""A streamed answer as it is read, and the director that makes its video a step at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from media.errors import AvatarError
from media.fragments import boxes
from serve.api.services import Services
from serve.jobs import progress
from tests.fakes import FakeStages
from tests.fragments import claimed, commit, complete

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
