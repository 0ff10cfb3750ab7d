"""Where each deployment's processor time goes: `python -m bench.profiles`.

A warm private server makes videos of 512 x 512 for two clients at once while py-spy looks at every
replica 100 times a second (`pip install "py-spy>=0.4,<0.5"`; it needs the right to trace). What it
saw goes to bench/results/profiles.txt: by deployment the functions that ran most, by themselves and
with all that they called, as shares of the samples in which a thread of it ran. py-spy takes
threads that wait in C for running ones; those that WAITING names are left out, and with them what
Ray's own threads and the event loop do in C.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.pipeline import server, timed
from bench.processes import RAY, role, tree

RESULTS: Final = Path(__file__).parent / "results" / "profiles.txt"
RATE: Final = 100
"""Looks a second."""
CLIENTS: Final = 2
MOST: Final = 14
"""Functions that a table shows."""
WAITING: Final = frozenset(
    {
        "_worker (concurrent/futures/thread.py)",
        "wait (threading.py)",
        "run (threading.py)",
        "main_loop (ray/_private/worker.py)",
        "_connection_worker_thread (aiosqlite/core.py)",
        "get (queue.py)",
        "run (anyio/_backends/_asyncio.py)",
    }
)
"""Functions in which a thread waits for work, without the classes that newer Pythons put before."""
SCAFFOLD: Final = WAITING | {
    "_bootstrap (threading.py)",
    "_bootstrap_inner (threading.py)",
    "run (concurrent/futures/thread.py)",
}
"""Those, and what every thread begins with."""
_FRAME: Final = re.compile(r"^(?P<name>.+) \((?P<file>[^()]*?\.pyx?)(:\d+)?\)$")
_PACKAGES: Final = re.compile(r"^.*/(?:site-packages|lib/python3\.\d+)/")

Stacks = dict[tuple[str, ...], int]
"""How often each stack was seen, its outermost function first."""


def read_stacks(text: str) -> Stacks:
    """py-spy's raw format: functions parted by semicolons, then a count, line by line."""
    stacks: Counter[tuple[str, ...]] = Counter()
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = tuple(_short(frame) for frame in stack.split(";"))
        stack = tuple(frame for frame in frames if frame)
        if stack and _plain(stack[-1]) not in WAITING:
            stacks[stack] += int(count)
    return dict(stacks)


def _plain(frame: str) -> str:
    """A function without its class."""
    name, _, file = frame.partition(" (")
    return f"{name.rpartition('.')[2]} ({file}"


def _short(frame: str) -> str:
    """A function and its file without line and the way there; threads' own lines are left out."""
    found = _FRAME.match(frame)
    if found is None:
        return ""
    return f"{found['name']} ({_PACKAGES.sub('', found['file'])})"


def table(stacks: Stacks) -> Iterator[str]:
    """Lines: shares of the samples by the functions that ran, and by those that had called them."""
    total = sum(stacks.values())
    own, whole = Counter[str](), Counter[str]()
    for stack, count in stacks.items():
        own[stack[-1]] += count
        for frame in set(stack):
            if _plain(frame) not in SCAFFOLD:
                whole[frame] += count
    for title, counts in (("by themselves", own), ("with all they called", whole)):
        yield f"  {title}"
        for frame, count in counts.most_common(MOST):
            yield f"  {count / total:6.1%}  {frame}"


def program() -> str | None:
    """py-spy, beside this interpreter or elsewhere."""
    here = str(Path(sys.executable).parent)
    return shutil.which("py-spy", path=os.pathsep.join([here, os.environ.get("PATH", "")]))


def watch(root: int, seconds: float) -> dict[str, Stacks]:
    """What the replicas of a server do for so many seconds, by deployment."""
    replicas = {process: role(process) for process in tree(root)}
    with tempfile.TemporaryDirectory() as folder:
        looking = {
            process: subprocess.Popen(
                [
                    *(str(program()), "record", "--pid", str(process)),
                    *("--format", "raw", "--rate", str(RATE), "--duration", str(round(seconds))),
                    *("--output", f"{folder}/{process}", "--nolineno"),
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for process, what in replicas.items()
            if what != RAY
        }
        for looker in looking.values():
            looker.wait()
        found: dict[str, Stacks] = {}
        for process in looking:
            written = Path(folder) / str(process)
            if written.exists():
                stacks = found.setdefault(replicas[process], {})
                for stack, count in read_stacks(written.read_text()).items():
                    stacks[stack] = stacks.get(stack, 0) + count
    return found


def measure(seconds: float, life: str) -> dict[str, Stacks]:
    """Profiles of a server under load."""
    with server() as (url, root):
        timed(url, root, CLIENTS, 1, 10.0, life)
        over = threading.Event()

        def load() -> None:
            while not over.is_set():
                timed(url, root, CLIENTS, 1, 20.0, life)

        loading = threading.Thread(target=load)
        loading.start()
        try:
            time.sleep(2.0)
            return watch(root, seconds)
        finally:
            over.set()
            loading.join()


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long to look")
    arguments = parser.parse_args()
    if program() is None:
        raise SystemExit('py-spy is missing: pip install "py-spy>=0.4,<0.5"')
    lines = [
        f"python -m bench.profiles --seconds {arguments.seconds:g}",
        f"{os.cpu_count()} cores, {platform.machine()}, shared; Python {platform.python_version()}",
    ]
    for life in ("off", "on"):
        for name, stacks in sorted(measure(arguments.seconds, life).items()):
            busy = sum(stacks.values()) / RATE / arguments.seconds
            lines += ["", f"{name}, life {life}: {busy:.2f} threads run", *table(stacks)]
    RESULTS.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
