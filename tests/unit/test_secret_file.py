"""Secrets that the service makes for itself: made once, whole, and for nobody else to read."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from serve.secret_file import made_once, replaced


def test_of_several_made_at_once_one_stands_and_nothing_else_is_left(tmp_path: Path) -> None:
    together = Barrier(4)

    def make(n: int) -> bytes:
        together.wait(10)  # none is there yet, and all are making one
        return bytes([n])

    path = tmp_path / "data" / "secret"
    with ThreadPoolExecutor(4) as several:
        found = set(several.map(lambda n: made_once(path, lambda: make(n)), range(4)))
    assert found == {path.read_bytes()}
    assert list(path.parent.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_one_that_is_there_stays_until_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    assert made_once(path, lambda: b"first") == b"first"
    assert made_once(path, lambda: b"second") == b"first"
    assert replaced(path, b"third") == b"third"
    assert made_once(path, lambda: b"fourth") == b"third"
    assert list(tmp_path.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
