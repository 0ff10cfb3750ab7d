"""What `make audit` and CI make of pip-audit's answers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[2] / ".ci" / "audit.py"
FINE = {"name": "fine", "version": "1.0", "vulns": []}
WEAK = {"name": "weak", "version": "2.0",
        "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["2.1"], "aliases": []}]}  # fmt: skip
SKIPPED = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}


def audit(tmp_path: Path, words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """The audit with a pip-audit that says these words of every lock."""
    (tmp_path / "said").write_text(words)
    program = tmp_path / "pip-audit"
    program.write_text(f"#!/bin/sh\ncat '{tmp_path}/said'\nexit {status}\n")
    program.chmod(0o755)
    command = [sys.executable, str(AUDIT), str(program)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def said(*packages: object) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_packages_without_known_weaknesses_pass(tmp_path: Path) -> None:
    told = audit(tmp_path, said(FINE))
    assert told.returncode == 0
    assert "cpu.txt: 1 packages looked up" in told.stdout


def test_a_known_weakness_fails_and_is_named_once_with_what_mends_it(tmp_path: Path) -> None:
    told = audit(tmp_path, said(FINE, WEAK), status=1)
    assert told.returncode == 1
    assert told.stdout.count("weak 2.0: PYSEC-2026-1, mended in 2.1") == 1


@pytest.mark.parametrize(
    "words", ["", "no route to host", said(SKIPPED, SKIPPED)], ids=["nothing", "words", "skipped"]
)
def test_where_nobody_answers_it_is_said_and_is_no_success(tmp_path: Path, words: str) -> None:
    told = audit(tmp_path, words)
    assert told.returncode == os.EX_TEMPFAIL
    assert "WAS NOT AUDITED" in told.stdout


def test_a_package_that_was_not_looked_up_is_named(tmp_path: Path) -> None:
    told = audit(tmp_path, said(FINE, SKIPPED))
    assert told.returncode == os.EX_TEMPFAIL
    assert "NOT AUDITED: unknown" in told.stdout
    assert audit(tmp_path, said(WEAK, SKIPPED), status=1).returncode == 1
