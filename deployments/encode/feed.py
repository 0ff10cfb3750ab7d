"""A segment's frames, pulled by calls: two in flight, so that lip sync never runs ahead."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from deployments.encode.engine import SegmentTask
from deployments.encode.heard import heard_sound
from deployments.encode.turns import FIRST, Turns
from deployments.lipsync.engine import LOOK_AHEAD, LOOK_BACK, LipsyncCall
from media.patch import Frame
from media.resample import hearing
from media.sound import Sound
from media.timegrid import HEARING_RATE, TimeGrid

CALL_FRAMES: Final = 16
"""Frames a call: long enough that a hop's cost is small, short enough that turns end soon."""
IN_FLIGHT: Final = 2

Ask = Callable[[LipsyncCall], Awaitable[tuple[list[Frame], float]]]
"""Frames of a call and the milliseconds that the engine took."""


class Stopped(Exception):  # noqa: N818 - a turn of events, not a fault
    """The segment was cancelled while it was being encoded."""


def calls(task: SegmentTask) -> Iterator[LipsyncCall]:
    """The calls whose frames make up a segment, in order."""
    heard = hearing(heard_sound(task))
    grid = TimeGrid(task.fps)
    for start in range(task.start, task.stop, CALL_FRAMES):
        stop = min(start + CALL_FRAMES, task.stop)
        yield LipsyncCall(
            task.portrait,
            task.fps,
            start,
            stop,
            _heard(heard, grid, start, stop),
            task.seed,
            task.life,
            task.urgency,
        )


def _heard(sound: Sound, grid: TimeGrid, start: int, stop: int) -> Sound:
    first = grid.sample(start, HEARING_RATE) - int(LOOK_BACK * HEARING_RATE)
    last = grid.sample(stop - 1, HEARING_RATE) + int(LOOK_AHEAD * HEARING_RATE) + 1
    return sound.window(first, last)


@dataclass(eq=False)
class FrameFeed:
    """Bridges an encoder thread to calls on the event loop.

    The encoder works in turns, one a call's frames, so that a more urgent segment overtakes a long
    one within that many frames.
    """

    task: SegmentTask
    ask: Ask
    loop: asyncio.AbstractEventLoop
    turns: Turns
    lipsync_ms: float = 0.0
    waited_ms: float = 0.0
    _stopped: bool = False
    _at_turn: bool = False
    _ahead: Iterator[LipsyncCall] = field(default_factory=lambda: iter(()))
    _pending: deque["asyncio.Future[tuple[list[Frame], float]]"] = field(default_factory=deque)

    def frames(self) -> Iterator[Frame]:
        """The segment's frames, in the encoder's thread. Raises Stopped after `stop`."""
        self._ahead = iter(list(calls(self.task)))
        while True:
            began = time.perf_counter()
            answer = asyncio.run_coroutine_threadsafe(self._next(), self.loop).result()
            self.waited_ms += 1e3 * (time.perf_counter() - began)
            if answer is None:
                return
            batch, spent = answer
            self.lipsync_ms += spent
            yield from batch

    def stop(self) -> None:
        """Cancel what is in flight; the encoder's thread ends at its next batch."""
        self._stopped = True
        self._end_turn()
        for pending in self._pending:
            pending.cancel()

    async def _next(self) -> tuple[list[Frame], float] | None:
        self._fill()
        if not self._pending and self._at_turn and self.task.urgency == FIRST:
            # Ended in the turn that it has: else the encoders of all that came at once would be
            # open at once, each with its pictures (`bench.encode_memory`).
            return None
        self._end_turn()
        if not self._pending:
            await self._take_turn()  # for what the encoder has kept back
            return None
        try:
            answer = await self._pending[0]
        except asyncio.CancelledError:
            if self._stopped:
                raise Stopped from None
            raise
        self._pending.popleft()
        self._fill()
        await self._take_turn()
        return answer

    async def _take_turn(self) -> None:
        await self.turns.take(self.task.urgency)
        if self._stopped:
            self.turns.give()
            raise Stopped
        self._at_turn = True

    def _end_turn(self) -> None:
        if self._at_turn:
            self._at_turn = False
            self.turns.give()

    def _fill(self) -> None:
        if self._stopped:
            raise Stopped
        while len(self._pending) < IN_FLIGHT and (call := next(self._ahead, None)):
            self._pending.append(asyncio.ensure_future(self.ask(call)))
