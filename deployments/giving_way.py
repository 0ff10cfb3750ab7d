"""Whom the processors serve first: stages that work through long videos stand behind the others."""

import os
from pathlib import Path
from typing import Final

NICENESS: Final = 19
"""The last place. See ADR 8."""
_THREADS: Final = Path("/proc/self/task")


def give_way() -> None:
    """Let every other process go first; for all threads of this one, and those that they start.

    All alike: a thread that is kept waiting while it has Python's lock keeps the others waiting.
    Where threads have no priorities of their own (not Linux), the process has.
    """
    if not _THREADS.is_dir():
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
        return
    for thread in _THREADS.iterdir():
        os.setpriority(os.PRIO_PROCESS, int(thread.name), NICENESS)
