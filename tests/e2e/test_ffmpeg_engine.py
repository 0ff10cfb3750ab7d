"""The whole service with the system's ffmpeg as its encoder."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve.commands.private import LOCAL_CONFIG
from tests.fragments import decoded
from tests.server import Server, running_server


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ffmpeg under a name of its own, so that its processes are told from others'."""
    path = tmp_path_factory.mktemp("bin") / "ffmpeg-of-the-test"
    path.write_text(f'#!/bin/sh\nexec -a {path} ffmpeg "$@"\n'.replace("/bin/sh", "/bin/bash"))
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, program: Path) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("ffmpeg")
    config = folder / "config.yaml"
    engine = "deployments.encode.ffmpeg:FFmpeg\n          options: {program: " + f"{program}}}"
    config.write_text(LOCAL_CONFIG.read_text().replace("deployments.encode.pyav:PyAV", engine))
    with running_server(folder / "data", config) as running:
        yield running


def processes(program: Path) -> list[int]:
    """Those that run the program."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:  # it has just ended
            continue
        if command.startswith(str(program).encode()):
            found.append(int(entry.name))
    return found


def test_a_video_is_encoded_and_its_segments_join(server: Server) -> None:
    text = "Hello there. Maybe we pop a big bubble, and then another one."
    job = server.video(json={"avatar": "amara", "text": text, "size": "256x256"}, within=120)
    assert job["status"] == "completed", job["error"]
    times, _ = decoded(server.fetch(job["urls"]["video"]))
    assert [round(25 * at) for at in times] == list(range(job["frames"]))


def test_a_cancelled_video_leaves_no_process(server: Server, program: Path) -> None:
    text = "This is a long story that somebody will soon have heard enough of. " * 60
    with server.client() as http:
        job = http.post("/v1/videos", json={"avatar": "amara", "text": text}).json()
        deadline = time.monotonic() + 60
        while not processes(program):
            assert time.monotonic() < deadline
        assert http.post(f"{job['urls']['self']}/cancel").json()["status"] == "cancelled"
    deadline = time.monotonic() + 10
    while processes(program):
        assert time.monotonic() < deadline
        time.sleep(0.05)
