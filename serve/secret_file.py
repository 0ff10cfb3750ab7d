"""Secrets that the service makes for itself: a file each in the data folder, for its user alone."""

import os
from collections.abc import Callable
from pathlib import Path


def made_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """What the file holds, or what `make` gives where there is none.

    Of several that make it at once, processes or threads, the first one's stands. Blocks.
    """
    if not path.exists():
        made = _beside(path, make())
        try:
            os.link(made, path)  # whole or not at all, and never over another's
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_bytes()


def replaced(path: Path, data: bytes) -> bytes:
    """What the file holds once this has taken its place. Blocks."""
    _beside(path, data).replace(path)
    return path.read_bytes()


def _beside(path: Path, data: bytes) -> Path:
    """Write it under another name in the same folder."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    return made
