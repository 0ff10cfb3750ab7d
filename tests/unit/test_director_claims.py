"""A director's hold on a job: what ends it, what is given back, what is never told."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deployments.director.claim import WATCH, direct
from deployments.director.flow import Means
from media.errors import AvatarError
from media.sound import Speech
from media.timegrid import SOUND_RATE
from serve.jobs import avatars, leases, records, removal
from serve.jobs.database import Database
from serve.jobs.models import Avatar
from serve.settings import Settings
from serve.storage.artifacts import Artifacts, open_artifacts
from serve.storage.portraits import save_portrait
from tests.fakes import FakeStages, portrait

PRIVATE = "words that only the user may read"


@dataclass
class ScriptedStages(FakeStages):
    """Speaks five seconds and encodes by script."""

    encoding: int = 0
    encoded: int = 0
    hold: float = 0.0
    fault: Exception | None = None
    began: asyncio.Event = field(default_factory=asyncio.Event)

    async def speak(self, text: str, voice: str, speed: float) -> AsyncIterator[Speech]:
        for _ in range(5):
            yield Speech(np.full(SOUND_RATE, 0.1, np.float32), SOUND_RATE)

    async def encode(self, task: Any) -> Any:
        self.encoding += 1
        self.began.set()
        try:
            await asyncio.sleep(self.hold)
            if self.fault is not None:
                raise self.fault
        finally:
            self.encoding -= 1
            self.encoded += 1
        raise AssertionError("these tests end before a segment is made")


@pytest.fixture
def scripted() -> ScriptedStages:
    return ScriptedStages()


@pytest.fixture
async def means(tmp_path: Path, database: Database, scripted: ScriptedStages) -> Means:
    settings = Settings(data_dir=tmp_path)
    return Means(database, open_artifacts(settings.storage()), scripted, settings)


async def new_job(database: Database, artifacts: Artifacts) -> str:
    made = portrait(128)
    facts = avatars.portrait_facts(made, await save_portrait(artifacts, made))
    await avatars.add(
        database, Avatar(id="a", kind="image", listed=True, name="a", origin={}, **facts)
    )
    request = {
        "text": PRIVATE,
        "voice": "anna",
        "speed": 1.0,
        "fps": "25",
        "size": "auto",
        "seed": 0,
        "life": True,
    }
    await records.create(database, records.NewJob("vid_1", request, "a"), max_active=9)
    return "vid_1"


async def held_while_encoding(
    means: Means, scripted: ScriptedStages
) -> tuple[str, asyncio.Task[None]]:
    """A job whose director hangs while it encodes, and the director's task."""
    job = await new_job(means.database, means.artifacts)
    scripted.hold = 60.0
    work = asyncio.create_task(direct(means, job))
    await asyncio.wait_for(scripted.began.wait(), 10)
    return job, work


async def test_a_fault_of_a_stage_ends_the_job_with_its_code(
    means: Means, scripted: ScriptedStages
) -> None:
    job = await new_job(means.database, means.artifacts)
    scripted.fault = AvatarError("overloaded", "Try again in a moment.")
    await direct(means, job)
    over = await records.get(means.database, job)
    assert over.status == "failed"
    assert over.error is not None
    assert (over.error["code"], over.error["retryable"]) == ("overloaded", True)
    assert over.error["stage"] == "video"


async def test_a_bug_ends_the_job_without_telling_what_the_user_wrote(
    means: Means, scripted: ScriptedStages, caplog: pytest.LogCaptureFixture
) -> None:
    job = await new_job(means.database, means.artifacts)
    scripted.fault = ValueError(PRIVATE)
    with caplog.at_level(logging.INFO):
        await direct(means, job)
    over = await records.get(means.database, job)
    assert over.error is not None
    assert over.error["code"] == "internal"
    assert PRIVATE not in caplog.text
    assert PRIVATE not in str(over.error)
    assert "ValueError" in caplog.text


async def test_a_cancelled_job_frees_its_stages_within_a_second(
    means: Means, scripted: ScriptedStages
) -> None:
    job, work = await held_while_encoding(means, scripted)
    await records.cancel(means.database, job)
    await asyncio.wait_for(work, WATCH + 0.6)
    assert scripted.encoding == 0
    assert (await records.get(means.database, job)).status == "cancelled"


async def test_a_director_that_is_stopped_gives_its_job_back_at_once(
    means: Means, scripted: ScriptedStages
) -> None:
    job, work = await held_while_encoding(means, scripted)
    assert await leases.claim(means.database, job, 30) is None
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert scripted.encoding == 0
    assert await leases.claim(means.database, job, 30) == 2


async def test_a_deleted_job_leaves_nothing_behind(
    means: Means, scripted: ScriptedStages, tmp_path: Path
) -> None:
    job, work = await held_while_encoding(means, scripted)
    await removal.remove_job(means.database, means.artifacts, job)
    await asyncio.wait_for(work, WATCH + 0.6)
    assert not list((tmp_path / "artifacts").rglob("jobs/**/*.*"))
