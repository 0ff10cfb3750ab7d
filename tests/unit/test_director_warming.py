"""A job whose stage has scaled to zero says that it is warming up, and for how long."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deployments.director.claim import direct
from deployments.director.holding import Holding
from deployments.director.run import Means
from serve.jobs import avatars, events, records
from serve.jobs.database import Database
from serve.jobs.models import Avatar
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts
from tests.still_stages import StillStages

START = 0.6
"""Seconds that the scripted stage takes to start."""


@dataclass
class StartingStages(StillStages):
    """The portrait stage is at zero until it has been called for a while."""

    async def paint(self, prompt: str, seed: int) -> Any:
        if await self.at_zero("portrait"):
            await asyncio.sleep(START)
            self.states["portrait"] = "ready"
            await asyncio.sleep(START)
        return await super().paint(prompt, seed)


@pytest.fixture
def means(tmp_path: Path, database: Database) -> Means:
    settings = Settings(data_dir=tmp_path)
    stages = StartingStages(lengths=(0.7,), boxes=((0.2, 0.2, 0.8, 0.8),))
    return Means(database, open_artifacts(settings.storage()), stages, settings, Holding(database))


async def stages_told(means: Means, name: str) -> list[tuple[str, float | None]]:
    """The stages of a job with a face in words, in the order told, with the seconds to go."""
    origin = {"prompt": "a woman", "seed": 1}
    avatar = Avatar(id=f"a_{name}", kind="prompt", listed=False, name="", origin=origin)
    await avatars.add(means.database, avatar)
    request = {"text": "Hi.", "voice": "anna", "speed": 1.0, "fps": "25", "size": "128x128"}
    job = records.NewJob(name, request | {"seed": 0, "life": False}, avatar.id)
    await records.create(means.database, job, max_active=9)
    await direct(means, name)
    done = await records.get(means.database, name)
    assert done.status == "completed", done.error
    told = await events.since(means.database, name, 0)
    return [(e.data["stage"], e.data["eta_seconds"]) for e in told if e.type == "stage"]


async def test_a_stage_at_zero_is_told_as_warming_up(means: Means) -> None:
    means.stages.states["portrait"] = "at_zero"
    first = await stages_told(means, "vid_1")
    assert [stage for stage, _ in first] == ["warming_up", "portrait", "video", "finishing"]


async def test_how_long_the_latest_start_took_is_how_long_the_next_may_take(means: Means) -> None:
    for name in ("vid_1", "vid_2"):
        means.stages.states["portrait"] = "at_zero"
        told = await stages_told(means, name)
    warming, seconds = told[0]
    assert warming == "warming_up"
    assert seconds is not None
    assert START / 2 < seconds < 10 * START


async def test_a_stage_that_runs_is_not_told_as_warming_up(means: Means) -> None:
    told = await stages_told(means, "vid_1")
    assert [stage for stage, _ in told] == ["portrait", "video", "finishing"]
