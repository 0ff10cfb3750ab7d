"""What a fuzz target is."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.fuzz import targets

LONGEST = 8_192
"""Bytes of an input at most."""


@dataclass(frozen=True, slots=True)
class Target:
    """Something that reads a stranger's bytes."""

    one_input: Callable[[bytes], bool]
    """Read an input: True where it was taken, False where it was refused as it should be.

    Anything raised is a fault.
    """
    seeds: Callable[[], Iterable[bytes]]
    """Small good inputs to begin with."""
    limit: float
    """Seconds of processor time that an input may take."""
    longest: int = LONGEST
    tokens: tuple[bytes, ...] = ()
    """Words of the format."""
    prepare: Callable[[], object] | None = None
    """Done once, before the first input."""
    in_production: Callable[[bytes], str] | None = None
    """For what runs in a process of its own: the code by which the service refuses an input that
    ended one, "" where it reads it."""


def names() -> list[str]:
    """Names of all targets."""
    return sorted(module.name for module in pkgutil.iter_modules(targets.__path__))


def load(name: str) -> Target:
    """The target of a name; `tests.fuzz.gone_wrong` is one to test the fuzzer by."""
    where = "tests.fuzz" if name == "gone_wrong" else "tests.fuzz.targets"
    target = importlib.import_module(f"{where}.{name}").TARGET
    assert isinstance(target, Target)
    return target
