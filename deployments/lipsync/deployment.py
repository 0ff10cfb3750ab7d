"""The lip sync stage on Ray Serve."""

import time
from typing import Any

from ray import serve

from deployments.giving_way import give_way
from deployments.lipsync.batches import Batches
from deployments.lipsync.engine import LipsyncCall
from deployments.metrics import batch_sizes
from deployments.portraits import WARM
from deployments.shell import EngineShell
from media.patch import Frame
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts
from serve.storage.portraits import load_portrait

Call = tuple[Any, LipsyncCall]
"""With the portrait as the engine prepared it."""
Made = tuple[list[Frame], float]
"""Frames and the milliseconds that the engine took for them."""


@serve.deployment(name="Lipsync")
class LipsyncStage(EngineShell):
    """Makes patches; calls that wait together are one batch where the engine gains by it."""

    def __init__(self) -> None:
        super().__init__()
        give_way()
        self._sizes = batch_sizes()
        self._artifacts = open_artifacts(Settings().storage())

    def loaded(self) -> None:
        """Batches of the size that the engine is fastest with."""
        self._batches = Batches(self._make, size=self.engine.batch, workers=self.config.workers)

    @serve.multiplexed(max_num_models_per_replica=WARM)
    async def prepared(self, portrait: str) -> Any:
        """The portrait as the engine needs it; a miss costs loading and preparing it once."""
        loaded = await load_portrait(self._artifacts, portrait)
        return await self.in_thread(self.engine.prepare, loaded)

    async def frames(self, call: LipsyncCall) -> tuple[list[Frame], float]:
        """The frames of a call and the milliseconds that the engine took for them."""
        prepared = await self.prepared(call.portrait)
        return await self._batches.made((prepared, call), call.urgency)

    async def _make(self, calls: list[Call]) -> list[Made]:
        self._sizes.observe(len(calls))
        began = time.perf_counter()
        made: list[list[Frame]] = await self.in_thread(self.engine.frames, calls)
        spent = 1e3 * (time.perf_counter() - began) / len(calls)
        return [(frames, spent) for frames in made]
