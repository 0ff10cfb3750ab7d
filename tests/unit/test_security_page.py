"""The threat model speaks of what there is: every way in, and tests that exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from serve.api.app import create_app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "07-security.md").read_text()
TESTS = sorted(set(re.findall(r"`(tests/[\w/.]+)`", PAGE)))


def families() -> set[str]:
    """The first two parts of every address below /v1, and the first of all others."""

    def below(router: Any) -> Iterator[str]:
        for route in router.routes:
            if inner := getattr(route, "original_router", None):
                yield from below(inner)
            elif path := getattr(route, "path", None):
                yield path

    app = create_app(lambda: None)  # type: ignore[arg-type,return-value]  # never opened
    found = {re.match(r"/v1/[^/]+|/[^/]*", path) for path in below(app)}
    return {match[0] for match in found if match}


@pytest.mark.parametrize("name", TESTS)
def test_a_test_that_is_named_is_there(name: str) -> None:
    assert "def test_" in (ROOT / name).read_text() or name.endswith("conftest.py")


def test_most_of_the_page_names_tests() -> None:
    assert len(TESTS) > 40
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line]
    without = [row for row in rows if "`tests/" not in row]
    heads = {row.split("|")[1].strip() for row in without}
    assert heads == {"way in", "way out", "port"}


def test_every_family_of_addresses_is_spoken_of() -> None:
    there = families()
    assert {"/v1/videos", "/v1/audio", "/docs", "/"} <= there
    assert {family for family in there if f"`{family}`" not in PAGE} == set()


def test_every_port_of_a_pod_is_spoken_of() -> None:
    service = yaml.safe_load((ROOT / "k8s" / "base" / "rayservice.yaml").read_text())
    ports = set(re.findall(r"'containerPort': (\d+)", str(service)))
    assert len(ports) >= 6
    assert {port for port in ports if port not in PAGE} == set()


def test_every_page_that_is_linked_is_there() -> None:
    for page in (ROOT / "docs" / "07-security.md", ROOT / "SECURITY.md"):
        for target in re.findall(r"\]\(([^)#:]+)", page.read_text()):
            assert (page.parent / target).exists(), target
