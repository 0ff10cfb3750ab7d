"""A director makes a voice once and whole, broken off or not, or says why it could not be made."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from deployments.director import cloning
from deployments.director.claim import ATTEMPTS, IDLE_CLAIMS, direct_voice
from deployments.director.holding import WATCH, Holding
from deployments.director.patience import Patience
from deployments.director.run import Means
from media.errors import AvatarError
from serve.jobs import leases, removal, voices
from serve.jobs.database import Database
from serve.jobs.models import Voice
from serve.jobs.outages import RecordsOutOfReach
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts
from tests.cloned import CONSENT, MADE, CloningStages, kept_voice
from tests.conftest import files_below

AWAY = AvatarError("overloaded", "Try again in a moment.")


@pytest.fixture
def stages() -> CloningStages:
    return CloningStages()


@pytest.fixture
def means(tmp_path: Path, database: Database, stages: CloningStages) -> Means:
    settings = Settings(data_dir=tmp_path)
    artifacts = open_artifacts(settings.storage())
    short = Patience(seconds=0.2, slips=1)
    return Means(database, artifacts, stages, settings, Holding(database), patience=short)


@pytest.fixture
async def voice(means: Means) -> str:
    return await kept_voice(means.database, means.artifacts)


def stored(means: Means) -> set[str]:
    return files_below(means.settings.data_dir / "artifacts")


async def over(means: Means, voice: str, status: str = "completed") -> Voice:
    found = await voices.get(means.database, voice)
    assert found.status == status, found.error
    return found


async def under_way(
    means: Means, stages: CloningStages, voice: str, at: int = 1
) -> asyncio.Task[None]:
    """The task of a director that hangs in the middle of the making."""
    stages.hold_at = at
    work = asyncio.create_task(direct_voice(means, voice))
    await asyncio.wait_for(stages.waiting.wait(), 5)
    return work


async def test_a_voice_is_stored_and_then_named_and_its_sample_goes(
    means: Means, stages: CloningStages, voice: str
) -> None:
    await direct_voice(means, voice)
    made = await over(means, voice)
    assert stages.heard == [(312_000, "en-US")]
    assert made.key is not None
    assert stored(means) == {made.key}
    assert await means.artifacts.get(made.key) == MADE.data
    assert (made.gain_db, made.similarity, made.approximate) == (2.5, 0.81, True)
    assert (made.sample, made.attempt, made.fence) == (None, 1, 1)


async def test_a_voice_that_is_made_is_not_made_again(
    means: Means, stages: CloningStages, voice: str
) -> None:
    await asyncio.gather(*(direct_voice(means, voice) for _ in range(3)))
    await direct_voice(means, voice)
    await over(means, voice)
    assert len(stages.heard) == 1


async def test_progress_is_noted_now_and_then(
    means: Means, stages: CloningStages, voice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[int] = []

    async def report(database: Database, voice_id: str, fence: int, progress: int) -> None:
        noted.append(progress)

    monkeypatch.setattr(voices, "report", report)
    stages.steps = 1000
    await direct_voice(means, voice)
    assert len(noted) < 20
    noted.clear()
    monkeypatch.setattr(cloning, "REPORT", 0.0)
    stages.steps = 4
    await direct_voice(means, await kept_voice(means.database, means.artifacts))
    assert noted == [0, 25, 50, 75]


@pytest.mark.parametrize("fault", [AWAY, ValueError("once")])
async def test_a_stage_that_is_lost_in_the_middle_is_asked_again(
    means: Means, stages: CloningStages, voice: str, fault: Exception
) -> None:
    stages.faults = [(3, fault)]
    await direct_voice(means, voice)
    made = await over(means, voice)
    assert (len(stages.heard), made.attempt, made.fence) == (2, 1, 1)


async def test_records_that_are_away_for_a_moment_cost_nothing_that_is_made(
    means: Means, stages: CloningStages, voice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*arguments: object) -> None:
        raise RecordsOutOfReach

    monkeypatch.setattr(voices, "report", away)
    await direct_voice(means, voice)
    await over(means, voice)
    assert len(stages.heard) == 1


async def test_a_director_that_is_stopped_leaves_the_voice_to_another(
    means: Means, stages: CloningStages, voice: str
) -> None:
    work = await under_way(means, stages, voice)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert stages.making == 0
    stages.go.set()
    await direct_voice(means, voice)
    made = await over(means, voice)
    assert (made.fence, made.attempt, made.idle_claims) == (2, 1, 1)


async def test_a_director_that_is_killed_is_replaced_when_its_lease_is_over(
    means: Means, voice: str
) -> None:
    assert await leases.claim(means.database, voice, 0.2, Voice) == 1  # and is never heard of again
    await direct_voice(means, voice)
    assert (await voices.get(means.database, voice)).status == "in_progress"
    await asyncio.sleep(0.3)
    assert await leases.claimable(means.database, 9, Voice) == [voice]
    await direct_voice(means, voice)
    assert (await over(means, voice)).fence == 2


async def test_a_director_that_was_frozen_past_its_lease_writes_nothing(
    means: Means, stages: CloningStages, voice: str
) -> None:
    frozen = replace(means, holding=Holding(means.database, lease=0.2, watch=60.0))
    work = await under_way(frozen, stages, voice)
    await asyncio.sleep(0.3)
    other = CloningStages(made=replace(MADE, data=b"of the one that took over"))
    await direct_voice(replace(means, stages=other, holding=Holding(means.database)), voice)
    stages.go.set()
    await work
    made = await over(means, voice)
    assert made.fence == 2
    assert await means.artifacts.get(made.key or "") == other.made.data


async def test_a_fault_of_the_sample_ends_it_at_once_with_its_reason(
    means: Means, stages: CloningStages, voice: str
) -> None:
    stages.faults = [(2, AvatarError("unusable_sample", "Two speak.", param="sample"))]
    await direct_voice(means, voice)
    failed = await over(means, voice, "failed")
    assert failed.error is not None
    assert (failed.error["code"], failed.error["message"]) == ("unusable_sample", "Two speak.")
    assert stored(means) == set()


async def test_a_stage_that_stays_away_is_waited_for_by_several_claims_before_it_fails(
    means: Means, stages: CloningStages, voice: str
) -> None:
    stages.faults = [(0, AWAY)] * 10_000
    for attempt in range(1, ATTEMPTS):
        await direct_voice(means, voice)
        waiting = await over(means, voice, "in_progress")
        assert waiting.attempt == attempt + 1
        assert await leases.claimable(means.database, 9, Voice) == [voice]
    await direct_voice(means, voice)
    failed = await over(means, voice, "failed")
    assert failed.error is not None
    assert (failed.error["code"], failed.error["retryable"]) == ("overloaded", True)


async def test_a_sample_that_kills_its_directors_fails_in_the_end(means: Means, voice: str) -> None:
    for _ in range(IDLE_CLAIMS):
        assert await leases.claim(means.database, voice, 0.0, Voice) is not None
        await asyncio.sleep(0.001)
    await direct_voice(means, voice)
    failed = await over(means, voice, "failed")
    assert failed.error is not None
    assert failed.error["code"] == "internal"


async def test_a_bug_is_told_without_what_the_user_wrote(
    means: Means, stages: CloningStages, voice: str, caplog: pytest.LogCaptureFixture
) -> None:
    stages.faults = [(0, ValueError(CONSENT))] * 9
    with caplog.at_level(logging.INFO):
        await direct_voice(means, voice)
    failed = await over(means, voice, "failed")
    assert CONSENT not in caplog.text
    assert CONSENT not in str(failed.error)
    assert "ValueError" in caplog.text


async def test_a_voice_that_no_speech_engine_here_could_speak_fails(
    means: Means, stages: CloningStages, voice: str
) -> None:
    stages.made = replace(MADE, engine="xtts")
    await direct_voice(means, voice)
    failed = await over(means, voice, "failed")
    assert failed.error is not None
    assert "xtts" in failed.error["message"]
    assert stored(means) == set()


async def test_a_voice_that_is_too_large_is_not_kept(
    means: Means, stages: CloningStages, voice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloning, "MOST_BYTES", len(MADE.data) - 1)
    await direct_voice(means, voice)
    await over(means, voice, "failed")
    assert stored(means) == set()


async def test_a_deleted_voice_frees_the_stage_within_a_second_and_leaves_nothing(
    means: Means, stages: CloningStages, voice: str
) -> None:
    work = await under_way(means, stages, voice)
    await removal.remove_voice(means.database, means.artifacts, voice)
    await asyncio.wait_for(work, WATCH + 0.6)
    assert stages.making == 0
    assert stored(means) == set()


async def test_one_holding_looks_after_jobs_and_voices(means: Means, voice: str) -> None:
    fence = await leases.claim(means.database, voice, 1.0, Voice)
    assert fence is not None
    holding = Holding(means.database, lease=1.0, watch=0.05)
    watches = [
        asyncio.create_task(holding.lost(voice, fence, Voice)),
        asyncio.create_task(holding.lost("vid_gone", 1)),
    ]
    await asyncio.wait_for(watches[1], 2)
    assert not watches[0].done()
    await leases.end_claim(means.database, voice, Voice)
    assert await leases.claim(means.database, voice, 30.0, Voice) == 2
    await asyncio.wait_for(watches[0], 2)
