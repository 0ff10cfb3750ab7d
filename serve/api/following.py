"""Tells followers of jobs when something happened, by one query a tick however many follow."""

import asyncio
import contextvars
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from serve.jobs import events
from serve.jobs.database import Database

_TICK: Final = 0.25  # seconds between two looks at the database


@dataclass(slots=True)
class Following:
    """Who waits for which job's next event."""

    database: Database
    _waiting: dict[str, dict[asyncio.Future[None], int]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _watch: asyncio.Task[None] | None = None

    async def news(self, job_id: str, seq: int, timeout_seconds: float) -> bool:
        """True once the job has an event after number `seq` or is gone, False: neither in time."""
        happened = asyncio.get_running_loop().create_future()
        self._waiting[job_id][happened] = seq
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

    async def _look(self) -> None:
        """Look while somebody waits."""
        try:
            while self._waiting:
                self._tell(await events.latest(self.database, tuple(self._waiting)))
                await asyncio.sleep(_TICK)
        except Exception as error:
            for followers in self._waiting.values():
                for happened in followers:
                    if not happened.done():
                        happened.set_exception(error)

    def _tell(self, latest: dict[str, int]) -> None:
        for job_id, followers in self._waiting.items():
            for happened, seq in followers.items():
                gone = job_id not in latest
                if not happened.done() and (gone or latest[job_id] > seq):
                    happened.set_result(None)

    async def close(self) -> None:
        """Stop looking."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
