"""A job that was broken off goes on where it was: nothing committed is made or spoken again."""

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deployments.director.claim import direct
from deployments.director.holding import Holding
from deployments.director.run import Means
from serve.jobs import leases, pieces, progress, records
from serve.jobs.database import Database
from serve.jobs.models import Job
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts
from tests.still_stages import StillStages, decoded, still_job

SPEECH = (0.7, 1.5, 1.3, 2.1, 0.9, 2.6, 1.1)
EARLIEST = {1: 6, 2: 15}
"""First frame that segment 1 and segment 2 may begin at, behind any that the one before may."""


@pytest.fixture
def means(tmp_path: Path, database: Database) -> Means:
    settings = Settings(data_dir=tmp_path)
    artifacts = open_artifacts(settings.storage())
    return Means(database, artifacts, StillStages(), settings, Holding(database))


def with_stages(means: Means, stages: StillStages) -> Means:
    """A director of its own over the same records."""
    return replace(means, stages=stages, holding=Holding(means.database))


async def broken_off(means: Means, after: int, **request: object) -> tuple[str, StillStages]:
    """A job given back once so many segments are published, and what its director had done."""
    first = StillStages(lengths=SPEECH, hold=60.0, hold_from=EARLIEST[after])
    job = await still_job(means.database, means.artifacts, **request)
    work = asyncio.create_task(direct(with_stages(means, first), job))
    async with asyncio.timeout(20):
        while (await records.get(means.database, job)).next_segment < after:  # noqa: ASYNC110 - the database has no event
            await asyncio.sleep(0.005)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    return job, first


async def whole(means: Means, job: Job) -> tuple[list[int], np.ndarray]:
    assert job.status == "completed", job.error
    assert job.result is not None
    return decoded(await means.artifacts.get(job.result["files"]["video"]["key"]))


async def test_a_job_taken_over_is_the_video_that_it_would_have_been(means: Means) -> None:
    job, first = await broken_off(means, 2)
    committed = await progress.segments(means.database, job, 1)
    second = StillStages(lengths=SPEECH)
    await direct(with_stages(means, second), job)
    other = await still_job(means.database, means.artifacts, "2")
    await direct(with_stages(means, StillStages(lengths=SPEECH)), other)
    taken, unbroken = [await records.get(means.database, name) for name in (job, other)]
    assert (taken.attempt, taken.fence) == (1, 2)
    assert (first.fences, second.fences) == ({1}, {2})
    for segment in committed:
        assert segment.start not in second.encoded
    frames, sound = await whole(means, taken)
    assert frames == list(range(len(frames)))
    expected, expected_sound = await whole(means, unbroken)
    assert frames == expected
    assert np.array_equal(sound, expected_sound)
    assert first.spoken.total() + second.spoken.total() >= len(SPEECH)


async def test_what_was_spoken_and_kept_is_not_spoken_again(means: Means) -> None:
    job, first = await broken_off(means, 1)
    kept = {piece.n for piece in await pieces.of(means.database, job, 1)}
    assert kept
    second = StillStages(lengths=SPEECH)
    await direct(with_stages(means, second), job)
    assert not kept & set(second.spoken)
    assert set(first.spoken) | set(second.spoken) == set(range(len(SPEECH)))


async def test_the_pieces_of_a_finished_job_are_gone(means: Means, tmp_path: Path) -> None:
    job, _ = await broken_off(means, 1)
    await direct(with_stages(means, StillStages(lengths=SPEECH)), job)
    assert await pieces.of(means.database, job, 1) == []
    assert not list((tmp_path / "artifacts").rglob("*.pcm"))


async def test_a_job_taken_over_by_other_engines_begins_again_under_new_keys(
    means: Means,
) -> None:
    job, _ = await broken_off(means, 1)
    other = StillStages(lengths=SPEECH, engine="newer")
    await direct(with_stages(means, other), job)
    over = await records.get(means.database, job)
    assert (over.status, over.attempt) == ("completed", 2)
    assert set(other.encoded.values()) == {1}
    made = await progress.segments(means.database, job, 2)
    assert [row.start for row in made] == sorted(other.encoded)
    assert all(f"/{job}/2/" in f"/{row.key}" for row in made)
    frames, _ = await whole(means, over)
    assert frames == list(range(len(frames)))


async def test_a_speaker_that_is_lost_is_asked_for_the_rest(means: Means) -> None:
    stages = StillStages(lengths=SPEECH, break_off_after=3)
    job = await still_job(means.database, means.artifacts)
    await direct(with_stages(means, stages), job)
    assert (await records.get(means.database, job)).status == "completed"
    assert stages.spoken == dict.fromkeys(range(len(SPEECH)), 1)


async def test_the_captions_of_a_job_taken_over_have_every_word_once(means: Means) -> None:
    job, _ = await broken_off(means, 2)
    await direct(with_stages(means, StillStages(lengths=SPEECH)), job)
    over = await records.get(means.database, job)
    assert over.result is not None
    text = (await means.artifacts.get(over.result["files"]["captions"]["key"])).decode()
    assert [text.count(f"word{n}") for n in range(len(SPEECH))] == [1] * len(SPEECH)


async def test_a_store_that_fails_for_a_while_costs_the_job_nothing(
    means: Means, tmp_path: Path
) -> None:
    stages = StillStages(lengths=SPEECH, hold=0.05)
    job = await still_job(means.database, means.artifacts)
    work = asyncio.create_task(direct(with_stages(means, stages), job))
    folder = tmp_path / "artifacts" / "jobs"
    async with asyncio.timeout(10):
        while not folder.exists():  # noqa: ASYNC110 - a folder has no event
            await asyncio.sleep(0.005)
    folder.rename(tmp_path / "away")
    folder.write_text("a file where the store wants a folder")
    await asyncio.sleep(0.5)
    folder.unlink()
    (tmp_path / "away").rename(folder)
    await asyncio.wait_for(work, 30)
    over = await records.get(means.database, job)
    assert (over.status, over.fence) == ("completed", 1)
    frames, _ = await whole(means, over)
    assert frames == list(range(len(frames)))


async def test_two_directors_never_work_on_one_job(means: Means) -> None:
    stages = StillStages(lengths=SPEECH, hold=0.02)
    job = await still_job(means.database, means.artifacts)
    await asyncio.gather(*(direct(with_stages(means, stages), job) for _ in range(4)))
    assert set(stages.encoded.values()) == {1}
    assert await leases.claimable(means.database) == []
