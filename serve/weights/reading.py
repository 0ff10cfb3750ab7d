"""Which of the weights' files were read and found whole, and whether they are still those files."""

from pathlib import Path

from serve.weights.manifest import WeightFile
from serve.weights.unpack import is_intact

Stamp = tuple[int, int, int, int, int]


class Reading:
    """What one store has read: a file is read once, and again only when it has been touched."""

    def __init__(self) -> None:
        self._stamps: dict[Path, Stamp] = {}

    def forget(self) -> None:
        """Have every file read anew."""
        self._stamps.clear()

    def finds_whole(self, path: Path, file: WeightFile) -> bool:
        """Whether the file at `path` has the size and sha256 that `file` is pinned to."""
        if file.sha256 is None or file.size is None or not path.is_file():
            return False
        if not self.is_untouched(path):
            before = _stamp(path)
            if not is_intact(path, file.sha256, file.size):
                return False
            self._stamps[path] = before
        return True

    def is_untouched(self, path: Path) -> bool:
        """Whether the file was read, and nobody has written to it or put another in its place."""
        known = self._stamps.get(path)
        return known is not None and path.is_file() and _stamp(path) == known


def _stamp(path: Path) -> Stamp:
    """Device, inode, bytes, and when content and inode last changed: no program sets the last."""
    now = path.stat()
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns
