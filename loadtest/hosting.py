"""A server that is deployed to again, seen from outside."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import tree
from loadtest.seen import Left
from loadtest.server import environment, note_outliving
from loadtest.watch import shared_files
from serve.commands.private import free_port, require_weights, stop

Replicas = dict[str, list[int]]
"""Process ids by deployment."""


@dataclass
class Host:
    """`loadtest.host` as a process."""

    process: "subprocess.Popen[str]"
    url: str

    def line(self) -> Replicas:
        """Its next answer. Raises SystemExit where it is gone."""
        assert self.process.stdout is not None  # noqa: S101 - piped
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the server is gone")
        found: Replicas = json.loads(line)
        return found

    def deploy(self, config: Path) -> Replicas:
        """Deploy another config over the running one; returns once all old replicas are gone."""
        assert self.process.stdin is not None  # noqa: S101 - piped
        self.process.stdin.write(f"{config}\n")
        self.process.stdin.flush()
        return self.line()


@contextmanager
def hosted(config: Path, folder: Path, left: Left) -> Iterator[tuple[Host, Replicas]]:
    """The server of a config, with its data below `folder`; and its replicas."""
    require_weights(config)
    port = free_port()
    variables = {
        "TMPDIR": str(folder / "tmp"),
        "AVATAR_DATA_DIR": str(folder / "data"),
        "AVATAR_RAY_DIR": str(folder / "ray"),
        # The running release is found by this alone: Ray looks for a replica's modules in the
        # folder that its driver was started in first, even before a working directory's own.
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    command = [sys.executable, "-m", "loadtest.host", str(config), "--port", str(port)]
    with environment(variables):
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    host = Host(process, f"http://127.0.0.1:{port}")
    try:
        yield host, host.line()
    finally:
        processes, shared = tree(process.pid), shared_files(process.pid)
        stop(process)
    note_outliving(processes, shared, left)
