"""A director's claims, renewed and watched together: one query a tick, however many it has."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

from media.errors import AvatarError
from serve.jobs import leases
from serve.jobs.database import Database
from serve.jobs.models import Job, Leased
from serve.logs import told

log = logging.getLogger(__name__)

LEASE: Final = 12.0
"""Seconds after which a silent director is replaced."""
RENEW: Final = LEASE / 4
WATCH: Final = 0.4
"""Seconds between two looks at whether a job was cancelled, deleted or taken."""


@dataclass(slots=True)
class Holding:
    """Which jobs and voices are held under which fence. Belongs to one event loop."""

    database: Database
    lease: float = LEASE
    watch: float = WATCH
    _lost: dict[type[Leased], dict[leases.Claim, asyncio.Event]] = field(default_factory=dict)
    _watching: asyncio.Task[None] | None = None

    async def lost(self, row_id: str, fence: int, table: type[Leased] = Job) -> None:
        """Hold on to it until the claim is lost, and return then; cancelling it lets go."""
        held = self._lost.setdefault(table, {})
        gone = held[row_id, fence] = asyncio.Event()
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        try:
            await gone.wait()
        finally:
            del held[row_id, fence]

    async def _watch(self) -> None:
        """Look while there is something to hold.

        While the records are away it goes on: they say who holds what when they are back.
        """
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while any(self._lost.values()):
            await asyncio.sleep(self.watch)
            due = loop.time() - renewed > RENEW
            try:
                for table, held in tuple(self._lost.items()):  # a look lets others begin
                    await self._look(table, held, due=due)
            except Exception as error:  # whatever it was: a watch that ends loses every claim
                why = error.code if isinstance(error, AvatarError) else told(error)
                log.warning("claims could not be looked after: %s", why)
                continue
            renewed = loop.time() if due else renewed

    async def _look(
        self, table: type[Leased], held: dict[leases.Claim, asyncio.Event], *, due: bool
    ) -> None:
        """Say which claims are lost; renew the others where it is time."""
        claims = tuple(held)
        if not claims:
            return
        standing = await leases.standing(self.database, claims, table)
        if due:
            await leases.renew(self.database, claims, self.lease, table)
        for claim in claims:
            if claim not in standing and claim in held:
                held[claim].set()
