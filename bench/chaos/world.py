"""Everything that chaos can strike: the cluster, a PostgreSQL server, a small disk."""

import os
import shutil
import subprocess
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from bench.chaos.cluster import HostError, ServiceCluster
from bench.chaos.config import chaos_config
from serve.commands.private import free_port
from serve.settings import Settings
from tests.postgres import Postgres, postgres

DISK_BYTES: Final = 256 * 2**20
ACTIVE_JOBS: Final = 80


@dataclass
class World:
    """The service and what it stands on."""

    cluster: ServiceCluster
    records: Postgres
    disk: Path
    notes: Path
    settings: Settings
    """As the service has them, for whoever looks at its records and artifacts directly."""
    _locks: dict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))

    def one_at_a_time(self, part: str) -> threading.Lock:
        """To be held while a part of the world is struck."""
        return self._locks[part]

    @property
    def logs(self) -> Path:
        """The folder of all logs: the host's own, and Ray's."""
        return self.cluster.log.parent

    @property
    def store(self) -> Path:
        """The artifacts' folder, on a file system of its own."""
        return self.disk / "artifacts"


@contextmanager
def world(replicas: dict[str, int] | None = None) -> Iterator[World]:
    """A running service; nothing is left of it when the block ends. Wants to be root (a mount)."""
    # Short: the paths of Ray's sockets may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir="/tmp"))
    disk, notes, port = folder / "disk", folder / "notes", free_port()
    config = folder / "config.yaml"
    (folder / "ray").mkdir()  # Ray writes its address there before it makes the folder
    config.write_text(yaml.safe_dump(chaos_config(notes, port, replicas)))
    try:
        with mounted(disk), postgres() as records:
            environment = {
                "AVATAR_DATABASE_URL": records.url(),
                "AVATAR_STORAGE_URL": (disk / "artifacts").as_uri(),
                "AVATAR_DATA_DIR": str(folder / "data"),
                "AVATAR_MAX_ACTIVE_JOBS": str(ACTIVE_JOBS),
                # The cluster's temporary files are not on the disk that fills.
                "TMPDIR": str(folder),
            }
            settings = Settings(
                database_url=environment["AVATAR_DATABASE_URL"],
                storage_url=environment["AVATAR_STORAGE_URL"],
                data_dir=folder / "data",
            )
            cluster = ServiceCluster(config, folder / "ray", folder / "log", environment, port)
            try:
                cluster.start()
                yield World(cluster, records, disk, notes, settings)
            finally:
                _keep_logs(folder)
                with suppress(HostError):
                    cluster.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def mounted(folder: Path, size: int = DISK_BYTES) -> Iterator[None]:
    """A file system in memory of a fixed size: a disk that can really be full."""
    if os.geteuid():
        raise PermissionError("a disk of its own is mounted for chaos: run it as root")
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        # Lazily: a process that is just dying may still have a file open.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _keep_logs(folder: Path) -> None:
    """Copy Ray's and Serve's logs to CHAOS_LOGS, if that is set."""
    target = os.environ.get("CHAOS_LOGS")
    if target:
        with suppress(OSError, shutil.Error):
            for number, logs in enumerate(sorted((folder / "ray").glob("session_2*/logs"))):
                shutil.copytree(logs, Path(target) / str(number), dirs_exist_ok=True)
            shutil.copy(folder / "log", target)
