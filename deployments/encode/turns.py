"""Taking turns on what there is little of: the most urgent goes first, of equals the first to come.

Urgency is a number, 0 the most urgent. A job's first segment is that: its viewer sees nothing yet.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count

FIRST = 0
"""Urgency of a job's first segment."""


class Turns:
    """So many at once. Belongs to one event loop."""

    def __init__(self, slots: int) -> None:
        self._slots = self._free = slots
        self._ahead = 0
        self._order = count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    async def take(self, urgency: int) -> None:
        """Wait for a turn; `give` it back."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (urgency, next(self._order), mine))
        self._hand_out()
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self.give()  # it came in the moment in which its taker left
            raise

    def give(self) -> None:
        """End a turn."""
        self._free += 1
        self._hand_out()

    def resize(self, slots: int) -> None:
        """So many at once from now on; who has a turn keeps it."""
        self._free += slots - self._slots
        self._slots = slots
        self._hand_out()

    @asynccontextmanager
    async def turn(self, urgency: int) -> AsyncIterator[None]:
        """A turn for as long as the block runs."""
        await self.take(urgency)
        try:
            yield
        finally:
            self.give()

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """While the block runs, turns go to the FIRST only: it has the processors for itself."""
        self._ahead += 1
        try:
            yield
        finally:
            self._ahead -= 1
            self._hand_out()

    def _hand_out(self) -> None:
        while self._free > 0 and self._waiting:
            urgency, _, next_one = self._waiting[0]
            if self._ahead and urgency != FIRST:
                return
            heapq.heappop(self._waiting)
            if not next_one.done():
                self._free -= 1
                next_one.set_result(None)
