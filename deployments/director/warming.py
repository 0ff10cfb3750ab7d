"""A stage that scales to zero: its first call waits while a replica starts, and the job says so."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from deployments.director.run import Run

WARMING: Final = "warming_up"
"""The job's stage meanwhile."""
LOOK: Final = 0.25
"""Seconds between two looks at whether the stage has started."""


@asynccontextmanager
async def awake(run: Run, stage: str) -> AsyncIterator[None]:
    """Report the stage while the block calls it, and that it is warming up where it is at zero.

    The call in the block is what starts it. Raises LeaseLost.
    """
    if not await _at_zero(run, stage):
        await run.report(stage=stage, progress=1)
        yield
        return
    await run.report(stage=WARMING, progress=1, eta_seconds=run.means.starts.get(stage))
    watch = asyncio.create_task(_watch(run, stage))
    try:
        yield
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


async def _watch(run: Run, stage: str) -> None:
    began = time.monotonic()
    while await _at_zero(run, stage):  # noqa: ASYNC110 - Serve has no event for it
        await asyncio.sleep(LOOK)
    run.means.starts[stage] = round(time.monotonic() - began, 1)
    await run.report(stage=stage)


async def _at_zero(run: Run, stage: str) -> bool:
    return await run.patiently(lambda: run.means.stages.at_zero(stage))
