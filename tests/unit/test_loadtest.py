"""What a load may hit, what it promises, and that a report can't pass what failed."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from loadtest.bounds import MOST_USERS, RefusedError, Step, check_host, check_steps, step_at
from loadtest.flat import memory_growth
from loadtest.levels import LEVELS, broken, in_all, percentile, summary
from loadtest.record import WAITED, Request
from loadtest.seen import Left, Seen
from loadtest.watch import Look


def kept_promises(users: int = 2) -> list[Request]:
    """Twenty requests of each kind, all in half the time that is promised."""
    return [
        Request(1000.0 + n, level.of[0], level.seconds / 2, users=users)
        for level in LEVELS
        for n in range(20)
    ]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost"])
def test_this_machine_may_be_loaded(url: str) -> None:
    check_host(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.7:8000",
        "https://avatar.example",
        "http://127.0.0.1.example",
        "http://127.0.0.1@192.0.2.7/",
        "http://0.0.0.0:8000",
    ],
)
def test_other_machines_are_not_loaded_unless_told(url: str) -> None:
    with pytest.raises(RefusedError, match="not this machine"):
        check_host(url)
    check_host(url, anywhere=True)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "file:///etc/hosts", "http://"])
def test_what_is_no_service_is_refused_even_then(url: str) -> None:
    with pytest.raises(RefusedError, match="no address"):
        check_host(url, anywhere=True)


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [Step(0, 10)],
        [Step(1, 0)],
        [Step(MOST_USERS + 1, 10)],
        [Step(1, 3600), Step(1, 3600), Step(1, 1)],
    ],
)
def test_a_load_has_bounds_in_users_and_in_time(steps: list[Step]) -> None:
    with pytest.raises(RefusedError):
        check_steps(steps)


def test_steps_follow_each_other_and_end() -> None:
    steps = [Step(2, 10), Step(8, 5)]
    counts = [(step := step_at(steps, at)) and step.users for at in (0, 9.9, 10, 14.9, 15, 99)]
    assert counts == [2, 2, 8, 8, None, None]


def test_a_percentile_is_one_of_the_values_and_never_too_small() -> None:
    assert percentile([float(n) for n in range(1, 101)], 0.95) == 95
    assert percentile([3.0, 1.0], 0.95) == 3.0
    assert percentile([1.0], 0.5) == 1.0


def test_kept_promises_leave_nothing_to_say() -> None:
    assert broken(kept_promises()) == []


def test_one_failure_among_many_breaks_the_promise() -> None:
    requests = [*kept_promises(), Request(1001.0, "record", 0.1, "HTTP 500, internal")]
    assert broken(requests) == ["failed 1 times: record: HTTP 500, internal"]


def test_a_slow_level_breaks_the_promise_by_its_name() -> None:
    level = LEVELS[0]
    slow = [Request(1001.0, level.of[-1], 2 * level.seconds) for _ in range(5)]
    (said,) = broken([*kept_promises(), *slow])
    assert level.name in said


def test_a_level_that_nothing_tells_of_is_not_held() -> None:
    requests = [r for r in kept_promises() if r.what not in LEVELS[1].of]
    (said,) = broken(requests)
    assert LEVELS[1].name in said


def test_what_failed_at_once_was_not_fast() -> None:
    requests = [Request(1.0, "page", 0.0, "HTTP 503, overloaded")] * 99
    row = summary([*requests, Request(1.0, "page", 4.0)])["page"]
    assert (row["failed"], row["p50"], row["p95"]) == (99, 4.0, 4.0)


def test_being_told_to_wait_is_no_failure_and_counted_apart() -> None:
    requests = [*kept_promises(), Request(1001.0, WAITED, 0.01)]
    assert broken(requests) == []
    assert in_all(requests)["told to wait"] == 1
    assert in_all(requests)["requests"] == len(requests) - 1


def test_memory_that_grows_is_seen_through_noise_and_through_replicas_that_come_and_go() -> None:
    def looks(an_hour: float) -> list[Look]:
        found = []
        for n in range(60):
            wave = 5e6 if n % 7 == 0 else 0.0
            memory = {"1 server": int(1e9 + wave + an_hour * n / 60)}
            if 20 < n < 40:
                memory["2 second replica"] = 300_000_000
            found.append(Look(60.0 * n, memory, 100, 0.0))
        return found

    assert abs(memory_growth(looks(0.0)).share) < 0.002
    assert memory_growth(looks(1e8)).share == pytest.approx(0.1, abs=0.01)
    assert memory_growth(looks(1e8)).processes == 1


def report(folder: Path, seen: Seen) -> "subprocess.CompletedProcess[str]":
    seen.save(folder)
    command = [sys.executable, "-m", "loadtest", "steps", "--again", str(folder), "--trial"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_command_ends_well_only_where_every_promise_is_kept(tmp_path: Path) -> None:
    about = {"machine": "a machine", "steps": [[2, 60]], "pace": 1.0, "note": "Made up."}
    requests = [replace(r, at=1020.0 + n / 10) for n, r in enumerate(kept_promises())]
    good = Seen(about, 1000.0, [Request(1000.0, "page", 0.1), *requests])
    passed = report(tmp_path / "good", good)
    assert (passed.returncode, passed.stderr) == (0, "")
    assert "every service level holds" in passed.stdout
    failed = replace(good, requests=[*good.requests, Request(1030.0, "page", 0.1, "HTTP 500, x")])
    refused = report(tmp_path / "failed", failed)
    assert refused.returncode == 1
    assert "page: HTTP 500" in refused.stderr
    stuck = report(tmp_path / "stuck", replace(good, left=Left(stuck=1)))
    assert stuck.returncode == 1
    assert "1 jobs did not end" in stuck.stderr
