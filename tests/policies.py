"""Policies that answer from a script, as an operator's own would."""

import asyncio
import threading
import time
from typing import Self

from serve.policies.policy import Refusal, Wording

REFUSAL = Refusal("no-fools", "Nobody is called a fool here: use another word.")


class NoFools:
    """Refuses one word; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Wording] = []
        self.threads: set[str] = set()

    @classmethod
    def load(cls) -> Self:
        return cls()

    def judge(self, wording: Wording) -> Refusal | None:
        self.asked.append(wording)
        self.threads.add(threading.current_thread().name)
        return REFUSAL if "fool" in wording.heard else None


class NoFoolsLater(NoFools):
    """The same as a coroutine, such as one that asks another service."""

    async def judge(self, wording: Wording) -> Refusal | None:  # type: ignore[override]  # either may be
        await asyncio.sleep(0)
        return super().judge(wording)


class Broken(NoFools):
    """Fails with the words in its message."""

    def judge(self, wording: Wording) -> Refusal | None:
        raise RuntimeError(f"cannot judge {wording.written}")


class Undecided(NoFools):
    """Answers what is no answer."""

    def judge(self, wording: Wording) -> Refusal | None:
        return True  # type: ignore[return-value]  # a slip


class Slow(NoFools):
    """Takes its time, in a thread."""

    def judge(self, wording: Wording) -> Refusal | None:
        time.sleep(0.5)
        return None


class SlowLater(NoFools):
    """Takes its time, in the loop."""

    async def judge(self, wording: Wording) -> Refusal | None:  # type: ignore[override]  # either may be
        await asyncio.sleep(60)
        return None
