"""What a server holds while it is loaded: memory, open files, processes, CPU; and what is left."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.processes import cpu_seconds, memory_by_process, repeated, tree

EVERY: Final = 10.0
"""Seconds between two looks; each reads every process's page tables."""


@dataclass(frozen=True, slots=True)
class Look:
    """All processes of the server at one time."""

    at: float
    """Unix seconds."""
    memory: dict[str, int]
    """Proportional bytes of each process, by its number and name."""
    files: int
    """Open files of all processes, sockets and pipes among them."""
    cpu: float
    """Seconds of CPU that all have used so far."""


@dataclass
class Watch:
    """Looks over time."""

    root: int
    looks: list[Look] = field(default_factory=list)

    def look(self) -> None:
        """Take one."""
        processes = tree(self.root)
        self.looks.append(
            Look(
                round(time.time(), 1),
                memory_by_process(processes),
                sum(map(_open_files, processes)),
                round(cpu_seconds(self.root), 1),
            )
        )

    def as_dict(self) -> list[dict[str, Any]]:
        """For the raw figures."""
        return [asdict(look) for look in self.looks]


@contextmanager
def watched(root: int, every: float = EVERY) -> Iterator[Watch]:
    """Look at a process and its descendants while the block runs, and once more at its end."""
    watch = Watch(root)
    try:
        with repeated(watch.look, every):
            yield watch
    finally:
        watch.look()


def shared_files(root: int) -> set[str]:
    """Files of shared memory that the processes have mapped and that have a name."""
    found = set()
    for process in tree(root):
        try:
            maps = Path(f"/proc/{process}/maps").read_text()
        except OSError:
            continue
        for line in maps.splitlines():
            path = line.partition("/dev/shm/")  # noqa: S108 - read, not written
            if path[1] and not path[2].endswith("(deleted)"):
                found.add(path[1] + path[2])
    return found


def alive(processes: list[int]) -> list[int]:
    """Those that still run; zombies do not."""
    found = []
    for process in processes:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            found.append(process)
    return found


def files_below(folder: Path) -> list[str]:
    """Paths of all files in a folder, relative to it."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def launcher_of(parent: int | None = None) -> int:
    """The process that serves, a child of `parent` (this process where None)."""
    for process in tree(parent or os.getpid()):
        try:
            words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"deployments.launch" in words:
            return process
    raise LookupError("no server is running below this process")


def _open_files(process: int) -> int:
    try:
        return len(os.listdir(f"/proc/{process}/fd"))
    except OSError:
        return 0
