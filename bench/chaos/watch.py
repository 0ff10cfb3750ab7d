"""Looks at the records while chaos goes on: when is a job taken over?"""

import asyncio
import time
from dataclasses import dataclass, field

from sqlalchemy import select

from serve.jobs.database import Database, is_out_of_reach
from serve.jobs.models import ACTIVE, Job


@dataclass(frozen=True, slots=True)
class Takeover:
    """A claim after a job's first one."""

    time: float
    job: str
    fence: int


@dataclass
class Watch:
    """Notes every rise of a job's fence."""

    database: Database
    every: float = 0.2
    takeovers: list[Takeover] = field(default_factory=list)
    _fences: dict[str, int] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._look()
            except Exception as error:
                if not is_out_of_reach(error):
                    raise
            await asyncio.sleep(self.every)

    async def _look(self) -> None:
        query = select(Job.id, Job.fence).where(Job.status.in_(ACTIVE))
        async with self.database.read() as session:
            rows = (await session.execute(query)).all()
        for job, fence in rows:
            known = self._fences.get(job, 0)
            if known and fence > known:
                self.takeovers.append(Takeover(time.time(), job, fence))
            self._fences[job] = fence
