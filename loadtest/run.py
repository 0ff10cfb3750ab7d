"""Lets users loose on a server by a process of their own, while the server is watched."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loadtest.bounds import FINISHING, Step, check_host, check_steps
from loadtest.record import Request, read
from loadtest.seen import Left, Seen
from loadtest.server import Place, environment, folders, look_behind, server
from loadtest.watch import Watch, watched

Users = subprocess.Popen[bytes]


def machine() -> str:
    """What was measured on."""
    return f"{os.cpu_count()} cores, {platform.machine()}"


def about(steps: Sequence[Step], pace: float, note: str) -> dict[str, Any]:
    """How a load is run."""
    listed = [(step.users, step.seconds) for step in steps]
    return {"machine": machine(), "steps": listed, "pace": pace, "note": note}


def start(
    url: str, steps: Sequence[Step], folder: Path, pace: float = 1.0, *, anywhere: bool = False
) -> Users:
    """Let users loose on a service; FOLDER has the material, and gets what they asked for.

    Raises RefusedError for another machine's address and for a load without bounds.
    """
    check_host(url, anywhere=anywhere)
    check_steps(steps)
    listed = json.dumps([(step.users, step.seconds) for step in steps])
    command = [sys.executable, "-m", "loadtest.drive", "--host", url, "--steps", listed]
    command += ["--material", str(folder / "material"), "--out", str(folder / "requests")]
    command += ["--pace", str(pace), *(["--anywhere"] if anywhere else [])]
    return subprocess.Popen(command)


def finished(users: Users, steps: Sequence[Step], folder: Path) -> list[Request]:
    """What they asked for, once all are gone. Raises SystemExit where they did not come to that."""
    if users.wait(sum(step.seconds for step in steps) + 2 * FINISHING + 60):
        raise SystemExit("the users' own process failed")
    return list(read(folder / "requests"))


def on_own_server(
    steps: Sequence[Step], pace: float, note: str, settings: Mapping[str, str] | None = None
) -> Seen:
    """Run all steps on a server of their own, with these variables set for it."""
    left = Left()
    with folders() as folder, environment(dict(settings or {})):
        with server(folder, left) as place:
            began = time.time()
            with load(place, steps, pace) as (process, watch):
                requests = finished(process, steps, folder)
            look_behind(place, left)
        return Seen(about(steps, pace, note), began, requests, watch.looks, left)


@contextmanager
def load(place: Place, steps: Sequence[Step], pace: float) -> Iterator[tuple[Users, Watch]]:
    """Users at work, the server watched, while the block runs; the last users end with it."""
    with watched(place.root) as watch:
        users = start(place.url, steps, place.folder, pace)
        try:
            yield users, watch
        finally:
            users.kill()
            users.wait()
