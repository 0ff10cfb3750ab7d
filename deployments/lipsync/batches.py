"""Calls that wait for the lip sync engine: made together where that pays, the urgent ones first."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Generic, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


class Batches(Generic[Item, Made]):
    """Hands waiting items to `make`, at most `size` at once, in `workers` calls side by side.

    Nothing waits to fill a batch: what has come while the engine was busy goes together. Belongs
    to one event loop.
    """

    def __init__(
        self, make: Callable[[list[Item]], Awaitable[list[Made]]], *, size: int, workers: int
    ) -> None:
        self._make = make
        self._size = size
        self._idle = workers
        self._order = count()
        self._waiting: list[tuple[int, int, Item, asyncio.Future[Made]]] = []
        self._running: set[asyncio.Task[None]] = set()

    async def made(self, item: Item, urgency: int) -> Made:
        """What `make` gives for the item; an error of its batch is raised for each item of it."""
        result: asyncio.Future[Made] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (urgency, next(self._order), item, result))
        self._start()
        return await result

    def _start(self) -> None:
        while self._idle and self._waiting:
            self._idle -= 1
            task = asyncio.get_running_loop().create_task(self._work())
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _work(self) -> None:
        try:
            while batch := self._taken():
                await self._answer(batch)
        finally:
            self._idle += 1

    def _taken(self) -> list[tuple[Item, "asyncio.Future[Made]"]]:
        """The most urgent items whose askers still wait."""
        batch: list[tuple[Item, asyncio.Future[Made]]] = []
        while self._waiting and len(batch) < self._size:
            _, _, item, result = heapq.heappop(self._waiting)
            if not result.done():
                batch.append((item, result))
        return batch

    async def _answer(self, batch: list[tuple[Item, "asyncio.Future[Made]"]]) -> None:
        try:
            made = await self._make([item for item, _ in batch])
            answers = list(zip(batch, made, strict=True))
        except Exception as error:
            for _, result in batch:
                if not result.done():
                    result.set_exception(error)
            return
        for (_, result), one in answers:
            if not result.done():
                result.set_result(one)
