"""`avatar-serve size`: what it prints and how it refuses."""

import json
import sys

import pytest
from typer.testing import CliRunner

from serve.cli import app, main

runner = CliRunner()


def printed(*options: str) -> str:
    outcome = runner.invoke(app, ["size", "--videos-per-hour", "1000", *options])
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def test_every_stage_machines_store_and_cost_are_told() -> None:
    text = printed("--painted", "0.1", "--cpu-hour-price", "0.05")
    for stage in ("Ingress", "Director", "Portrait", "Face", "Speech", "Lipsync", "Encode"):
        assert f"\n{stage} " in text
    for word in (
        "1000 videos an hour of 30 s",
        "max_replicas",
        "cpu: ",
        "70% busy",
        "AVATAR_MAX_ACTIVE_JOBS=",
        "CPU-seconds",
        "at your prices",
        "after 7 days",
        "Mbit/s",
        "python -m bench.sizing",
    ):
        assert word in text
    assert "Not measured" not in text


def test_without_prices_no_cost_is_told() -> None:
    assert "prices" not in printed()


def test_what_no_card_was_there_for_is_told_as_not_measured() -> None:
    text = printed("--profile", "gpu")
    assert "Lipsync" in text
    assert "gpu-small: not measured" in text
    assert "Not measured: Lipsync: no cost of deployments.lipsync.wav2lip.engine:Wav2Lip" in text


def test_programs_get_all_of_it_as_json() -> None:
    found = json.loads(printed("--json", "--seconds", "60", "--peak", "3"))
    assert found["videos_a_second"] == pytest.approx(1000 * 3 / 3600)
    assert found["demand"]["seconds"] == 60
    assert {stage["stage"] for stage in found["stages"]} >= {"Lipsync", "Encode"}
    assert found["sources"]["graph"]["command"] == "python -m bench.sizing"


def test_a_size_between_those_measured_is_told_as_such() -> None:
    assert "384x384 was not measured itself" in printed("--size", "384x384")
    assert "was not measured itself" not in printed()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--videos-per-hour", "0"], "videos_per_hour must be above 0, not 0."),
        (["--videos-per-hour=-3"], "videos_per_hour must be above 0, not -3."),
        (["--videos-per-hour", "10", "--size", "9x9"], "9x9 is not between them"),
        (["--videos-per-hour", "10", "--costs", "/nowhere"], "/nowhere cannot be read"),
    ],
)
def test_nonsense_is_one_line_and_exit_status_1(
    options: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["avatar-serve", "size", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_prices_without_all_figures_give_no_cost_and_say_so() -> None:
    text = printed("--profile", "gpu", "--cpu-hour-price", "0.05", "--gpu-hour-price", "2")
    assert "costs: a figure or a price is missing" in text
    assert "at your prices" not in text
