"""The service on Wav2Lip: its weights made up, all else as it runs in production, on the CPU."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import av
import numpy as np
import pytest
import yaml

from serve.commands.private import LOCAL_CONFIG
from tests.server import Server, running_server
from tests.wav2lip import save_checkpoint

AVATARS = ("amara", "clara", "mei")


@pytest.fixture(scope="module")
def on_wav2lip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("wav2lip")
    checkpoint = save_checkpoint(folder / "wav2lip_gan.pth")
    config = yaml.safe_load(LOCAL_CONFIG.read_text())
    for deployment in config["applications"][0]["deployments"]:
        if deployment["name"] == "Lipsync":
            options = {"file": str(checkpoint), "device": "cpu", "batch": 4}
            engine = "deployments.lipsync.wav2lip.engine:Wav2Lip"
            deployment["user_config"] = {"engine": engine, "threads": 2, "options": options}
    changed = folder / "config.yaml"
    changed.write_text(yaml.safe_dump(config))
    with running_server(folder / "data", changed) as running:
        yield running


def pictures(data: bytes) -> np.ndarray:
    with av.open(io.BytesIO(data)) as file:
        return np.stack([frame.to_ndarray(format="gray") for frame in file.decode(video=0)])


def test_jobs_at_once_each_get_a_video_of_their_own_face(on_wav2lip: Server) -> None:
    def ask(avatar: str) -> dict[str, object]:
        body = {"avatar": avatar, "text": "Hello there.", "size": "256x256", "life": False}
        return on_wav2lip.video(json=body, within=150)

    with ThreadPoolExecutor(len(AVATARS)) as clients:
        jobs = list(clients.map(ask, AVATARS))
    shown = []
    for job in jobs:
        assert job["status"] == "completed", job
        frames = pictures(on_wav2lip.fetch(job["urls"]["video"])).astype(int)  # type: ignore[index]
        assert len(frames) > 20
        moves = np.abs(frames - frames[0]).max(axis=0)
        assert moves[160:].max() > 40  # made-up weights paint noise where the mouth is
        assert moves[:60].mean() < 3  # and nothing above the eyes
        shown.append(frames[0])
    assert np.abs(shown[0] - shown[1]).mean() > 5
    assert np.abs(shown[1] - shown[2]).mean() > 5


def test_the_system_names_the_engine(on_wav2lip: Server) -> None:
    with on_wav2lip.client() as http:
        stage = http.get("/v1/system").json()["stages"]["lipsync"]
    assert stage["state"] == "ready"
    assert stage["engine"] == "deployments.lipsync.wav2lip.engine:Wav2Lip"
