"""Work that outlives the request which began it."""

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from media.errors import AvatarError
from serve.api.errors import where
from serve.jobs import leases
from serve.jobs.database import Database
from serve.jobs.models import Job, Leased
from serve.stages import DirectorDied, Stages

log = logging.getLogger(__name__)

_NUDGES: Final = 6
_FIRST_PAUSE: Final = 0.5  # seconds, doubled each time

STAGE_SECONDS: Final = 30.0
"""How long a stage may take to answer a question about an input."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Background:
    """Running tasks, kept from the garbage collector and from their request's end."""

    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    named: dict[str, asyncio.Task[Any]] = field(default_factory=dict)
    context: Callable[[], contextvars.Context] = contextvars.Context
    """Makes the context that work runs in."""

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `work` on its own.

        It gets a context of its own too: calls made in a request's context end with the request.
        """
        task = asyncio.get_running_loop().create_task(work, context=self.context())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Await `work`, which is carried through even where the request that waits is dropped."""
        return await asyncio.shield(self.start(work))

    async def shared(self, name: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Await `work`; whoever comes under the same name while it runs awaits that run.

        It is carried through even where all who wait for it are dropped.
        """
        task: asyncio.Task[T] | None = self.named.get(name)
        if task is None:
            task = self.named[name] = self.start(work())
            task.add_done_callback(lambda _: self.named.pop(name))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Stop what still runs."""
        for task in tuple(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def nudge(stages: Stages, database: Database, row_id: str, table: type[Leased] = Job) -> None:
    """Have a director take the job or the voice; the call lasts as long as that takes.

    Where the director dies over it, its claim is ended and the next one goes on. A nudge that
    keeps failing is given up: directors look for what nobody works on.
    """
    directed = stages.run_job if table is Job else stages.make_voice
    for tries in range(_NUDGES):
        try:
            await directed(row_id)
            return
        except DirectorDied:
            await _end_claim(database, row_id, table)
        except AvatarError as error:
            log.warning("%s: the director answered %s", row_id, error.code)
            if not error.retryable:
                return
        except Exception as error:  # reported, and left to the director's own search
            log.error("%s: no director could be called: %s", row_id, where(error))
        await asyncio.sleep(_FIRST_PAUSE * 2**tries)


async def _end_claim(database: Database, row_id: str, table: type[Leased]) -> None:
    log.warning("%s: its director died", row_id)
    try:
        await leases.end_claim(database, row_id, table)
    except AvatarError as error:
        log.warning("%s waits for its lease: %s", row_id, error.code)


async def within(seconds: float, work: Awaitable[T]) -> T:
    """The result of `work`. Raises AvatarError `overloaded` when it takes longer."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise AvatarError(
            "overloaded", "The service is too busy to answer in time: try again in a moment."
        ) from None
