"""What a process and all its children use, from /proc."""

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_TICK: Final = os.sysconf("SC_CLK_TCK")
_REPLICA: Final = re.compile(r"ray::ServeReplica:avatar:(\w+)")
PROXIES: Final = "Serve's proxies"
RAY: Final = "Ray's own processes"


def own_output() -> IO[str]:
    """Standard output for our answers alone: what Ray prints goes where errors go."""
    output = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return output


def tree(root: int) -> list[int]:
    """The process and its living descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for process in found:
        found += children.get(process, [])
    return found


def cpu_seconds(root: int) -> float:
    """User and system time of the tree, children that have ended included."""
    total = 0.0
    for process in tree(root):
        total += cpu_seconds_of(process)
    return total


def cpu_seconds_of(process: int) -> float:
    """User and system time of one process, children that have ended included; 0 once it is gone."""
    fields = _stat(process)
    return sum(int(v) for v in fields[11:15]) / _TICK if fields else 0.0


def title(process: int) -> str:
    """What the process calls itself; Ray's replicas by what they do just now. Empty once gone."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0].decode()
    except OSError:
        return ""


def role(process: int) -> str:
    """What a process of the service is for: a stage's name, or one of those above."""
    name = title(process)
    if found := _REPLICA.match(name):
        return found[1]
    return PROXIES if name.startswith("ray::ProxyActor") else RAY


def busy_cores(root: int, seconds: float) -> float:
    """Cores that the tree keeps busy, on average over so many seconds from now."""
    began, cpu = time.perf_counter(), cpu_seconds(root)
    time.sleep(seconds)
    return (cpu_seconds(root) - cpu) / (time.perf_counter() - began)


def memory_bytes(root: int) -> int:
    """Proportional memory of the tree: what several processes share is counted once."""
    return sum(memory_by_process(tree(root)).values())


def memory_by_process(processes: Iterable[int]) -> dict[str, int]:
    """Proportional memory of each process in bytes, by its number and name."""
    found = {}
    for process in processes:
        try:
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        kilobytes = sum(
            int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")
        )
        # Ray's replicas call themselves by what they do just now.
        name = Path(title(process)).name.partition(".")[0]
        found[f"{process} {name}"] = kilobytes * 1024
    return found


def _stat(process: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the state on (proc(5): field 3 is index 0)."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


class Peak:
    """The highest memory seen."""

    bytes = 0


@contextmanager
def peak_memory(root: int, every: float = 0.25) -> Iterator[Peak]:
    """Watch a tree's memory while the block runs."""
    peak = Peak()

    def look() -> None:
        peak.bytes = max(peak.bytes, memory_bytes(root))

    with repeated(look, every):
        yield peak


@contextmanager
def repeated(look: Callable[[], None], every: float) -> Iterator[None]:
    """Call `look` from a thread of its own while the block runs, every so many seconds.

    One that takes longer is called again without a pause.
    """
    over = threading.Event()

    def keep_looking() -> None:
        while not over.is_set():
            next_look = time.perf_counter() + every
            look()
            over.wait(max(0.0, next_look - time.perf_counter()))

    watcher = threading.Thread(target=keep_looking, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
