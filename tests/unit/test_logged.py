"""A failed test tells what the servers that it used logged while it ran, and no more."""

import os
from pathlib import Path

from tests.logged import LINES, logged

BEGAN = 1000.0


def written(path: Path, text: str, at: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (at, at))


def test_the_end_of_each_log_that_was_written_to_meanwhile_is_told(tmp_path: Path) -> None:
    logs = tmp_path / "ray" / "session_2026-11-26_12-00-00_1_2" / "logs"
    many = "\n".join(str(n) for n in range(100))
    written(logs / "serve" / "replica_avatar_Encode_a.log", many, BEGAN + 1)
    written(logs / "worker-1.err", "Traceback", BEGAN + 2)
    written(logs / "serve" / "replica_avatar_Face_b.log", "of an earlier test", BEGAN - 1)
    written(logs / "worker-2.err", "", BEGAN + 2)
    written(tmp_path / "log", "said by the host", BEGAN + 3)
    assert dict(logged(tmp_path, BEGAN)) == {
        "replica_avatar_Encode_a.log": "\n".join(many.splitlines()[-LINES:]),
        "worker-1.err": "Traceback",
        "log": "said by the host",
    }


def test_a_folder_that_is_gone_tells_nothing(tmp_path: Path) -> None:
    assert dict(logged(tmp_path / "gone", BEGAN)) == {}
