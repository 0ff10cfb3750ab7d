"""The encode stage on Ray Serve."""

import asyncio
import contextvars
import time
from contextlib import AsyncExitStack
from typing import Any, Final

from ray import serve
from ray.serve.handle import DeploymentHandle

from deployments.encode.engine import EncodedSegment, SegmentTask
from deployments.encode.feed import FrameFeed
from deployments.encode.turns import FIRST, Turns
from deployments.giving_way import give_way
from deployments.lipsync.engine import LipsyncCall
from deployments.loading import EngineConfig
from deployments.metrics import retries
from deployments.portraits import WARM, for_portrait
from deployments.shell import EngineShell
from media.errors import AvatarError
from media.patch import Frame
from serve.handles import unwrapped
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts
from serve.storage.portraits import load_portrait

FIRST_ONES: Final = 16
"""Threads beside the workers', for first segments, which overtake the long ones."""
ASKED: Final = 4
"""Times that a call to lip sync is made before the segment is given up."""
PAUSE: Final = 0.25
"""Seconds before a lost call is made again, doubled each time."""


@serve.deployment(name="Encode")
class EncodeStage(EngineShell):
    """Encodes segments from patches that it pulls from lip sync."""

    def __init__(self, lipsync: "DeploymentHandle[Any]") -> None:
        super().__init__()
        self._lipsync = lipsync
        give_way()
        self._retries = retries()
        self._artifacts = open_artifacts(Settings().storage())

    def threads_of(self, config: EngineConfig) -> int:
        """One for each segment in work, most of which wait for their turn."""
        return config.workers + FIRST_ONES

    def loaded(self) -> None:
        """Turns for so many workers."""
        self._let_in = Turns(self.config.workers)
        self._turns = Turns(self.config.workers)

    @serve.multiplexed(max_num_models_per_replica=WARM)
    async def canvas(self, portrait: str) -> Any:
        """The portrait converted once."""
        loaded = await load_portrait(self._artifacts, portrait)
        return await self.in_thread(self.engine.prepare, loaded)

    async def segment(self, task: SegmentTask) -> EncodedSegment:
        """One segment; a cancelled call stops its thread and the lip sync calls in flight."""
        canvas = await self.canvas(task.portrait)
        async with AsyncExitStack() as stack:
            # An encoder holds pictures back while it looks ahead, so only so many are open at once;
            # first segments are short, and go at once.
            if task.urgency == FIRST:
                stack.enter_context(self._turns.ahead())
            else:
                await stack.enter_async_context(self._let_in.turn(task.urgency))
            return await self._encoded(canvas, task)

    async def _encoded(self, canvas: Any, task: SegmentTask) -> EncodedSegment:
        lipsync = for_portrait(self._lipsync, task.portrait)

        loop, here = asyncio.get_running_loop(), contextvars.copy_context()

        def ask(call: LipsyncCall) -> asyncio.Task[tuple[list[Frame], float]]:
            # The encoder's thread asks: by itself it would lose the request's id and trace.
            return loop.create_task(self._asked_again(lipsync, call), context=here.copy())

        feed = FrameFeed(task, ask, loop, self._turns)
        began = time.perf_counter()
        try:
            data: bytes = await self.in_thread(self.engine.encode, canvas, task, feed.frames())
        finally:
            feed.stop()
        spent = 1e3 * (time.perf_counter() - began) - feed.waited_ms
        return EncodedSegment(data, feed.lipsync_ms, spent)

    async def makers(self) -> dict[str, Any]:
        """Encode and the lip sync that it asks: engine, options, weights."""
        return {"encode": await self.about(), "lipsync": await self._lipsync.about.remote()}

    async def _asked_again(self, lipsync: Any, call: LipsyncCall) -> tuple[list[Frame], float]:
        """The frames of a call, asked for again where the replica that had it is gone."""
        for tries in range(ASKED):
            try:
                answer: tuple[list[Frame], float] = await lipsync.frames.remote(call)
                return answer
            except Exception as error:
                fault = unwrapped(error)
                passes = isinstance(fault, AvatarError) and fault.retryable
                if not passes or tries == ASKED - 1:
                    raise fault from None
                self._retries.inc(tags={"stage": "encode", "reason": fault.code})
            await asyncio.sleep(PAUSE * 2**tries)
        raise AssertionError("the last try returns or raises")
