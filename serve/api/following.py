"""Tells followers of jobs when something happened, by one query a tick however many follow.

And tells the records that they follow: who waits for a job's news keeps its stream alive.
"""

import asyncio
import contextvars
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from serve.jobs import events, following
from serve.jobs.database import Database
from serve.jobs.models import ACTIVE, Job

_TICK: Final = 0.25  # seconds between two looks at the database
_QUICK_TICK: Final = 0.025
"""The same while a player waits for its first picture. A look costs 0.9 ms of a core (SQLite), so
3 to 4 % of it for that short while; a tick of 250 ms would add 125 ms to every start."""
_RENEW: Final = 2.5  # seconds between two notes that a job is followed


@dataclass(frozen=True, slots=True)
class _Waiting:
    seq: int
    quick: bool


@dataclass(slots=True)
class Following:
    """Who waits for which job's next event."""

    database: Database
    _waiting: dict[str, dict[asyncio.Future[None], _Waiting]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _watch: asyncio.Task[None] | None = None
    _hurry: asyncio.Event = field(default_factory=asyncio.Event)
    _noted: dict[str, float] = field(default_factory=dict)
    """Until when each job counts as followed, as last written."""

    async def news(
        self, job_id: str, seq: int, timeout_seconds: float, *, quick: bool = False
    ) -> bool:
        """True once the job has an event after number `seq` or is gone, False: neither in time.

        `quick` is for those who wait for a first picture.
        """
        happened = asyncio.get_running_loop().create_future()
        self._waiting[job_id][happened] = _Waiting(seq, quick)
        if quick:
            self._hurry.set()
        if self._watch is None or self._watch.done():
            self._watch = asyncio.get_running_loop().create_task(
                self._look(), context=contextvars.Context()
            )
        try:
            async with asyncio.timeout(timeout_seconds):
                await happened
        except TimeoutError:
            return False
        finally:
            self._waiting[job_id].pop(happened, None)
            if not self._waiting[job_id]:
                del self._waiting[job_id]
        return True

    async def follow(self, job: Job, seconds: float = 0.0) -> None:
        """Note that a part of the job was taken now, or that its taker is back within `seconds`."""
        if not job.must_follow or job.status not in ACTIVE:
            return
        at = asyncio.get_running_loop().time()
        self._noted = {name: until for name, until in self._noted.items() if until + _RENEW > at}
        if at + seconds > self._noted.get(job.id, 0.0) + _RENEW:
            self._noted[job.id] = at + seconds
            await following.follow(self.database, (job.id,), seconds)

    async def _look(self) -> None:
        """Look while somebody waits."""
        loop = asyncio.get_running_loop()
        noted = loop.time()  # a stream's job counts as followed from its creation
        try:
            while self._waiting:
                self._tell(await events.latest(self.database, tuple(self._waiting)))
                if loop.time() - noted > _RENEW:
                    noted = loop.time()
                    await following.follow(self.database, tuple(self._waiting))
                await self._pause()
        except Exception as error:
            for followers in self._waiting.values():
                for happened in followers:
                    if not happened.done():
                        happened.set_exception(error)

    async def _pause(self) -> None:
        """Until the next look; a follower in a hurry who comes meanwhile cuts it short."""
        self._hurry.clear()
        waiting = (w for followers in self._waiting.values() for w in followers.values())
        if any(w.quick for w in waiting):
            await asyncio.sleep(_QUICK_TICK)
            return
        try:
            async with asyncio.timeout(_TICK):
                await self._hurry.wait()
        except TimeoutError:
            return

    def _tell(self, latest: dict[str, int]) -> None:
        for job_id, followers in self._waiting.items():
            for happened, waiting in followers.items():
                gone = job_id not in latest
                if not happened.done() and (gone or latest[job_id] > waiting.seq):
                    happened.set_result(None)

    async def close(self) -> None:
        """Stop looking."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
