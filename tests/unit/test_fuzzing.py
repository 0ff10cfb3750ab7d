"""Some thousand broken inputs for everything that reads what strangers send, and the fuzzer itself.

Longer runs: `python -m tests.fuzz`.
"""

import json

import pytest

from tests.fuzz import report
from tests.fuzz.__main__ import told
from tests.fuzz.supervisor import Finding, fuzz
from tests.fuzz.target import load, names
from tests.picture_files import saved, scene
from tests.sound_files import tone, wav

pytest.importorskip("atheris", reason="atheris has wheels for Linux on x86_64 only")

INPUTS = {
    "captions": 150,
    "clauses": 250,
    "containers": 2_000,
    "espeak": 50,
    "headers": 2_000,
    "pictures": 800,
    "prompts": 400,
    "sounds": 500,
    "ssml": 1_000,
    "texts": 60,
    "torch_files": 1_000,
    "uploads": 600,
    "voices": 1_000,
}
"""A second or so of each."""


def test_every_target_is_fuzzed_here_and_explained_in_the_report() -> None:
    assert names() == sorted(INPUTS) == sorted(report.WHAT)


@pytest.mark.parametrize("name", sorted(INPUTS))
def test_broken_inputs_are_read_or_refused_and_nothing_else(name: str) -> None:
    result = fuzz(name, INPUTS[name], seed=1)
    assert not result.findings, "\n".join(map(told, result.findings))
    assert result.inputs == INPUTS[name]
    assert 0 < result.taken < result.inputs


def test_the_page_says_what_the_raw_figures_say() -> None:
    assert report.PAGE.read_text() == report.page(json.loads(report.RESULTS.read_text()))


@pytest.mark.parametrize(
    ("name", "good"), [("pictures", saved(scene(), "PNG")), ("sounds", wav(tone(2.0)))]
)
def test_what_ended_a_process_counts_as_contained_only_where_the_service_refuses_it(
    name: str, good: bytes
) -> None:
    in_production = load(name).in_production
    assert in_production is not None
    answers = [in_production(data) for data in (good, b"no file")]
    found = [Finding(name, "crash", "", b"", answer) for answer in answers]
    assert [finding.is_contained for finding in found] == [False, True]


def test_the_fuzzer_tells_what_ended_it_and_goes_on() -> None:
    result = fuzz("gone_wrong", 2_000, seed=1)
    found = {(finding.data, finding.kind) for finding in result.findings}
    assert found == {
        (b"fault", "fault"),
        (b"crash", "crash"),
        (b"slow", "slow"),
        (b"much", "fault"),
        (b"hang", "hang"),
    }
    assert result.inputs == 2_000
    assert result.taken
    assert {finding.data for finding in result.findings if finding.is_contained} == {b"crash"}
    fault = next(finding for finding in result.findings if finding.data == b"fault")
    assert "ValueError: a fault of ours" in told(fault)
    assert "ZmF1bHQ=" in told(fault)
