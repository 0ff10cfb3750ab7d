"""What a server's files still hold of a video that was deleted: looked at last of all here."""

from pathlib import Path

from tests.e2e.observability.watched import WORDS, Watched


def test_nothing_that_users_wrote_is_in_any_file_once_its_video_is_deleted(
    watched: Watched,
) -> None:
    """Ray's session, its spilled objects and temporary files are searched."""
    folders = (watched.logs, watched.server.data_dir)
    kept = {word for word in WORDS if any(_holding(folder, word) for folder in folders)}
    assert kept == {"quixotish", "zanzibarian", "palimpsest"}  # the records have what was accepted
    with watched.server.client() as http:
        assert http.delete(f"/v1/videos/{watched.job['id']}").status_code == 200
    assert [path for word in WORDS for folder in folders for path in _holding(folder, word)] == []


def _holding(folder: Path, word: str) -> list[Path]:
    """The files below that have a word."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if word.encode() in path.read_bytes()]
