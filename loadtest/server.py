"""A server of the load's own: started, watched, looked behind, ended."""

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

import gallery
from bench.processes import tree
from loadtest.prepare import prepare
from loadtest.seen import Left
from loadtest.watch import alive, files_below, launcher_of, shared_files
from serve.commands.private import private_server

ACTIVE: Final = ("queued", "in_progress")
SETTLE: Final = 120.0
"""Seconds in which jobs that nobody waits for any more have to end."""
STOPPED: Final = 10.0
"""Seconds after a server's end in which its last process has to be gone."""


@dataclass(frozen=True)
class Place:
    """A server and where it keeps things."""

    url: str
    root: int
    """Its first process."""
    folder: Path
    """Holds `data`, `tmp` (where its processes put temporary files) and `material`."""


@contextmanager
def folders() -> Iterator[Path]:
    """A folder for a server's data and temporary files, and for what users send, made by then."""
    # Short: the paths of Ray's sockets, below it, have an end.
    with tempfile.TemporaryDirectory(prefix="lt", dir="/tmp") as name:
        folder = Path(name)
        for part in ("data", "tmp", "material"):
            (folder / part).mkdir()
        prepare(folder / "material")
        yield folder


@contextmanager
def server(folder: Path, left: Left) -> Iterator[Place]:
    """The embedded server; when the block ends, `left` knows what outlived it."""
    with (
        environment({"TMPDIR": str(folder / "tmp")}),
        private_server(data_dir=folder / "data") as url,
    ):
        place = Place(url, launcher_of(), folder)
        try:
            yield place
        finally:
            processes, shared = tree(place.root), shared_files(place.root)
    note_outliving(processes, shared, left)


def note_outliving(processes: list[int], shared: set[str], left: Left) -> None:
    """Which of a server's processes and shared memory are there after its end."""
    deadline = time.monotonic() + STOPPED
    while (living := alive(processes)) and time.monotonic() < deadline:
        time.sleep(0.2)
    left.processes = len(living)
    left.shared = sorted(name for name in shared if Path(name).exists())


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Variables for the processes that are started in the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def look_behind(place: Place, left: Left) -> None:
    """Note what users left on a running server: jobs, failures, files. Removes their videos."""
    with httpx.Client(base_url=place.url, timeout=60, trust_env=False) as http:
        deadline = time.monotonic() + SETTLE
        while any(job["status"] in ACTIVE for job in _videos(http)):
            if time.monotonic() > deadline:
                break
            time.sleep(1)
        videos = _videos(http)
        left.stuck = sum(job["status"] in ACTIVE for job in videos)
        failed = (job["error"]["code"] for job in videos if job["status"] == "failed")
        left.failed = dict(Counter(failed))
        for job in videos:
            http.delete(job["urls"]["self"]).raise_for_status()
    stay = ("portraits/", "voices/", *(f"avatars/{avatar.id}/" for avatar in gallery.avatars()))
    kept = files_below(place.folder / "data" / "artifacts")
    left.artifacts = [name for name in kept if not name.startswith(stay)]
    left.temporary = files_below(place.folder / "tmp")


def _videos(http: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = http.get(f"/v1/videos?limit=100{after}").raise_for_status().json()
        found += page["data"]
        if not page["has_more"]:
            return found
        after = f"&after={found[-1]['id']}"
