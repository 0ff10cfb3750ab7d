"""A picture that the face stage's check refuses: by which input, and nothing is left of it."""

import logging
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments.director.claim import direct
from deployments.director.holding import Holding
from deployments.director.run import Means
from media.errors import AvatarError
from serve.jobs import records
from serve.jobs.database import Database
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts
from tests.conftest import Stored, check_refusal, nothing_is_left
from tests.fakes import FakeStages, avatar, new_job, png
from tests.still_stages import StillStages

UNSAFE = AvatarError("unsafe_image", "Said by the check: choose another.")
PNG = ("x.png", png())
SENT: list[tuple[str, dict[str, Any], str]] = [
    ("/v1/faces", {"files": {"image": PNG}}, "image"),
    ("/v1/videos", {"data": {"text": "Hi."}, "files": {"avatar_image": PNG}}, "avatar_image"),
    ("/v1/avatars", {"files": {"image": PNG}}, "image"),
    ("/v1/avatars", {"json": {"prompt": "a man"}}, "prompt"),
    ("/v1/images/generations", {"json": {"prompt": "a man"}}, "prompt"),
]


@pytest.mark.parametrize(("path", "sent", "param"), SENT, ids=[f"{p} {n}" for p, _, n in SENT])
async def test_it_is_refused_under_the_name_that_it_came_by(
    client: httpx.AsyncClient,
    stages: FakeStages,
    stored: Stored,
    path: str,
    sent: dict[str, Any],
    param: str,
) -> None:
    stages.failures["find_faces"] = UNSAFE
    answer = await client.post(path, **sent)
    check_refusal(answer, "unsafe_image", param, 400 if "images" in path else 422)
    remedy = "other words" if param == "prompt" else "choose another"
    assert remedy in answer.json()["error"]["message"]
    await nothing_is_left(client, stored)


async def test_a_prompt_painted_inside_a_job_fails_it_at_once(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stages = StillStages(failures={"find_faces": UNSAFE})
    settings = Settings(data_dir=tmp_path)
    means = Means(database, open_artifacts(settings.storage()), stages, settings, Holding(database))
    words = {"prompt": "words of mine", "seed": 1}
    unpainted = avatar("avt_1", origin=words)
    job = new_job("vid_1", "avt_1", avatar_prompt=words["prompt"], seed=1)
    await records.create(database, job, max_active=9, avatar=unpainted)
    await direct(means, "vid_1")
    failed = await records.get(database, "vid_1")
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error["code"] == "unsafe_image"
    assert failed.error["param"] == "avatar_prompt"
    assert failed.error["retryable"] is False
    assert "another seed" in failed.error["message"]
    assert stages.calls.count("paint") == stages.calls.count("find_faces") == 1
    assert not [path for path in tmp_path.rglob("*.webp")]
    assert "words of mine" not in caplog.text
