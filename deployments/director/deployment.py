"""The director on Ray Serve."""

import asyncio
import logging
from contextlib import suppress
from typing import Any, Final

from ray import serve
from ray.serve.handle import DeploymentHandle

from deployments.director.claim import direct
from deployments.director.flow import Means
from serve.handles import HandleStages
from serve.jobs import leases
from serve.jobs.database import open_database
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts

log = logging.getLogger(__name__)

SWEEP: Final = 5.0
"""Seconds between two looks for jobs that nobody works on."""
SWEPT: Final = 4
"""Jobs at most that a sweep takes at once: the rest stay for other directors."""


@serve.deployment(name="Director")
class DirectorStage:
    """Follows jobs through the stages. A call lasts as long as its job, so that Serve sees it."""

    def __init__(
        self,
        portrait: "DeploymentHandle[Any]",
        face: "DeploymentHandle[Any]",
        speech: "DeploymentHandle[Any]",
        encode: "DeploymentHandle[Any]",
    ) -> None:
        self._stages = HandleStages(portrait, face, speech, encode, None)
        self._means: Means | None = None
        self._opening = asyncio.Lock()
        self._sweep: asyncio.Task[None] | None = None

    async def run(self, job_id: str) -> None:
        """Make the job's video; at once over where another director has the job."""
        await direct(await self._ready(), job_id)

    async def about(self) -> dict[str, Any]:
        """Ready once the records can be read."""
        await self._ready()
        return {"state": "ready"}

    async def _ready(self) -> Means:
        async with self._opening:
            if self._means is None:
                settings = Settings()
                self._means = Means(
                    await open_database(settings.database()),
                    open_artifacts(settings.storage()),
                    self._stages,
                    settings,
                )
                self._sweep = asyncio.create_task(self._sweep_forever(self._means))
        return self._means

    async def _sweep_forever(self, means: Means) -> None:
        """Take up what a lost nudge or a dead director left."""
        while True:
            await asyncio.sleep(SWEEP)
            try:
                left = await leases.claimable(means.database, SWEPT)
                await asyncio.gather(*(direct(means, job_id) for job_id in left))
            except Exception as error:
                log.warning("the sweep failed by %s; it goes on", type(error).__name__)

    async def __del__(self) -> None:
        if self._sweep is not None:
            self._sweep.cancel()
            with suppress(asyncio.CancelledError):
                await self._sweep
        if self._means is not None:
            await self._means.database.close()
