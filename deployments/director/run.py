"""One claim of a job: what it works with, what it has cost so far, and how it bears faults."""

import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from opentelemetry import trace

from deployments.director.holding import Holding
from deployments.director.measures import Measures, Unmeasured
from deployments.director.patience import Patience, patiently
from deployments.director.room import AN_ENCODER
from deployments.encode.turns import Turns
from serve.jobs import progress
from serve.jobs.database import Database
from serve.jobs.models import Job
from serve.settings import Settings
from serve.stages import Stages
from serve.storage.artifacts import Artifacts

log = logging.getLogger(__name__)

T = TypeVar("T")

_tracer: Final = trace.get_tracer("avatar")


@dataclass(frozen=True, slots=True)
class Means:
    """What a director works with."""

    database: Database
    artifacts: Artifacts
    stages: Stages
    settings: Settings
    holding: Holding
    turns: Turns = field(default_factory=lambda: Turns(AN_ENCODER))
    """Of later segments of all its jobs; first ones go at once."""
    patience: Patience = field(default_factory=Patience)
    measures: Measures = field(default_factory=Unmeasured)
    starts: dict[str, float] = field(default_factory=dict)
    """Seconds that the latest start from zero took, by stage."""


@dataclass(slots=True)
class Run:
    """A claimed job under its fence."""

    means: Means
    job: Job
    fence: int
    timings: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    async def report(self, **changes: Any) -> None:
        """Note progress under this claim (`progress.report`); raises LeaseLost."""
        await self.patiently(
            lambda: progress.report(
                self.means.database,
                self.job.id,
                self.fence,
                timings=dict(self.timings),
                **changes,
            )
        )

    async def patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`, tried again while what it raises passes."""
        return await patiently(work, self.means.patience)

    @asynccontextmanager
    async def timed(self, stage: str) -> AsyncIterator[None]:
        """Add the block's wall time to a stage; the block is a span of the job's trace."""
        began = time.perf_counter()
        # An exception's message may hold what a user wrote.
        with _tracer.start_as_current_span(
            stage, record_exception=False, set_status_on_exception=False
        ):
            try:
                yield
            finally:
                self.worked(stage, time.perf_counter() - began)

    def worked(self, stage: str, seconds: float) -> None:
        """A stage has worked so long on a piece of the job."""
        self.timings[stage] += 1e3 * seconds
        self.means.measures.worked(stage, seconds)
        log.info("%s took %.0f ms", stage, 1e3 * seconds)
