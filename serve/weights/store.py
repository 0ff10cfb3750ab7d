"""The weights store: fetched once, verified, found by name."""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from media.errors import AvatarError
from serve.settings import Settings
from serve.weights.manifest import Manifest, WeightFile, Weights, load_manifest
from serve.weights.obtaining import Obtaining, Placed
from serve.weights.pins import keep_pins, with_pins
from serve.weights.reading import Reading
from serve.weights.transfer import Progress, SourceError
from serve.weights.unpack import place

_WORK: Final = ".work"
"""Folder of locks and of unfinished downloads, inside the store."""


@dataclass(frozen=True, slots=True)
class State:
    """How a weights entry stands; `file` is the first one that is not as it must be."""

    name: str
    status: Literal["ok", "missing", "damaged", "not pinned yet"]
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
        self._reading = Reading()

    def verify(self, name: str) -> State:
        """Read every file of `name` and compare its sha256. Raises `not_found`."""
        self._reading.forget()
        return self._state(self.entry(name))

    def status(self) -> list[State]:
        """`verify` for every entry of the manifest."""
        return [self.verify(name) for name in self.manifest]

    def glance(self, name: str) -> State:
        """How `name` looks by the sizes of its files, none of which is read. Raises `not_found`."""
        weights = self.entry(name)
        for file in weights.files:
            sizes = [path.stat().st_size for path in self._places(weights, file) if path.is_file()]
            if not sizes:
                return State(name, "missing", file.name)
            if file.sha256 is None:
                return State(name, "not pinned yet", file.name)
            if file.size not in sizes:
                return State(name, "damaged", file.name)
        return State(name, "ok")

    def paths(self, name: str) -> Mapping[str, Path]:
        """Where each file of `name` lies, by file name.

        A file is read and compared once, and again only when it has changed.

        Raises:
            AvatarError: `weights_missing` with the file and what to do; `not_found`.
        """
        weights = self.entry(name)
        found = {file.name: self._find(weights, file) for file in weights.files}
        paths = {file: path for file, path in found.items() if path is not None}
        if len(paths) == len(found):
            return paths
        state = self._state(weights)
        raise AvatarError(
            "weights_missing",
            f"The weights file {state.file} of {name} is {state.status}: {self.remedy(state)}.",
            details={"weights": name, "file": state.file},
        )

    def require_untouched(self, name: str) -> None:
        """Raise where a file of `name` was written to, or replaced, since `paths` found it whole.

        Raises:
            AvatarError: `weights_missing` with the file; `not_found`.
        """
        weights = self.entry(name)
        for file in weights.files:
            if not any(map(self._reading.is_untouched, self._places(weights, file))):
                raise AvatarError(
                    "weights_missing",
                    f"The weights file {file.name} of {name} was changed while it was opened: "
                    f"find out by whom, then run `avatar-serve weights verify {name}`.",
                    details={"weights": name, "file": file.name},
                )

    def remedy(self, state: State) -> str:
        """What brings weights that are not in order into order: words with the command."""
        name = state.name
        if state.status == "not pinned yet":
            return (
                f"run `avatar-serve weights add {name} {self.root / name}` to accept what is there"
            )
        return (
            f"run `avatar-serve weights fetch {name}` or, with the files at hand, "
            f"`avatar-serve weights add {name} FOLDER`"
        )

    def fetch(self, name: str, progress: Progress = lambda done, total: None) -> None:
        """Make every file of `name` be there; returns at once when it is.

        `progress` gets the archives' bytes that are here and their sum. A second caller, of any
        process, waits for the first. A fetch that was cut is gone on with by the next one.

        Raises:
            AvatarError: `weights_missing` with each source's reason and what to do; `not_found`.
        """
        if self.verify(name).status == "ok":
            return
        with self._filling(name):
            if self.verify(name).status != "ok":
                self._keep(name, self._fetch(self._obtaining(name), progress))

    def add(self, name: str, given: Path) -> None:
        """Take the files of `name` from a folder, or from one file or archive, of the operator's.

        Files that the manifest has no sums of are pinned as they come.

        Raises:
            AvatarError: `weights_missing` with what is wrong with the files; `not_found`.
        """
        obtaining = self._obtaining(name)
        with self._filling(name):
            try:
                placed = _take(obtaining, given.expanduser().absolute())
            except SourceError as error:
                raise AvatarError(
                    "weights_missing",
                    f"The weights {name} could not be taken from {given} ({error}): it must hold "
                    f"{_names(obtaining.weights)}, as pinned. To pin other files than those of "
                    f"an earlier time, remove {self.root / name} first.",
                    details={"weights": name},
                ) from error
            self._keep(name, placed)

    def _fetch(self, obtaining: Obtaining, progress: Progress) -> Placed:
        weights, folder = obtaining.weights, self.folder
        reasons = []
        if folder and any((folder / weights.name / f.name).is_file() for f in weights.files):
            try:
                return obtaining.from_folder(folder / weights.name)
            except SourceError as error:
                reasons.append(str(error))
        # sorted() is stable: sources whose archives are in the folder first, then as they stand.
        for source in sorted(weights.sources, key=lambda source: not obtaining.in_folder(source)):
            try:
                return obtaining.from_source(source, progress)
            except SourceError as error:
                reasons.append(str(error))
        if weights.by_hand:
            raise AvatarError(
                "weights_missing",
                f"The weights {weights.name} are not fetched, for no sum of them is known: "
                f"download {weights.by_hand}, unpack it into a folder and run `avatar-serve "
                f"weights add {weights.name} FOLDER`.",
                details={"weights": weights.name},
            )
        requirement = weights.installed.requirement if weights.installed else None
        raise AvatarError(
            "weights_missing",
            f"The weights {weights.name} could not be fetched "
            f"({'; '.join(reasons) or f'{requirement} is not installed'}): try again when that is "
            f"put right, or run `avatar-serve weights add {weights.name} FOLDER` with a folder "
            f"that holds {_names(weights)}.",
            details={"weights": weights.name},
        )

    def _keep(self, name: str, placed: Placed) -> None:
        if not self.entry(name).pinned:
            keep_pins(self.root / name, placed)

    def _obtaining(self, name: str) -> Obtaining:
        weights = self.entry(name)
        return Obtaining(weights, self.root / name, self.root / _WORK / name, self.folder)

    def entry(self, name: str) -> Weights:
        """What is known of `name`, its pins included. Raises `not_found`."""
        if name not in self.manifest:
            raise AvatarError(
                "not_found",
                f"There are no weights named {name!r}: `avatar-serve weights list` shows all.",
            )
        return with_pins(self.manifest[name], self.root / name)

    def _state(self, weights: Weights) -> State:
        for file in weights.files:
            if self._find(weights, file) is None:
                there = any(path.is_file() for path in self._places(weights, file))
                wrong: Literal["damaged", "not pinned yet"] = (
                    "damaged" if file.sha256 else "not pinned yet"
                )
                return State(weights.name, wrong if there else "missing", file.name)
        return State(weights.name, "ok")

    def _find(self, weights: Weights, file: WeightFile) -> Path | None:
        whole = self._reading.finds_whole
        return next((path for path in self._places(weights, file) if whole(path, file)), None)

    def _places(self, weights: Weights, file: WeightFile) -> Iterator[Path]:
        yield self.root / weights.name / file.name
        if weights.installed is not None:
            name = weights.installed.requirement.partition("==")[0]
            try:
                package = metadata.distribution(name)
            except metadata.PackageNotFoundError:
                return
            yield Path(str(package.locate_file(weights.installed.members[file.name])))

    @contextmanager
    def _filling(self, name: str) -> Iterator[None]:
        """Only one process fills the folder of `name`; the lock ends with its process."""
        work = self.root / _WORK
        try:
            work.mkdir(parents=True, exist_ok=True)
            with (work / f"{name}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                (self.root / name).mkdir(exist_ok=True)
                yield
        except OSError as error:
            raise AvatarError(
                "weights_missing",
                f"The weights {name} cannot be stored in {self.root} "
                f"({error.strerror or error}): make room there or set AVATAR_WEIGHTS_DIR.",
                details={"weights": name},
            ) from error


def _take(obtaining: Obtaining, given: Path) -> Placed:
    """The files from a folder that has them by name, from their archive, or the one file itself."""
    weights = obtaining.weights
    if given.is_dir():
        return obtaining.from_folder(given)
    if not given.is_file():
        raise SourceError("there is no such file or folder")
    beside = replace(obtaining, folder=given.parent)
    for source in weights.sources:
        if given.name in {archive.name for archive in source.archives}:
            beside.require_archives(source)
            return beside.from_source(source, lambda done, total: None)
    if len(weights.files) > 1:
        raise SourceError("it is one file")
    return (place(weights.files[0], [(given, None)], obtaining.target),)


def _names(weights: Weights) -> str:
    return ", ".join(file.name for file in weights.files)


def open_store(settings: Settings) -> WeightsStore:
    """The store of the settings, with the project's own manifest."""
    return WeightsStore(settings.weights_dir, load_manifest(), settings.weights_source)
