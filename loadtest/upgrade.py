"""Upgrades under load: stages changed in place, then a new version of everything. What fails?"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from loadtest import release, report
from loadtest.bounds import Step
from loadtest.hosting import hosted
from loadtest.levels import LEVELS, faults, in_all, measured, summary
from loadtest.plot import Panel
from loadtest.record import Request
from loadtest.run import about, finished, load
from loadtest.seen import Left, Seen
from loadtest.server import Place, folders, look_behind
from serve.commands.private import LOCAL_CONFIG

BEFORE, BETWEEN, AFTER = 40.0, 30.0, 40.0
"""Seconds of load before, between and behind the upgrades."""
MOST: Final = 1200.0
"""Seconds of load in all, whatever the upgrades themselves take."""


def measure(users: int, pace: float, note: str) -> Seen:
    """Load, upgrade twice, load on."""
    steps, left = [Step(users, MOST)], Left()
    with folders() as folder:
        configs = [release.in_place(folder)]
        configs.append(release.new_version(folder, configs[0]))
        with hosted(LOCAL_CONFIG, folder, left) as (host, first):
            place = Place(host.url, host.process.pid, folder)
            replicas, marks, pages = [first], [], [_page(host.url)]
            began = time.time()
            with load(place, steps, pace) as (process, watch):
                for pause, config in zip((BEFORE, BETWEEN), configs, strict=True):
                    time.sleep(pause)
                    marks.append((time.time() - began, f"{config.stem} begins"))
                    replicas.append(host.deploy(config))
                    marks.append((time.time() - began, "done"))
                    pages.append(_page(host.url))
                time.sleep(AFTER)
                process.terminate()
                requests = finished(process, steps, folder)
            look_behind(place, left)
        told = about(steps, pace, note) | {"replicas": replicas, "marked pages": pages}
        return Seen(told, began, requests, watch.looks, left, marks)


def _page(url: str) -> bool:
    """Whether the page is the new release's."""
    return release.MARK in httpx.get(url, trust_env=False, timeout=60).raise_for_status().text


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the load."""

    name: str
    seconds: float
    requests: Sequence[Request]


NAMES: Final = (
    "before",
    "stages changed in place",
    "between",
    "a new version of everything",
    "behind",
)


def phases(seen: Seen) -> list[Phase]:
    """What was asked in each stretch, by when it ended."""
    last = max((r.at - seen.began for r in seen.requests), default=0.0)
    edges = [0.0, *(at for at, _ in seen.marks), max(last, *(at for at, _ in seen.marks)) + 1]
    return [
        Phase(name, stop - start, [r for r in seen.requests if start <= r.at - seen.began < stop])
        for name, start, stop in zip(NAMES, edges, edges[1:], strict=False)
    ]


def wrong(seen: Seen) -> list[str]:
    """A sentence for each thing that is not as it should be."""
    said = [
        f"{phase.name}: failed {count} times: {fault}"
        for phase in phases(seen)
        for fault, count in faults(phase.requests).items()
    ]
    said += [] if seen.requests else ["nothing was asked"]
    first, second, third = seen.about["replicas"]
    for name in ("Lipsync", "Face", "Director"):
        if set(first[name]) & set(second[name]):
            said.append(f"{name} was not replaced in place")
    if first["Ingress"] != second["Ingress"]:
        said.append("the ingress was replaced where it should have stayed")
    said += [
        f"{name} was not replaced by its new version"
        for name in second
        if set(second[name]) & set(third[name])
    ]
    if seen.about["marked pages"] != [False, False, True]:
        said.append("the page is not the new version's")
    return said + seen.left.faults()


def results(seen: Seen) -> dict[str, Any]:
    """Raw figures."""
    return {
        **seen.as_results(wrong(seen)),
        "marks": [(round(at, 1), words) for at, words in seen.marks],
        "phases": [
            {
                "phase": phase.name,
                "seconds": round(phase.seconds, 1),
                **in_all(phase.requests),
                "p95": measured(phase.requests),
                "faults": faults(phase.requests),
            }
            for phase in phases(seen)
        ],
        "requests": summary(seen.requests),
    }


def page(seen: Seen) -> list[str]:
    """The report."""
    total, ((users, _),) = in_all(seen.requests), seen.about["steps"]
    lines = [
        "# Upgrades under load",
        "",
        f"`python -m loadtest upgrade`: {users} users on {seen.about['machine']}, "
        f"embedded engines (config/local.yaml). {seen.about['note']}",
        "",
        f"**{total['requests']} requests, {total['failed']} failed; {total['videos']} videos made; "
        f"told to wait: {total['told to wait']}.** Not as it should be: "
        + ("; ".join(wrong(seen)) or "nothing")
        + ".",
        "",
        "| | seconds | requests | failed | videos | "
        + " | ".join(f"{level.name}: p95, s" for level in LEVELS)
        + " |",
        "|" + "---|" * (5 + len(LEVELS)),
    ]
    for phase in phases(seen):
        row, p95 = in_all(phase.requests), measured(phase.requests)
        counts = (row[key] for key in ("requests", "failed", "videos"))
        times = (f"{p95[level.name]:.2f}" if level.name in p95 else "" for level in LEVELS)
        cells = (f"{phase.seconds:.0f}", *map(str, counts), *times)
        lines.append(f"| {phase.name} | {' | '.join(cells)} |")
    return [
        *lines,
        "",
        "In place: `Encode` takes up another `user_config`; `Lipsync`, `Face` and `Director` get "
        "new replicas; the ingress stays. The new version: all code comes from another release "
        "(packed as Ray's working directory, its page marked, its version raised); every replica "
        "is replaced, the ingress too. Both are one config deployed over the running one. An "
        "upgrade is done when its last old replica is gone; jobs go on at the next director.",
        "",
        "![Requests, failures and times over the upgrades](upgrade.svg)",
        "",
        *report.request_table(summary(seen.requests)),
        "",
        "Figures: [load_upgrade.json](../../bench/results/load_upgrade.json).",
    ]


def plot(seen: Seen) -> str:
    """Requests, failures and single times of answers over seconds."""
    marks = tuple((at, words) for at, words in seen.marks)

    def curve(*whats: str) -> list[tuple[float, float]]:
        return [
            (r.at - seen.began, r.seconds)
            for r in sorted(seen.requests, key=lambda r: r.at)
            if r.what in whats
        ]

    every: dict[int, list[Request]] = {}
    for request in seen.requests:
        every.setdefault(int((request.at - seen.began) // 5), []).append(request)
    ordered = sorted(every.items())
    panels = [
        Panel(
            "requests in 5 s", {"": [(5.0 * n, float(len(asked))) for n, asked in ordered]}, marks
        ),
        Panel(
            "failed in 5 s",
            {
                "": [
                    (5.0 * n, float(sum(r.fault is not None for r in asked)))
                    for n, asked in ordered
                ]
            },
            marks,
        ),
        Panel("a page's file, s", {"": curve("page", "page's file", "gallery", "voices")}, marks),
        Panel("first picture, s", {"": curve("first picture")}, marks),
        Panel(
            "accepting a video, s",
            {"": curve("accept text", "accept recording", "accept picture", "accept prompt")},
            marks,
        ),
    ]
    return report.drawn(panels, "seconds")
