"""The encode stage on Ray Serve."""

import asyncio
import time
from typing import Any

from ray import serve
from ray.serve.handle import DeploymentHandle

from deployments.encode.engine import EncodedSegment, SegmentTask
from deployments.encode.feed import FrameFeed
from deployments.lipsync.engine import LipsyncCall
from deployments.portraits import WARM, for_portrait
from deployments.shell import EngineShell
from media.patch import Frame
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts
from serve.storage.portraits import load_portrait


@serve.deployment(name="Encode")
class EncodeStage(EngineShell):
    """Encodes segments from patches that it pulls from lip sync."""

    def __init__(self, lipsync: "DeploymentHandle[Any]") -> None:
        super().__init__()
        self._lipsync = lipsync
        self._artifacts = open_artifacts(Settings().storage())

    @serve.multiplexed(max_num_models_per_replica=WARM)
    async def canvas(self, portrait: str) -> Any:
        """The portrait converted once."""
        loaded = await load_portrait(self._artifacts, portrait)
        return await self.in_thread(self._engine.prepare, loaded)

    async def segment(self, task: SegmentTask) -> EncodedSegment:
        """One segment; a cancelled call stops its thread and the lip sync calls in flight."""
        canvas = await self.canvas(task.portrait)
        lipsync = for_portrait(self._lipsync, task.portrait)

        async def ask(call: LipsyncCall) -> tuple[list[Frame], float]:
            answer: tuple[list[Frame], float] = await lipsync.frames.remote(call)
            return answer

        feed = FrameFeed(task, ask, asyncio.get_running_loop())
        began = time.perf_counter()
        try:
            data: bytes = await self.in_thread(self._engine.encode, canvas, task, feed.frames())
        finally:
            feed.stop()
        spent = 1e3 * (time.perf_counter() - began) - feed.waited_ms
        return EncodedSegment(data, feed.lipsync_ms, spent)
