"""What a server that the tests run has logged, for whoever looks at a failed test."""

from collections.abc import Iterator
from pathlib import Path

LINES = 40
"""Of each file, the last."""


def logged(folder: Path, since: float) -> Iterator[tuple[str, str]]:
    """Name and end of each log below that something was written to since then, in Unix seconds."""
    for path in sorted(_logs(folder)):
        try:
            about = path.stat()
            if about.st_size and about.st_mtime >= since:
                lines = path.read_text(errors="replace").splitlines()[-LINES:]
                yield path.name, "\n".join(lines)
        except OSError:  # a process that ends removes its own
            continue


def _logs(folder: Path) -> set[Path]:
    """Serve's logs, and what processes of Ray said to standard error."""
    found = {folder / "log"}
    for session in folder.rglob("session_2*"):
        found |= {*session.glob("logs/serve/*.log"), *session.glob("logs/*.err")}
    return found
