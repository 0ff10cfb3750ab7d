"""Licences that packages tell of themselves, as SPDX expressions, and whether they may come in."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Self

from license_expression import ExpressionError, LicenseExpression, get_spdx_licensing

ROOT: Final = Path(__file__).parents[2]
SPDX: Final = get_spdx_licensing()

CLASSIFIERS: Final[Mapping[str, str]] = {
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "BSD License": "BSD-3-Clause",  # of which kind it does not tell; all are as free
}
"""Trove classifiers behind "License :: OSI Approved ::"."""
WORDS: Final[Mapping[str, str]] = {
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "mit license": "MIT",
}
"""What people write into the field `License`, in small letters."""


@dataclass(frozen=True, slots=True)
class Rules:
    """licences.toml."""

    allowed: frozenset[str]
    told: Mapping[str, str]
    """Of packages that tell none, or are not installed where the tests run."""
    exceptions: Mapping[str, Mapping[str, str]]
    """By package, or by a pattern of names: the licence and why it comes in all the same."""
    programs: Mapping[str, Mapping[str, str]]
    """The same of programs that the images install beside Python's packages."""

    @classmethod
    def read(cls, text: str) -> Self:
        rules: dict[str, Any] = tomllib.loads(text)
        return cls(
            frozenset(rules["allowed"]), rules["told"], rules["exceptions"], rules["programs"]
        )


def rules() -> Rules:
    return Rules.read((ROOT / "licences.toml").read_text())


def told_by(package: metadata.PackageMetadata) -> str | None:
    """The SPDX expression of what a package says of itself; None where it says nothing clear."""
    if expression := package.get("License-Expression"):
        return str(expression)
    start = "License :: OSI Approved :: "
    found = [
        CLASSIFIERS.get(line.removeprefix(start), "unknown")
        for line in package.get_all("Classifier") or ()
        if line.startswith(start)
    ]
    if found and "unknown" not in found:
        return " OR ".join(sorted(set(found)))
    words = str(package.get("License") or "").strip()
    return WORDS.get(words.lower(), words if is_expression(words) else None)


def is_expression(words: str) -> bool:
    """Whether the words are of SPDX's language (https://spdx.github.io/spdx-spec/)."""
    if not re.fullmatch(r"[\w.+() -]{2,200}", words):
        return False
    try:
        return SPDX.parse(words, validate=True) is not None
    except ExpressionError:
        return False


def is_allowed(expression: str, allowed: frozenset[str]) -> bool:
    """Whether licences that are allowed are enough for the expression."""
    parsed: LicenseExpression = SPDX.parse(expression, validate=True)
    truth = {one: SPDX.TRUE if str(one) in allowed else SPDX.FALSE for one in parsed.literals}
    return parsed.subs(truth).simplify() == SPDX.TRUE


def fault_of(name: str, held: Rules, said: str | None) -> str | None:
    """Why a package may not come in; `said`: what it tells of itself, None for nothing."""
    if any(fnmatchcase(name, pattern) for pattern in held.exceptions):
        return None
    expression = said or held.told.get(name)
    if expression is None:
        return f"{name} tells no licence: read it, then name it in licences.toml"
    if not is_expression(expression):
        return f"{name} tells a licence that SPDX does not know: {expression}"
    if not is_allowed(expression, held.allowed):
        return f"{name} is under {expression}, which licences.toml does not allow"
    return None


def installed(name: str) -> metadata.PackageMetadata | None:
    """What an installed package says of itself."""
    try:
        return metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None


def faults(names: Sequence[str], held: Rules) -> Iterator[str]:
    """A sentence for each package that may not come in as things stand."""
    for name in names:
        package = installed(name)
        fault = fault_of(name, held, told_by(package) if package else None)
        if fault is not None:
            yield fault
