"""How the manifest's tables are checked: keys, types, names and paths."""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, Protocol, TypeVar


class ManifestError(ValueError):
    """The manifest breaks one of its own rules; the text says where."""


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_N = TypeVar("_N", bound=_Named)


def table(
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


def match(pattern: re.Pattern[str], text: Any, where: str) -> None:
    """Raise ManifestError unless the whole text is of the pattern's form."""
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise ManifestError(f"{where}: {text!r} is not of the form {pattern.pattern}")


def inside(path: Any, where: str) -> PurePosixPath:
    """The path, once it is relative and has no way out of its folder."""
    if not isinstance(path, str) or path in ("", ".") or "\\" in path:
        raise ManifestError(f"{where}: {path!r} is not a path inside an archive")
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        raise ManifestError(f"{where}: {path!r} is not a path inside an archive")
    return pure


def by_name(items: Iterable[_N], where: str) -> dict[str, _N]:
    """The items by their names, none of which may stand there twice."""
    named: dict[str, _N] = {}
    for item in items:
        if item.name in named:
            raise ManifestError(f"{where}: {item.name!r} stands there twice")
        named[item.name] = item
    return named
