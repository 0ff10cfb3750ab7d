"""Steps of users: up to how many the service levels hold, and that nothing fails beyond."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from loadtest import report
from loadtest.bounds import Step
from loadtest.levels import LEVELS, failures, in_all, measured, slow, summary
from loadtest.plot import Panel
from loadtest.record import Request
from loadtest.run import on_own_server
from loadtest.seen import Seen

USERS: Final = (2, 4, 8, 16, 32)
PROMISED: Final = 8
"""Users up to whom every service level holds on 2 cores."""
SETTLING: Final = 10.0
"""Seconds at a step's beginning that are not judged: its users come, the last ones' work ends."""
ACTIVE_JOBS: Final = 12
"""Videos that the server takes at a time here: what 2 cores make without anybody waiting long.

More are told to wait, by 429 with Retry-After."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One step's share of what was seen."""

    users: int
    requests: Sequence[Request]


def measure(users: Sequence[int], seconds: float, pace: float, note: str) -> Seen:
    """Run all steps on one server."""
    steps = [Step(count, seconds) for count in users]
    return on_own_server(steps, pace, note, {"AVATAR_MAX_ACTIVE_JOBS": str(ACTIVE_JOBS)})


def judged(seen: Seen) -> list[Judged]:
    """What was asked in each step, from SETTLING on, by when it ended.

    The steps' clock starts with the first request: Locust takes a while to come up.
    """
    began = min((r.at - r.seconds for r in seen.requests), default=seen.began)
    found = []
    for users, seconds in seen.about["steps"]:
        first, last = began + SETTLING, began + seconds
        found.append(Judged(users, [r for r in seen.requests if first <= r.at < last]))
        began = last
    return found


def wrong(seen: Seen) -> list[str]:
    """A sentence for each promise not kept: speed up to PROMISED users, no failure at all."""
    said = failures(seen.requests)
    few = [step for step in judged(seen) if step.users <= PROMISED]
    for step in few:
        said += [f"{step.users} users: {sentence}" for sentence in slow(step.requests)]
    told = {name for step in few for name in measured(step.requests)}
    said += [f"{level.name}: nothing told of it" for level in LEVELS if level.name not in told]
    return said + seen.left.faults()


def results(seen: Seen) -> dict[str, Any]:
    """Raw figures."""
    return {
        **seen.as_results(wrong(seen)),
        "levels": {level.name: level.seconds for level in LEVELS},
        "by step": [
            {
                "users": step.users,
                **in_all(step.requests),
                "p95": measured(step.requests),
                "requests by kind": summary(step.requests),
            }
            for step in judged(seen)
        ],
    }


def page(seen: Seen) -> list[str]:
    """The report."""
    found, total = judged(seen), in_all(seen.requests)
    seconds = seen.about["steps"][0][1]
    lines = [
        "# Steps of users",
        "",
        f"`python -m loadtest steps`: {seconds:.0f} s a step on {seen.about['machine']}, "
        f"embedded engines (config/local.yaml), at most {ACTIVE_JOBS} videos at "
        f"a time. {seen.about['note']}",
        "",
        f"**{total['requests']} requests, {total['failed']} failed; {total['videos']} videos made; "
        f"told to wait: {total['told to wait']}.** Promised up to {PROMISED} users: "
        + ("; ".join(wrong(seen)) or "every service level holds")
        + ".",
        "",
        "| users | requests | failed | videos | told to wait | "
        + " | ".join(f"{level.name}: p95, s (promised {level.seconds:g})" for level in LEVELS)
        + " |",
        "|" + "---|" * (5 + len(LEVELS)),
    ]
    for step in found:
        row, p95 = in_all(step.requests), measured(step.requests)
        times = (f"{p95[level.name]:.2f}" if level.name in p95 else "" for level in LEVELS)
        counts = (row[key] for key in ("requests", "failed", "videos", "told to wait"))
        lines.append(f"| {step.users} | {' | '.join(map(str, (*counts, *times)))} |")
    return [
        *lines,
        "",
        f"The first {SETTLING:.0f} s of a step are left out of its row. A request told to "
        "wait (429 with Retry-After) comes again, and its waiting is no part of the "
        "accepted one's time.",
        "",
        "![p95 of each service level, and videos, by users](steps.svg)",
        "",
        "Figures: [load_steps.json](../../bench/results/load_steps.json).",
    ]


def plot(seen: Seen) -> str:
    """Each level over the users, with what is promised."""
    found = judged(seen)
    panels = []
    for level in LEVELS:
        seen_p95 = [(s.users, measured(s.requests)) for s in found]
        panels.append(
            Panel(
                f"{level.name}: p95, s",
                {
                    "measured": [(u, p95[level.name]) for u, p95 in seen_p95 if level.name in p95],
                    "promised": [(u, level.seconds) for u, _ in seen_p95 if u <= PROMISED],
                },
            )
        )
    lengths = [seconds - SETTLING for _, seconds in seen.about["steps"]]
    rate = [
        (s.users, 60 * in_all(s.requests)["videos"] / length)
        for s, length in zip(found, lengths, strict=True)
    ]
    return report.drawn([*panels, Panel("videos a minute", {"": rate})], "users")
