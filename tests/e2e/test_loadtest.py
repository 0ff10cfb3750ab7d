"""The users of the load tests, on the real service for a few seconds."""

import json
import subprocess
import sys
from pathlib import Path

import gallery
from loadtest.levels import faults, summary
from loadtest.material import PICTURES, RECORDINGS
from loadtest.record import read
from tests.server import Server


def drive(url: str, folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "loadtest.drive", "--host", url, "--pace", "0.1"]
    command += ["--steps", json.dumps([[3, 8]]), "--material", str(folder)]
    command += ["--out", str(folder / "requests"), *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=200)


def test_users_make_watch_and_hear_things_and_nothing_fails(
    server: Server, recording: bytes, tmp_path: Path
) -> None:
    for name in RECORDINGS:
        (tmp_path / name).write_bytes(recording)
    for name, (_, _, which) in PICTURES.items():
        (tmp_path / name).write_bytes(gallery.file(gallery.avatars()[which].id).read_bytes())
    ended = drive(server.url, tmp_path)
    assert ended.returncode == 0, ended.stderr
    requests = list(read(tmp_path / "requests"))
    assert not faults(requests), ended.stderr
    kinds = summary(requests)
    assert {"page", "page's file", "gallery", "video", "speech"} <= kinds.keys()


def test_users_are_not_let_loose_on_other_machines(tmp_path: Path) -> None:
    ended = drive("http://192.0.2.7:8000", tmp_path)
    assert ended.returncode == 2
    assert "not this machine" in ended.stderr
    assert not (tmp_path / "requests").exists()
