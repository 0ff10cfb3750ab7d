"""What the chaos engines did, noted in a file that outlives them: the count of work done twice."""

import os
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Note:
    """A piece of work that began: a segment from frame `at`, or the spoken piece number `at`."""

    time: float
    process: int
    what: str
    job: int
    at: int
    fence: int
    """Of the claim that asked for a segment; speech is not told and notes 0."""


def note(file: Path, what: str, job: int, at: int, fence: int = 0) -> None:
    """Append a line; lines of several processes never mix."""
    line = f"{time.time():.4f} {os.getpid()} {what} {job} {at} {fence}\n"
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, line.encode())
    finally:
        os.close(handle)


def read_notes(file: Path) -> list[Note]:
    """All notes, in the order in which they were made."""
    if not file.exists():
        return []
    return [
        Note(float(at), int(process), what, int(job), int(where), int(fence))
        for at, process, what, job, where, fence in map(str.split, file.read_text().splitlines())
    ]
