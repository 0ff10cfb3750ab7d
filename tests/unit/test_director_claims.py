"""A director's hold on a job: what ends it, what is given back, what is never told."""

import asyncio
import logging
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from deployments.director.claim import ATTEMPTS, IDLE_CLAIMS, direct
from deployments.director.holding import WATCH, Holding
from deployments.director.patience import Patience
from deployments.director.run import Means
from media.errors import AvatarError
from serve.jobs import leases, records, removal
from serve.jobs.database import Database
from serve.jobs.models import Leased, Voice
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts
from tests.still_stages import PRIVATE, StillStages, still_job

SHORT = Patience(seconds=0.2, slips=1)


@pytest.fixture
def still() -> StillStages:
    return StillStages()


@pytest.fixture
async def means(tmp_path: Path, database: Database, still: StillStages) -> Means:
    settings = Settings(data_dir=tmp_path)
    artifacts = open_artifacts(settings.storage())
    return Means(database, artifacts, still, settings, Holding(database), patience=SHORT)


async def held_while_encoding(means: Means, still: StillStages) -> tuple[str, asyncio.Task[None]]:
    """A job whose director hangs while it encodes, and the director's task."""
    job = await still_job(means.database, means.artifacts)
    still.hold = 60.0
    work = asyncio.create_task(direct(means, job))
    await asyncio.wait_for(still.began.wait(), 10)
    return job, work


async def test_a_fault_of_the_content_ends_the_job_at_once_with_its_code(
    means: Means, still: StillStages
) -> None:
    job = await still_job(means.database, means.artifacts)
    still.faults = [AvatarError("unknown_voice", "Choose another voice.", param="voice")]
    await direct(means, job)
    over = await records.get(means.database, job)
    assert over.status == "failed"
    assert over.error is not None
    assert (over.error["code"], over.error["param"]) == ("unknown_voice", "voice")
    assert over.error["stage"] == "video"


async def test_a_stage_that_is_away_for_a_moment_costs_the_job_nothing(
    means: Means, still: StillStages
) -> None:
    job = await still_job(means.database, means.artifacts)
    still.faults = [AvatarError("overloaded", "Try again in a moment.")] * 2
    await direct(means, job)
    over = await records.get(means.database, job)
    assert (over.status, over.attempt, over.fence) == ("completed", 1, 1)
    assert set(still.encoded.values()) == {1}


async def test_a_slip_that_does_not_come_again_costs_the_job_nothing(
    means: Means, still: StillStages
) -> None:
    job = await still_job(means.database, means.artifacts)
    still.faults = [ValueError("once")]
    await direct(means, job)
    assert (await records.get(means.database, job)).status == "completed"


async def test_a_stage_that_stays_away_leaves_the_job_to_other_claims_before_it_fails(
    means: Means, still: StillStages
) -> None:
    job = await still_job(means.database, means.artifacts)
    still.faults = [AvatarError("overloaded", "Try again in a moment.")] * 10_000
    for attempt in range(1, ATTEMPTS):
        await direct(means, job)
        waiting = await records.get(means.database, job)
        assert (waiting.status, waiting.attempt) == ("in_progress", attempt + 1)
        assert await leases.claimable(means.database) == [job]
    await direct(means, job)
    over = await records.get(means.database, job)
    assert over.status == "failed"
    assert over.error is not None
    assert (over.error["code"], over.error["retryable"]) == ("overloaded", True)


async def test_a_job_that_kills_its_directors_fails_in_the_end(
    means: Means,
) -> None:
    job = await still_job(means.database, means.artifacts)
    for _ in range(IDLE_CLAIMS):
        assert await leases.claim(means.database, job, 0.0) is not None
        await asyncio.sleep(0.001)  # each dies: its lease is over
    await direct(means, job)
    over = await records.get(means.database, job)
    assert over.status == "failed"
    assert over.error is not None
    assert over.error["code"] == "internal"


async def test_a_bug_ends_the_job_without_telling_what_the_user_wrote(
    means: Means, still: StillStages, caplog: pytest.LogCaptureFixture
) -> None:
    job = await still_job(means.database, means.artifacts)
    still.faults = [ValueError(PRIVATE)] * 10
    with caplog.at_level(logging.INFO):
        await direct(means, job)
    over = await records.get(means.database, job)
    assert over.error is not None
    assert over.error["code"] == "internal"
    assert PRIVATE not in caplog.text
    assert PRIVATE not in str(over.error)
    assert "ValueError" in caplog.text


async def test_a_cancelled_job_frees_its_stages_within_a_second(
    means: Means, still: StillStages
) -> None:
    job, work = await held_while_encoding(means, still)
    await records.cancel(means.database, job)
    await asyncio.wait_for(work, WATCH + 0.6)
    assert still.encoding == 0
    assert (await records.get(means.database, job)).status == "cancelled"


async def test_a_director_that_is_stopped_gives_its_job_back_at_once(
    means: Means, still: StillStages
) -> None:
    job, work = await held_while_encoding(means, still)
    assert await leases.claim(means.database, job, 30) is None
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert still.encoding == 0
    assert await leases.claim(means.database, job, 30) == 2


async def test_a_director_that_was_frozen_past_its_lease_writes_nothing(
    means: Means, still: StillStages
) -> None:
    frozen = replace(means, holding=Holding(means.database, lease=0.3, watch=60.0))
    still.hold = 0.6
    job = await still_job(means.database, means.artifacts)
    await direct(frozen, job)
    left = await records.get(means.database, job)
    assert (left.status, left.next_segment) == ("in_progress", 0)
    assert await leases.claimable(means.database) == [job]


async def test_a_deleted_job_leaves_nothing_behind(
    means: Means, still: StillStages, tmp_path: Path
) -> None:
    job, work = await held_while_encoding(means, still)
    await removal.remove_job(means.database, means.artifacts, job)
    await asyncio.wait_for(work, WATCH + 0.6)
    assert not list((tmp_path / "artifacts").rglob("jobs/**/*.*"))


async def test_a_first_voice_that_comes_while_jobs_are_looked_at_does_not_end_the_looking(
    means: Means,
) -> None:
    job = await still_job(means.database, means.artifacts)
    fence = await leases.claim(means.database, job, 30)
    assert fence is not None
    holding = Holding(means.database, watch=0.0)  # it looks without a pause
    held = asyncio.create_task(holding.lost(job, fence))
    await asyncio.sleep(0.05)
    await asyncio.wait_for(holding.lost("voice_1", 1, Voice), 5)  # nobody's
    await records.cancel(means.database, job)
    await asyncio.wait_for(held, 5)


@dataclass
class Slipping(Holding):
    """Its first look goes wrong."""

    looks: int = 0

    async def _look(
        self, table: type[Leased], held: dict[leases.Claim, asyncio.Event], *, due: bool
    ) -> None:
        self.looks += 1
        if self.looks == 1:
            raise ValueError(PRIVATE)
        await super()._look(table, held, due=due)


async def test_a_look_that_goes_wrong_is_not_the_last_one(
    means: Means, caplog: pytest.LogCaptureFixture
) -> None:
    holding = Slipping(means.database, watch=0.01)
    await asyncio.wait_for(holding.lost("vid_gone", 1), 5)
    assert holding.looks > 1
    assert "ValueError" in caplog.text
    assert PRIVATE not in caplog.text
