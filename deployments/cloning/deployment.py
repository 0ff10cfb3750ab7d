"""The cloning stage on Ray Serve."""

import asyncio
from collections.abc import AsyncIterator, Generator
from typing import Any

from ray import serve

from deployments.cloning.engine import Cloned
from deployments.loading import EngineConfig
from deployments.shell import EngineShell
from media.sound import Sound


@serve.deployment(name="Cloning", autoscaling_config={"min_replicas": 0, "max_replicas": 1})
class CloningStage(EngineShell):
    """Makes voices of samples. Off, and at zero, where the config names no engine."""

    def threads_of(self, config: EngineConfig) -> int:
        """One more than the makings', so that a sample is checked beside them."""
        return config.workers + 1

    def loaded(self) -> None:
        """Turns for so many makings; others wait."""
        self._turns = asyncio.Semaphore(self.config.workers)

    async def check(self, sample: Sound, language: str) -> None:
        """Look whether a voice can be made of the sample. Raises AvatarError where it can't."""
        await self.in_thread(self.engine.check, sample, language)

    async def clone(self, sample: Sound, language: str) -> AsyncIterator[float | Cloned]:
        """Progress in [0, 1], then the voice; a cancelled call stops behind the step it is at."""
        engine = self.engine
        async with self._turns:
            steps: Generator[float | Cloned, Any, None] = await self.in_thread(
                engine.clone, sample, language
            )
            while (step := await self.in_thread(next, steps, None)) is not None:
                yield step
