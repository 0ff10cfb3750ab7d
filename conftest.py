"""Marks tests by their folder and, where everything is installed, refuses skips."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent / "tests"
FOLDERS = ("unit", "integration", "e2e", "browser", "chaos", "contract")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test the mark of its folder."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder in FOLDERS:
            item.add_marker(folder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With AVATAR_TESTS_STRICT=1, as in CI, a skipped test has failed."""
    report = yield
    if report.skipped and os.environ.get("AVATAR_TESTS_STRICT") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped, but nothing may be missing here: {report.longrepr}"
    return report
