"""Lock files as pip reads them, and what they owe to pyproject.toml and constraints.txt."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[2]
LOCKS: Final = ROOT / "locks"
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PYTHONS: Final = ("3.11", "3.12")

Versions = Mapping[str, str]
"""By canonical name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a lock, with those that it goes on in."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        return next((one.version for one in self.requirement.specifier), "any")


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock and what it is held against."""

    text: str
    pins: Versions
    """What the tests ran with."""
    free: re.Pattern[str]
    """Names that are not among the pins, nor asked for by anything that is installed here."""
    instead: Versions
    """Packages of our own that stand for others."""


def entries(text: str) -> list[Entry]:
    """The lines of a lock. Raises ValueError, by `packaging`, for what is no requirement."""
    lines = text.replace("\\\n", " ").splitlines()
    parts = (line.split("--hash=") for line in lines if line.strip() and line.lstrip()[0] != "#")
    return [
        Entry(Requirement(requirement), tuple(given.strip() for given in hashes))
        for requirement, *hashes in parts
    ]


def extras_of(text: str) -> list[str]:
    """The extras that a lock was made with, as the command in its first lines says."""
    head = [line for line in text.splitlines()[:3] if line.startswith("#")]
    return re.findall(r"--extra (\S+)", " ".join(head))


def constraints(text: str) -> Versions:
    """What a constraints file pins."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    found = [Entry(Requirement(line), ()) for line in lines if line]
    return {one.name: one.version for one in found}


def faults(lock: Lock) -> Iterator[str]:
    """A sentence for each thing that is wrong with a lock."""
    if place := re.search(r"\w+://\S*|--(extra-)?index\S*|--find-links|file:\S*", lock.text):
        yield f"it names a place: {place[0]}"
    for one in entries(lock.text):
        if not re.fullmatch(r"==[^*,]+", str(one.requirement.specifier)):
            yield f"{one.name} is not pinned"
        if not one.hashes or not all(re.fullmatch(r"sha256:[0-9a-f]{64}", h) for h in one.hashes):
            yield f"{one.name} has no sha256"
    for python in PYTHONS:
        yield from (f"{fault}, on Python {python}" for fault in _faults_on(python, lock))


def unknown(lock: Lock) -> set[str]:
    """Packages of the lock that are not installed here: what they need can't be looked up."""
    there = {one.name: one.version for one in entries(lock.text)}
    return {n for n, version in there.items() if not lock.free.fullmatch(n) and _is_not(n, version)}


def _faults_on(python: str, lock: Lock) -> Iterator[str]:
    active = [one for one in entries(lock.text) if _applies(one.requirement, python)]
    locked = {one.name: one.version for one in active}
    if len(locked) < len(active):
        yield "a package stands there twice"
    for name, version in locked.items():
        tested = lock.pins.get(name, version if lock.free.fullmatch(name) else "none")
        if tested != version:
            yield f"{name} {version} is not what was tested ({tested})"
    reached, unmet = _walk(asked_for(extras_of(lock.text)), {**locked, **lock.instead}, python)
    yield from unmet
    for name in sorted(locked.keys() - reached):
        if not lock.free.fullmatch(name):
            yield f"nobody asks for {name}"


def asked_for(extras: list[str]) -> list[Requirement]:
    """The project's own requirements with extras, extras of extras included."""
    project = PROJECT["project"]
    lines = [line for name in extras for line in project["optional-dependencies"][name]]
    found: list[Requirement] = []
    for one in map(Requirement, [*project["dependencies"], *lines]):
        ours = canonicalize_name(one.name) == "avatar-serve"
        found += asked_for(sorted(one.extras)) if ours else [one]
    return found


def _walk(roots: list[Requirement], known: Versions, python: str) -> tuple[set[str], list[str]]:
    """The names that the roots lead to, and a sentence for each requirement that is not met."""
    reached: set[tuple[str, str]] = set()
    unmet: list[str] = []
    pending = [("the project", "", one) for one in roots]
    while pending:
        by, extra, one = pending.pop()
        if not _applies(one, python, extra):
            continue
        name = canonicalize_name(one.name)
        version = known.get(name)
        if version is None or not one.specifier.contains(version, prereleases=True):
            unmet.append(f"{by} needs {one}, and has {version or 'none'}")
            continue
        for wanted in {"", *one.extras}:
            if (name, wanted) not in reached:
                reached.add((name, wanted))
                pending += [(name, wanted, need) for need in _needs(name, version)]
    return {name for name, _ in reached}, unmet


@cache
def _needs(name: str, version: str) -> tuple[Requirement, ...]:
    """What an installed package asks for; of others nothing is known here."""
    if _is_not(name, version):
        return ()
    return tuple(map(Requirement, metadata.distribution(name).requires or ()))


@cache
def _is_not(name: str, version: str) -> bool:
    """Whether this very version is not installed here."""
    try:
        return metadata.version(name).partition("+")[0] != version
    except metadata.PackageNotFoundError:
        return True


def _applies(one: Requirement, python: str, extra: str = "") -> bool:
    return one.marker is None or _holds(one.marker, python, extra)


@cache
def _holds(marker: Marker, python: str, extra: str) -> bool:
    """Whether a marker holds on a machine that releases are for (PEP 508)."""
    here = {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "implementation_name": "cpython",
        "implementation_version": f"{python}.9",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "extra": extra,
    }
    return marker.evaluate(here)
