"""A director's claims, renewed and watched together: one query a tick, however many jobs it has."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

from media.errors import AvatarError
from serve.jobs import leases
from serve.jobs.database import Database

log = logging.getLogger(__name__)

LEASE: Final = 12.0
"""Seconds after which a silent director is replaced."""
RENEW: Final = LEASE / 4
WATCH: Final = 0.4
"""Seconds between two looks at whether a job was cancelled, deleted or taken."""


@dataclass(slots=True)
class Holding:
    """Which jobs are held under which fence. Belongs to one event loop."""

    database: Database
    lease: float = LEASE
    watch: float = WATCH
    _lost: dict[leases.Claim, asyncio.Event] = field(default_factory=dict)
    _watching: asyncio.Task[None] | None = None

    async def lost(self, job_id: str, fence: int) -> None:
        """Hold on to the job until the claim is lost, and return then; cancelling it lets go."""
        gone = self._lost[job_id, fence] = asyncio.Event()
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        try:
            await gone.wait()
        finally:
            del self._lost[job_id, fence]

    async def _watch(self) -> None:
        """Look while there is something to hold.

        While the records are away it goes on: they say who holds a job when they are back.
        """
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while self._lost:
            await asyncio.sleep(self.watch)
            claims = tuple(self._lost)
            try:
                standing = await leases.standing(self.database, claims)
                if loop.time() - renewed > RENEW:
                    await leases.renew(self.database, claims, self.lease)
                    renewed = loop.time()
            except AvatarError as error:
                log.warning("claims could not be looked after: %s", error.code)
                continue
            for claim in claims:
                if claim not in standing and claim in self._lost:
                    self._lost[claim].set()
