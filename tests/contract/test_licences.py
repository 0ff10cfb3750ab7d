"""Nothing comes in by a licence that nobody has looked at."""

import fnmatch
import re
from dataclasses import replace
from email.message import Message

import pytest
from packaging.utils import canonicalize_name

from serve.weights.manifest import load_manifest
from tests.contract.licences import ROOT, Rules, fault_of, faults, is_allowed, rules, told_by
from tests.contract.locks import LOCKS, PROJECT, asked_for, constraints, entries

HELD = rules()
PACKAGES = sorted(
    {
        *constraints((ROOT / "constraints.txt").read_text()),
        *constraints((ROOT / "constraints-coqui.txt").read_text()),
        *(one.name for lock in LOCKS.glob("*.txt") for one in entries(lock.read_text())),
    }
    - {"avatar-serve"}
)
"""What the base install, every extra and the releases bring."""


def test_every_package_has_a_licence_that_may_come_in() -> None:
    assert list(faults(PACKAGES, HELD)) == []


def test_every_package_that_is_asked_for_is_among_them() -> None:
    asked = asked_for(list(PROJECT["project"]["optional-dependencies"]))
    assert {canonicalize_name(one.name) for one in asked} <= set(PACKAGES)


def test_what_is_named_is_used_and_every_exception_has_its_reason() -> None:
    assert set(HELD.told) <= set(PACKAGES)
    assert not set(HELD.told) & set(HELD.exceptions)
    for pattern in HELD.exceptions:
        assert fnmatch.filter(PACKAGES, pattern), pattern
    for about in (*HELD.exceptions.values(), *HELD.programs.values()):
        assert set(about) == {"licence", "why"}
        assert len(about["why"].split()) > 4


def test_every_program_of_the_images_is_named() -> None:
    for file in (ROOT / "docker").glob("*.Dockerfile"):
        shipped = file.read_text().split("\nFROM ")[2]
        (line,) = re.findall(r"--no-install-recommends (.+?) \\", shipped)
        programs = {word.strip('"').partition("=")[0] for word in line.split()}
        assert programs <= set(HELD.programs)


def test_weights_that_may_earn_money_have_a_licence_that_lets_them() -> None:
    """The others are told as such, by the manifest and the service."""
    free = {"CC BY 4.0": "CC-BY-4.0"}
    for weights in load_manifest().values():
        first = re.split(r"[ ,]\(|, |: ", weights.licence)[0]
        known = is_allowed(free.get(first, first), HELD.allowed) if is_plain(first) else False
        assert known or weights.commercial_use != "yes" or weights.name in RESTRICTED, weights.name


RESTRICTED = {"sd-1.5", "sd-2.1-base"}
"""OpenRAIL: free to earn money by, not free of conditions of use, which the manifest tells."""


def is_plain(licence: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z0-9.-]+|CC BY 4\.0", licence))


def package(**fields: str | list[str]) -> Message:
    """What a package says of itself."""
    said = Message()
    for name, values in fields.items():
        for value in [values] if isinstance(values, str) else values:
            said[name.replace("_", "-")] = value
    return said


@pytest.mark.parametrize(
    ("said", "expression"),
    [
        (package(License_Expression="MIT AND PSF-2.0"), "MIT AND PSF-2.0"),
        (package(Classifier="License :: OSI Approved :: Apache Software License"), "Apache-2.0"),
        (package(License="Apache 2.0"), "Apache-2.0"),
        (package(License="MIT OR Apache-2.0"), "MIT OR Apache-2.0"),
        (package(License="UNKNOWN"), None),
        (package(License="Copyright (c) 2026 somebody. All rights reserved."), None),
        (package(Classifier="License :: Other/Proprietary License"), None),
        (package(), None),
    ],
)
def test_what_packages_say_is_understood(said: Message, expression: str | None) -> None:
    assert told_by(said) == expression  # type: ignore[arg-type]  # as importlib.metadata gives it


@pytest.mark.parametrize(
    ("said", "comes_in"),
    [
        ("MIT", True),
        ("MIT AND Apache-2.0 WITH LLVM-exception", True),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only AND MIT", False),
        ("(MIT OR Apache-2.0) AND AGPL-3.0-only", False),
        ("AGPL-3.0-only", False),
        ("Somebody's own", False),
        (None, False),
    ],
)
def test_another_licence_does_not_come_in_unseen(said: str | None, comes_in: bool) -> None:
    assert (fault_of("a-package", HELD, said) is None) == comes_in


def test_an_exception_is_for_its_package_alone() -> None:
    held = replace(HELD, exceptions={"a-package": {"licence": "GPL-3.0-only", "why": "a reason"}})
    assert isinstance(held, Rules)
    assert fault_of("a-package", held, "GPL-3.0-only") is None
    assert fault_of("another", held, "GPL-3.0-only") is not None
