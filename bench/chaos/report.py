"""What the stretches of chaos have found, added up: raw figures and a page to read."""

import json
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bench.chaos.load import Client, Probe
from bench.chaos.run import Stretch, Strike
from media.errors import RETRYABLE

RESULTS: Final = Path(__file__).parents[1] / "results" / "chaos.json"
PAGE: Final = Path(__file__).parents[2] / "docs" / "chaos.md"
AFTERMATH: Final = 30.0
"""Seconds after a fault's end in which a failed request is put down to it."""
FRONT: Final = frozenset(
    {"kill proxy", "kill ingress", "kill controller", "kill node", "restart ray"}
)
"""Faults that cut connections, or have Serve's proxy answer by itself."""


def account(stretch: Stretch, client: Client, probe: Probe) -> dict[str, Any]:
    """One stretch as plain data."""
    verdicts = stretch.verdicts
    return {
        "seed": stretch.seed,
        "began": round(stretch.began),
        "seconds": round(stretch.strikes[-1].time - stretch.began) if stretch.strikes else 0,
        "faults": [asdict(strike) for strike in stretch.strikes],
        "missed": stretch.missed,
        "accepted": len(stretch.jobs),
        "outcomes": dict(Counter(verdict.outcome for verdict in verdicts)),
        "segments": sum(verdict.segments for verdict in verdicts),
        "takeovers": sum(max(0, verdict.claims - 1) for verdict in verdicts),
        "restarted": sum(verdict.attempts > 1 for verdict in verdicts),
        "redone": sum(verdict.redone for verdict in verdicts),
        "respoken": sum(verdict.respoken for verdict in verdicts),
        "lost": [asdict(verdict) for verdict in verdicts if verdict.faults],
        "never": stretch.never,
        "doubled": stretch.doubled,
        "failed_requests": _by_fault(
            stretch.strikes, [(t.time, t.outcome) for t in client.troubles]
        ),
        "outages": _outages(stretch.strikes, probe),
    }


def _cause(strikes: Sequence[Strike], at: float, *, front: bool) -> str:
    """The fault that began last before, of those that can have caused it if any did."""
    before = [s for s in strikes if s.time <= at <= s.time + s.seconds + AFTERMATH]
    fitting = [strike for strike in before if (strike.name in FRONT) is front]
    return max(fitting or before, key=lambda strike: strike.time).name if before else "none"


def _by_fault(
    strikes: Sequence[Strike], happened: Sequence[tuple[float, str]]
) -> dict[str, dict[str, int]]:
    counted: dict[str, Counter[str]] = {}
    for at, outcome in happened:
        ours = outcome in RETRYABLE
        counted.setdefault(_cause(strikes, at, front=not ours), Counter())[outcome] += 1
    return {name: dict(count) for name, count in sorted(counted.items())}


DATABASE_AWAY: Final = 5.0
"""Seconds that no longer outage has which a database that was stopped explains."""


def _outages(strikes: Sequence[Strike], probe: Probe) -> dict[str, float]:
    """The longest by fault, seconds."""
    longest: dict[str, float] = {}
    for began, seconds in probe.outages:
        # A probe that failed saw its fault at its end, not at its beginning.
        name = _cause(strikes, began + seconds, front=seconds > DATABASE_AWAY)
        longest[name] = round(max(longest.get(name, 0.0), seconds), 2)
    return longest


def added_up(stretches: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All stretches together."""
    faults = Counter(fault["name"] for stretch in stretches for fault in stretch["faults"])
    outcomes: Counter[str] = Counter()
    requests: dict[str, Counter[str]] = {}
    outages: dict[str, float] = {}
    for stretch in stretches:
        outcomes.update(stretch["outcomes"])
        for name, count in stretch["failed_requests"].items():
            requests.setdefault(name, Counter()).update(count)
        for name, seconds in stretch["outages"].items():
            outages[name] = max(outages.get(name, 0.0), seconds)
    plain = ("accepted", "segments", "takeovers", "restarted", "redone", "respoken")
    return {
        "faults": sum(faults.values()),
        "faults_by_kind": dict(faults.most_common()),
        **{key: sum(stretch[key] for stretch in stretches) for key in plain},
        "outcomes": dict(outcomes),
        "lost": sum(len(stretch["lost"]) + len(stretch["never"]) for stretch in stretches),
        "doubled": sum(len(stretch["doubled"]) for stretch in stretches),
        "failed_requests": {name: dict(count) for name, count in sorted(requests.items())},
        "longest_outage_seconds": dict(sorted(outages.items(), key=lambda pair: -pair[1])),
    }


def found_before() -> dict[str, Any]:
    """What earlier runs have kept."""
    return dict(json.loads(RESULTS.read_text())) if RESULTS.exists() else {}


def keep(results: dict[str, Any]) -> None:
    """Write the raw figures and the page."""
    results["total"] = added_up(results.get("stretches", []))
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    PAGE.write_text(page(results))


def page(results: dict[str, Any]) -> str:
    """The report as Markdown."""
    total, stretches = results["total"], results.get("stretches", [])
    minutes = sum(stretch["seconds"] for stretch in stretches) / 60
    seeds = ", ".join(str(stretch["seed"]) for stretch in stretches)
    lines = [
        "# Chaos",
        "",
        f"`python -m bench.chaos` in {len(stretches)} stretches (seeds {seeds}), {minutes:.0f} min "
        "of faults on 2 cores (x86_64, shared). The service ran on a simulated cluster of two Ray "
        "nodes, with PostgreSQL and a disk of 256 MB; engines are scripted and number every frame, "
        "encoding is real. Every accepted job was decoded and compared frame by frame and, up to "
        "a gain, sample by sample; raw figures: [chaos.json](../bench/results/chaos.json).",
        "",
        f"**{total['faults']} faults, {total['accepted']} accepted jobs, {total['lost']} lost, "
        f"{total['doubled']} doubled.** Outcomes: {_listed(total['outcomes'])}. "
        f"{total['takeovers']} take-overs; of {total['segments']} segments, made again after they "
        f"were committed: {total['redone']}; jobs begun anew: {total['restarted']}; spoken pieces "
        f"said again, lost before they were kept: {total['respoken']}.",
        "",
        "| fault | times | longest outage for a client, s | failed requests, by what clients saw |",
        "|---|---|---|---|",
    ]
    for name, times in total["faults_by_kind"].items():
        outage = total["longest_outage_seconds"].get(name, "none")
        failed = _listed(total["failed_requests"].get(name, {})) or "none"
        lines.append(f"| {name} | {times} | {outage} | {failed} |")
    if takeovers := results.get("takeovers"):
        lines += ["", "| a job waits for its next director | jobs | median, s | longest, s |"]
        lines.append("|---|---|---|---|")
        for name, seconds in takeovers.items():
            median, longest = statistics.median(seconds), max(seconds)
            lines.append(f"| {name} | {len(seconds)} | {median:.1f} | {longest:.1f} |")
        lines += ["", "Measured apart, one fault at a time: `python -m bench.chaos.takeovers`."]
    for stretch in results.get("left_out", ()):
        lines += ["", f"Left out, seed {stretch['seed']}: {stretch['why']}"]
    lines += [
        "",
        "A failed request or outage is put down to the fault that began last before it, of those "
        "that can explain it: roughly, for faults overlap. Clients try again what the API calls "
        "retryable, reads, and a creation whose answer was lost, under its `Idempotency-Key`.",
        "",
    ]
    return "\n".join(lines)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
