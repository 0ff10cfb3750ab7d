"""A real PostgreSQL server of the tests' own: started, stopped, started again, nothing left."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg

from serve.commands.private import free_port
from serve.storage import keys

_UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    # What is tested is order and isolation, not what a disk keeps of them.
    "fsync": "off",
}


@dataclass
class Postgres:
    """A server in a folder; its data outlives a stop."""

    folder: Path
    binaries: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        options = [word for pair in _SETTINGS.items() for word in ("-c", "=".join(pair))]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.data, "-p", str(self.port), *options],
                stderr=log,
                start_new_session=True,
                **_as_nobody(),
            )
        deadline = time.monotonic() + 30
        ready = [self.binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop: SIGINT cuts every connection, SIGQUIT also leaves what a crash would."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None

    def url(self, name: str = "postgres", driver: str = "postgresql+asyncpg") -> str:
        """Where a database of the server is."""
        return f"{driver}://postgres@127.0.0.1:{self.port}/{name}"

    async def run(self, statement: str) -> None:
        """Run one statement on the server, outside any transaction."""
        connection = await asyncpg.connect(self.url(driver="postgresql"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def new_database(self) -> str:
        """The URL of a database that nobody uses yet, empty."""
        name = keys.new_id("test")
        await self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    async def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        await self.run(f"DROP DATABASE {url.rsplit('/', 1)[1]} WITH (FORCE)")


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A running server with its folder; both are gone when the block ends."""
    # Not pytest's folder: that one is closed to the user the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="avatar-postgres-"))
    server = Postgres(folder, _binaries(folder))
    try:
        if _as_nobody():
            shutil.chown(folder, _UNPRIVILEGED)
        initdb = [server.binaries / "initdb", "-D", server.data, "-U", "postgres"]
        initdb += ["--auth=trust", "--encoding=utf8", "--no-sync", "--locale=C"]
        subprocess.run(initdb, check=True, capture_output=True, **_as_nobody())
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _binaries(folder: Path) -> Path:
    """PostgreSQL's programs from the `pgserver` wheel, where the server's user can read them."""
    spec = find_spec("pgserver")
    assert spec is not None, "the extra `test` is not installed"
    assert spec.origin is not None
    site = Path(spec.origin).parents[1]
    if _as_nobody():
        for part in ("pgserver/pginstall", "pgserver.libs"):
            shutil.copytree(site / part, folder / part, symlinks=True)
        site = folder
    return site / "pgserver" / "pginstall" / "bin"


def _as_nobody() -> dict[str, Any]:
    """How to start a program that must not run as root."""
    if os.geteuid():
        return {}
    return {"user": _UNPRIVILEGED, "group": pwd.getpwnam(_UNPRIVILEGED).pw_gid, "extra_groups": []}
