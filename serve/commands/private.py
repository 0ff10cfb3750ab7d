"""A server of one's own for the length of a command: started, awaited, stopped, nothing left."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from media.errors import AvatarError
from serve.settings import Settings
from serve.weights.configured import configured_weights
from serve.weights.store import open_store

LOCAL_CONFIG: Final = Path(__file__).resolve().parents[2] / "config" / "local.yaml"
STOP_SECONDS: Final = 20.0


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require_weights(config: Path = LOCAL_CONFIG) -> None:
    """Raise AvatarError `weights_missing` now, rather than from a stage that does not come up."""
    store = open_store(Settings())
    for name in configured_weights(config, store.manifest):
        store.paths(name)


@contextmanager
def private_server(
    config: Path = LOCAL_CONFIG, data_dir: Path | None = None, ray_dir: Path | None = None
) -> Iterator[str]:
    """The base URL of a server with its own data folder; both are gone when the block ends.

    `data_dir` keeps the data in a folder of the caller's instead, `ray_dir` what Ray writes, its
    logs among it: one of `short_folder`. Raises AvatarError
    `weights_missing` before anything starts, and `internal`, with the stages' own words, where the
    server does not come up.
    """
    require_weights(config)
    with launched(config, os.environ, data_dir, ray_dir) as (url, _):
        yield url


@contextmanager
def launched(
    config: Path,
    environment: Mapping[str, str],
    data_dir: Path | None = None,
    ray_dir: Path | None = None,
    *,
    tree: Path | None = None,
) -> Iterator[tuple[str, int]]:
    """`private_server`, of weights that are there: its base URL, and its first process.

    `tree` is the folder whose code it runs, where that is not ours.
    """
    with tempfile.TemporaryDirectory(prefix="avatar-", dir=short_folder()) as folder:
        command = [sys.executable, "-m", "deployments.launch", str(config)]
        command += ["--port", str(free_port()), "--private"]
        with tempfile.TemporaryFile("w+") as complaints:
            server = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                cwd=tree,
                env={
                    **environment,
                    "AVATAR_DATA_DIR": str(data_dir or Path(folder) / "data"),
                    "AVATAR_RAY_DIR": str(ray_dir or Path(folder) / "ray"),
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
                start_new_session=True,
            )
            try:
                yield _await_ready(server, complaints), server.pid
            finally:
                stop(server)


def short_folder() -> str | None:
    """Where Ray's sockets fit: their paths, 80 characters below this folder, may have 107."""
    return None if len(tempfile.gettempdir()) <= 16 else "/tmp"  # noqa: S108 - made unguessable


def _await_ready(server: "subprocess.Popen[str]", complaints: object) -> str:
    if server.stdout is None:
        raise RuntimeError("the launcher's output is not piped")
    for line in server.stdout:
        word, _, url = line.strip().partition(" ")
        if word == "ready":
            return url
    server.wait()
    complaints.seek(0)  # type: ignore[attr-defined]  # a temporary text file
    said = complaints.read().strip()  # type: ignore[attr-defined]  # a temporary text file
    raise AvatarError("internal", f"The server did not start. {said}".strip())


def stop(server: "subprocess.Popen[str]") -> None:
    """End the server and every process of its session."""
    with suppress(ProcessLookupError):
        server.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        server.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    for pipe in (server.stdin, server.stdout):
        if pipe is not None:
            pipe.close()
