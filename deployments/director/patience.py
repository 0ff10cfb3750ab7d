"""Waiting out what passes: a stage that restarts, a database or a store that is away."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from media.errors import AvatarError
from serve.jobs.leases import LeaseLost
from serve.storage.artifacts import is_out_of_reach

T = TypeVar("T")

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 3.0
"""Seconds between two tries; they double."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one step of a job is tried again."""

    seconds: float = 600.0
    """For what passes by itself."""
    slips: int = 2
    """More tries of what should not happen: a fault that was the moment's is gone then."""
    retried: Callable[[str], None] = field(default=lambda reason: None)
    """Told why, before each further try."""


def passes(error: BaseException) -> bool:
    """True for a fault that is over when whatever is away has come back."""
    if isinstance(error, AvatarError):
        return error.retryable and error.code != "internal"
    return is_out_of_reach(error)


def reason_of(error: BaseException) -> str:
    """Why a step is tried again, in one of few words: a code, `store`, or `fault`."""
    if isinstance(error, AvatarError):
        return error.code
    return "store" if is_out_of_reach(error) else "fault"


async def patiently(work: Callable[[], Awaitable[T]], patience: Patience) -> T:
    """The result of `work`, tried again while what it raises passes.

    Raises LeaseLost and faults of the content at once, others when patience is at its end.
    """
    waits = Waits(patience)
    while True:
        try:
            return await work()
        except Exception as error:
            await waits.after(error)


class Waits:
    """Pauses between the tries of one step; `after` raises the error when no more is to follow."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._since: float | None = None
        self._slips = 0
        self._pause = FIRST_PAUSE

    async def after(self, error: Exception) -> None:
        """Wait before the next try, or raise the error."""
        now = asyncio.get_running_loop().time()
        self._since = now if self._since is None else self._since
        if isinstance(error, LeaseLost):
            raise error
        if passes(error):
            if now - self._since > self._patience.seconds:
                raise error
        else:
            self._slips += 1
            final = isinstance(error, AvatarError) and not error.retryable
            if final or self._slips > self._patience.slips:
                raise error
        self._patience.retried(reason_of(error))
        await asyncio.sleep(self._pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads retries
        self._pause = min(LONGEST_PAUSE, 2 * self._pause)

    def over(self) -> None:
        """The step got further: what comes next is waited for anew."""
        self._since, self._slips, self._pause = None, 0, FIRST_PAUSE
