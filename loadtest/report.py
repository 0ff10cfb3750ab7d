"""Reports: tables in Markdown, raw figures as JSON, plots."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from loadtest.levels import LEVELS, in_all, measured
from loadtest.plot import Panel, draw
from loadtest.record import Request

RESULTS: Final = Path(__file__).parents[1] / "bench" / "results"
REPORTS: Final = Path(__file__).parent / "reports"
MINUTE: Final = 60.0


def keep(name: str, results: Mapping[str, Any], page: Sequence[str], plot: str) -> None:
    """Write bench/results/load_NAME.json, loadtest/reports/NAME.md and NAME.svg."""
    REPORTS.mkdir(exist_ok=True)
    (RESULTS / f"load_{name}.json").write_text(json.dumps(results, indent=1) + "\n")
    (REPORTS / f"{name}.md").write_text("\n".join(page).rstrip() + "\n")
    (REPORTS / f"{name}.svg").write_text(plot)


def request_table(summed: Mapping[str, Mapping[str, float]]) -> list[str]:
    """A row for each kind of request."""
    lines = [
        "| what | requests | failed | p50, s | p95, s | longest, s |",
        "|---|---|---|---|---|---|",
    ]
    for what, row in summed.items():
        times = " | ".join(
            f"{row[key]:.3f}" if key in row else "" for key in ("p50", "p95", "longest")
        )
        lines.append(f"| {what} | {row['requests']:.0f} | {row['failed']:.0f} | {times} |")
    return lines


def level_table(requests: Sequence[Request]) -> list[str]:
    """A row for each service level."""
    p95 = measured(requests)
    lines = ["| service level: p95 of | promised, s | measured, s |", "|---|---|---|"]
    for level in LEVELS:
        found = f"{p95[level.name]:.2f}" if level.name in p95 else "not asked for"
        lines.append(f"| {level.name} | {level.seconds:g} | {found} |")
    return lines


def by_minute(requests: Sequence[Request], began: float) -> list[dict[str, float]]:
    """Per minute: requests, failures, videos, and p95 of each service level."""
    minutes: dict[int, list[Request]] = {}
    for request in requests:
        minutes.setdefault(int((request.at - began) // MINUTE), []).append(request)
    return [
        {"minute": minute, **in_all(asked), **measured(asked)}
        for minute, asked in sorted(minutes.items())
    ]


def p95_panel(rows: Sequence[Mapping[str, float]]) -> Panel:
    """The service levels that matter most, minute by minute."""
    names = ("accepting a video", "first picture", "a file of the page")
    curves = {name: [(row["minute"], row[name]) for row in rows if name in row] for name in names}
    return Panel("p95, s", curves)


def drawn(panels: Sequence[Panel], across: str) -> str:
    """The plot as SVG; panels without a curve are left out."""
    return draw([panel for panel in panels if any(panel.curves.values())], across)
