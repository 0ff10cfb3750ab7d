"""What a director tells of its work to whoever counts it."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from deployments.director.claim import direct
from deployments.director.holding import Holding
from deployments.director.patience import Patience
from deployments.director.run import Means
from media.errors import AvatarError
from serve.jobs import progress, records
from serve.jobs.database import Database
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts
from tests.still_stages import StillStages, still_job


@dataclass
class Counted:
    """`Measures` that keep everything."""

    stages: Counter[str] = field(default_factory=Counter)
    video: float = 0.0
    first: list[float] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    ends: list[str] = field(default_factory=list)

    def worked(self, stage: str, seconds: float) -> None:
        assert seconds >= 0
        self.stages[stage] += 1

    def filmed(self, seconds: float) -> None:
        self.video += seconds

    def shown(self, seconds: float) -> None:
        self.first.append(seconds)

    def retried(self, reason: str) -> None:
        self.reasons[reason] += 1

    def ended(self, kind: str, status: str) -> None:
        assert kind == "video"
        self.ends.append(status)


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def still() -> StillStages:
    return StillStages()


@pytest.fixture
async def means(tmp_path: Path, database: Database, still: StillStages, counted: Counted) -> Means:
    settings = Settings(data_dir=tmp_path)
    patience = Patience(seconds=0.2, slips=1, retried=counted.retried)
    artifacts = open_artifacts(settings.storage())
    holding = Holding(database)
    return Means(database, artifacts, still, settings, holding, patience=patience, measures=counted)


async def test_a_video_is_told_once_in_its_length_stages_and_first_segment(
    means: Means, counted: Counted
) -> None:
    job = await still_job(means.database, means.artifacts)
    await direct(means, job)
    over = await records.get(means.database, job)
    assert over.result is not None
    assert counted.video == pytest.approx(over.result["seconds"], abs=1e-3)
    assert counted.stages["encode"] == counted.stages["lipsync"] == over.next_segment
    assert counted.stages["finish"] == 1
    (first,) = counted.first
    assert 0 <= first < 10
    assert counted.ends == ["completed"]
    assert not counted.reasons


async def test_each_segment_says_when_work_on_it_began(means: Means, still: StillStages) -> None:
    still.hold = 0.2
    job = await still_job(means.database, means.artifacts)
    await direct(means, job)
    made = await progress.segments(means.database, job, 1)
    assert made
    for segment in made:
        # The database's clock shows whole milliseconds.
        assert segment.created_at - segment.info["began"] > still.hold - 0.01


async def test_tries_are_told_by_the_code_of_the_fault(
    means: Means, still: StillStages, counted: Counted
) -> None:
    job = await still_job(means.database, means.artifacts)
    still.faults = [AvatarError("overloaded", "Try again."), RuntimeError("a user's words")]
    await direct(means, job)
    assert counted.reasons == {"overloaded": 1, "fault": 1}
    assert counted.ends == ["completed"]


@pytest.mark.parametrize(("code", "end"), [("unknown_voice", "failed"), ("overloaded", "given_up")])
async def test_ends_of_a_claim_are_told_apart(
    means: Means, still: StillStages, counted: Counted, code: str, end: str
) -> None:
    job = await still_job(means.database, means.artifacts)
    still.faults = [AvatarError(code, "Not now.")] * 100
    await direct(replace(means, patience=Patience(seconds=0.1)), job)
    assert counted.ends == [end]
    assert not counted.video


async def test_a_job_that_is_cancelled_is_lost_to_its_director(
    means: Means, still: StillStages, counted: Counted
) -> None:
    job = await still_job(means.database, means.artifacts)
    still.hold = 60.0
    work = asyncio.create_task(direct(means, job))
    await asyncio.wait_for(still.began.wait(), 10)
    await records.cancel(means.database, job)
    await asyncio.wait_for(work, 10)
    assert counted.ends == ["lost"]
