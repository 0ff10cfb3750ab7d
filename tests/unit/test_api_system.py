"""Health, readiness and what the service says about itself."""

from pathlib import Path

import httpx
import pytest

from media.errors import AvatarError
from serve.api import system
from serve.settings import Settings
from serve.weights.store import open_store
from tests.fakes import FakeStages


async def test_alive_is_said_without_asking_anybody(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    stages.failures["about"] = RuntimeError("broken")
    assert (await client.get("/healthz")).json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("state", "status"),
    [("ready", 200), ("at_zero", 200), ("off", 200), ("starting", 503), ("failed", 503), ("", 503)],
)
async def test_ready_means_every_stage_takes_calls(
    client: httpx.AsyncClient, stages: FakeStages, state: str, status: int
) -> None:
    stages.states["lipsync"] = state
    answer = await client.get("/readyz")
    assert answer.status_code == status
    if status == 503:
        assert "lipsync" in answer.json()["error"]["message"]
        assert answer.json()["error"]["stages"]["face"] == "ready"


async def test_stages_that_do_not_answer_in_time_are_not_ready(
    client: httpx.AsyncClient, stages: FakeStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "ANSWER_SECONDS", 0.1)
    stages.delays["about"] = 5
    answer = await client.get("/readyz")
    assert answer.status_code == 503


async def test_the_system_tells_engines_licences_queue_and_limits(
    client: httpx.AsyncClient,
) -> None:
    await client.post("/v1/videos", json={"avatar": "mira", "text": "Hi."})
    told = (await client.get("/v1/system")).json()
    oldest = told["queue"].pop("oldest_seconds")
    assert 0 <= oldest < 10
    assert told["queue"] == {"queued": 1, "in_progress": 0}
    assert told["jobs"] == {"completed": 0, "failed": 0, "cancelled": 0}
    assert set(told["stages"]) == {
        "portrait", "face", "speech", "lipsync", "encode", "director", "cloning",
    }  # fmt: skip
    assert told["stages"]["speech"]["engine"] == "fake"
    assert told["stages"]["speech"]["weights"] == [
        {"name": "x", "licence": "unknown", "commercial_use": "unclear"}
    ]
    assert told["stages"]["speech"]["commercial_use"] == "unclear"
    assert told["limits"]["active_videos"] == 8
    assert told["links"] is True
    assert told["version"]


async def test_weights_of_the_manifest_bring_their_licences(client: httpx.AsyncClient) -> None:
    store = open_store(Settings())
    manifest = store.manifest
    for use in {entry.commercial_use for entry in manifest.values()}:
        names = [name for name, entry in manifest.items() if entry.commercial_use == use]
        told = system._stage({"weights": names}, store)
        assert told["commercial_use"] == use
        assert all(entry["licence"] and entry["provenance"] for entry in told["weights"])


async def test_a_stage_at_zero_tells_the_weights_that_its_config_chooses() -> None:
    about = {"state": "at_zero", "engine": "deployments.portrait.diffusion:Diffusion"}
    store = open_store(Settings())
    told = system._stage(about | {"options": {"model": "sd-1.5"}}, store)
    assert [entry["name"] for entry in told["weights"]] == ["mediapipe-face-landmarker", "sd-1.5"]
    told = system._stage(about, store)
    assert told["commercial_use"] == "unclear", "sd-turbo is the default"


async def test_a_stage_at_zero_tells_its_check_and_the_weights_of_both() -> None:
    check = {"state": "at_zero", "engine": "deployments.face.open_nsfw:OpenNSFW"}
    about = {"state": "at_zero", "engine": "deployments.face.mediapipe:MediaPipe", "check": check}
    told = system._stage(about, open_store(Settings()))
    assert [entry["name"] for entry in told["weights"]] == [
        *("mediapipe-face-landmarker", "open-nsfw"),
    ]
    assert told["check"] == check


async def test_weights_that_lack_here_are_told_with_the_command(tmp_path: Path) -> None:
    store = open_store(Settings(weights_dir=tmp_path))
    about = {"state": "at_zero", "engine": "deployments.portrait.steered:Steered"}
    (row, _) = system._stage(about, store)["weights"]
    assert (row["here"], row["file"]) == ("missing", "face_landmarker.task")
    assert "`avatar-serve weights fetch mediapipe-face-landmarker`" in row["remedy"]
    (tmp_path / row["name"]).mkdir()
    (tmp_path / row["name"] / row["file"]).write_bytes(b"short")
    assert system._stage(about, store)["weights"][0]["here"] == "damaged"
    (tmp_path / row["name"] / row["file"]).write_bytes(bytes(3758596))
    assert system._stage(about, store)["weights"][0]["here"] == "ok", "nothing is read"


async def test_a_stage_that_fails_with_its_own_error_says_so(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    stages.failures["about"] = AvatarError("weights_missing", "Fetch them: avatar-serve weights.")
    answer = await client.get("/v1/system")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "weights_missing"
