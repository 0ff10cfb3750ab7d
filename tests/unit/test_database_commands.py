"""`avatar-serve database status|upgrade`: what they print and how they exit."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from serve.cli import app
from serve.jobs.schema import HEAD

runner = CliRunner()


@pytest.fixture(autouse=True)
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVATAR_DATABASE_URL", f"sqlite:///{tmp_path}/records.sqlite3")


def test_the_tables_are_made_by_command_and_then_current() -> None:
    before = runner.invoke(app, ["database", "status"])
    assert before.exit_code == 3
    assert "avatar-serve database upgrade" in before.output
    for _ in range(2):
        assert runner.invoke(app, ["database", "upgrade"]).exit_code == 0
    after = runner.invoke(app, ["database", "status"])
    assert (after.exit_code, HEAD in after.output) == (0, True)


def test_a_password_in_the_url_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVATAR_DATABASE_URL", "postgresql://u:hidden@127.0.0.1:1/records")
    for command in ("status", "upgrade"):
        outcome = runner.invoke(app, ["database", command])
        assert outcome.exit_code != 0
        assert "hidden" not in outcome.output
