"""The director on Ray Serve."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from ray import serve
from ray.serve.handle import DeploymentHandle

from deployments.deployed import deployed
from deployments.director.claim import direct, direct_voice
from deployments.director.finish import drop_left
from deployments.director.holding import Holding
from deployments.director.patience import Patience
from deployments.director.room import DirectorConfig, share
from deployments.director.run import Means
from deployments.director.scaling import UNFINISHED
from deployments.director.stopping import told_to_stop
from deployments.metrics import DirectorMetrics
from media.errors import AvatarError
from serve import logs, spans
from serve.handles import HandleStages, has_died
from serve.jobs import leases, records, retention
from serve.jobs.database import open_records
from serve.jobs.following import cancel_unfollowed
from serve.jobs.models import Job, Leased, Voice
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts
from serve.webhooks.running import keep_sending

log = logging.getLogger(__name__)

SWEEP: Final = 2.0
"""Seconds between two looks for jobs that nobody works on."""
SWEPT: Final = 16
"""Jobs, and voices, at most that a sweep has taken up at once: the rest stay for the next."""
CLEARING: Final = 300.0
"""Seconds between two looks for what has had its time."""
COLLECTING: Final = 3600.0
"""Seconds between two looks for artifacts that no record names."""
FOLLOWED: Final = 10.0
"""Seconds that a stream's job goes on without a follower."""
FIRST_CHORE: Final = 60.0
"""Seconds at most until a chore's first turn, so that a server that runs for minutes does it."""
COUNT: Final = 5.0
"""Seconds between two looks at the queue, for the metrics and for scaling."""
COUNT_KEPT: Final = 60.0
"""The same for jobs that are over: there are many, and each look walks through an index of them."""
ROOM: Final = 5.0
"""Seconds between two looks at how many encoders and directors there are."""
LISTEN: Final = 0.2
"""Seconds between two looks at whether Serve wants this replica gone."""


@serve.deployment(name="Director")
class DirectorStage:
    """Follows jobs, and the making of voices. A call lasts as long, so that Serve sees it."""

    def __init__(
        self,
        portrait: "DeploymentHandle[Any]",
        face: "DeploymentHandle[Any]",
        speech: "DeploymentHandle[Any]",
        encode: "DeploymentHandle[Any]",
        cloning: "DeploymentHandle[Any]",
    ) -> None:
        logs.set_up()
        self._metrics = DirectorMetrics()
        self._stages = HandleStages(
            portrait, face, speech, encode, None, deployed=deployed, to_cloning=cloning
        )
        self._config = DirectorConfig()
        self._means: Means | None = None
        self._opening = asyncio.Lock()
        self._working: set[asyncio.Task[None]] = set()
        self._swept: dict[str, asyncio.Task[None]] = {}
        self._unfinished: int | None = None
        self._stopping = False
        self._trusted_from = asyncio.get_running_loop().time() + FOLLOWED
        # From the start, not from the first call on: after a restart jobs may wait though nobody
        # asks for anything.
        chores = (
            self._listen(),
            self._every(SWEEP, self._sweep),
            self._every(CLEARING, self._clear),
            self._every(COLLECTING, self._collect),
            self._every(SWEEP, self._send),
            self._every(ROOM, self._make_room),
            self._every(COUNT, self._count),
            self._every(COUNT_KEPT, self._count_kept),
        )
        self._chores = [asyncio.create_task(chore) for chore in chores]

    async def reconfigure(self, user_config: dict[str, Any]) -> None:
        """Serve calls it with the config's `user_config`. Raises ValueError for a wrong one."""
        self._config = DirectorConfig.model_validate(user_config)

    def record_autoscaling_stats(self) -> dict[str, float]:
        """What `scaling.by_unfinished` goes by; Serve asks for it. Nothing before the first look.

        While the records are away it stays what it was.
        """
        return {} if self._unfinished is None else {UNFINISHED: float(self._unfinished)}

    async def run(self, job_id: str) -> None:
        """Make the job's video; at once over where another director has the job.

        When this replica is told to stop, the job is given back and the call ends.
        """
        await self._see_through(direct, job_id)

    async def make_voice(self, voice_id: str) -> None:
        """Make the voice of its sample; else like `run`."""
        await self._see_through(direct_voice, voice_id)

    async def _see_through(
        self, directing: Callable[[Means, str], Coroutine[Any, Any, None]], row_id: str
    ) -> None:
        means = await self._ready()
        if self._stopping:
            return
        work = asyncio.create_task(directing(means, row_id))
        self._working.add(work)
        try:
            await work
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        finally:
            self._working.discard(work)

    async def about(self) -> dict[str, Any]:
        """Ready once the records can be read."""
        await self._ready()
        return {"state": "ready"}

    async def _ready(self) -> Means:
        async with self._opening:
            if self._means is None:
                settings = Settings()
                database = await open_records(settings)
                artifacts = open_artifacts(settings.storage())
                self._means = Means(
                    database,
                    artifacts,
                    self._stages,
                    settings,
                    Holding(database),
                    patience=Patience(retried=self._metrics.retried),
                    measures=self._metrics,
                )
        return self._means

    async def _listen(self) -> None:
        """Give all jobs back as soon as Serve wants this replica gone."""
        while not told_to_stop():  # noqa: ASYNC110 - Serve sets a flag, not an event of ours
            await asyncio.sleep(LISTEN)
        self._stopping = True
        for work in tuple(self._working):
            work.cancel()

    async def _every(self, seconds: float, chore: Callable[[], Awaitable[None]]) -> None:
        pause = min(seconds, FIRST_CHORE)
        while not self._stopping:
            await asyncio.sleep(pause)
            pause = seconds
            try:
                await chore()
            except Exception as error:
                log.warning("a chore failed by %s; it goes on", type(error).__name__)

    async def _sweep(self) -> None:
        """Take up what a lost nudge or a dead director left; end what nobody follows any more."""
        now = asyncio.get_running_loop().time()
        try:
            await self._take_up_left()
        except Exception:
            # While the records were away nobody could note that a stream is followed.
            self._trusted_from = now + FOLLOWED
            raise
        if now >= self._trusted_from:
            left = await cancel_unfollowed((await self._ready()).database, FOLLOWED)
            self._metrics.unfollowed(len(left))

    async def _take_up_left(self) -> None:
        means = await self._ready()
        for table in (Job, Voice):
            for row_id in await leases.claimable(means.database, SWEPT, table):
                if row_id not in self._swept and len(self._swept) < SWEPT:
                    self._swept[row_id] = asyncio.create_task(self._take_up(row_id, table))

    async def _clear(self) -> None:
        """Remove what has had its time."""
        means = await self._ready()
        keep = means.settings.keep_results_seconds
        await retention.expire_jobs(means.database, means.artifacts, keep)
        await retention.expire_voices(means.database, means.artifacts)
        await retention.expire_keys(means.database, means.settings.idempotency_seconds)
        await retention.expire_usage(means.database, means.settings.keep_usage_days)

    async def _collect(self) -> None:
        """Remove what no record names; it lists the whole store, so it comes seldom."""
        means = await self._ready()
        keep = means.settings.keep_unnamed_seconds
        await retention.collect(means.database, means.artifacts, keep)
        await asyncio.to_thread(drop_left, time.time() - keep)

    async def _send(self) -> None:
        """Send webhook messages for as long as this replica lives; begun again where it fails."""
        means = await self._ready()
        await keep_sending(means.database, means.settings, self._metrics.sent)

    async def _make_room(self) -> None:
        """Keep this director's share of the segments that the encoders can have."""
        means, running = await self._ready(), await deployed()
        own = serve.get_replica_context().deployment
        if {"Encode", own} <= running.keys():  # or the application is being taken down
            encoders, directors = running["Encode"].replicas, running[own].replicas
            means.turns.resize(share(encoders, directors, self._config.segments_an_encoder))

    async def _count(self) -> None:
        """Publish the queue, and note what all directors have to do."""
        database = (await self._ready()).database
        self._unfinished = await leases.unfinished(database)
        self._metrics.recorded(
            await records.counts(database), await records.queue_seconds(database)
        )

    async def _count_kept(self) -> None:
        """Publish how many jobs are over and kept."""
        self._metrics.recorded(await records.kept((await self._ready()).database))

    async def _take_up(self, row_id: str, table: type[Leased]) -> None:
        """By a call like the ingress's, so that Serve counts it and may choose any director."""
        context = serve.get_replica_context()
        directors = serve.get_deployment_handle(context.deployment, context.app_name)
        try:
            await (directors.run if table is Job else directors.make_voice).remote(row_id)
        except Exception as error:
            log.warning("%s was not taken up: %s", row_id, type(error).__name__)
            if has_died(error):
                with suppress(AvatarError):  # records that are away: the lease runs out by itself
                    await leases.end_claim((await self._ready()).database, row_id, table)
        finally:
            del self._swept[row_id]

    async def __del__(self) -> None:
        tasks = (*self._chores, *self._working, *self._swept.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._means is not None:
            await self._means.database.close()
        await asyncio.to_thread(spans.send_last)
