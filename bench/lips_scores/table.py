"""Scores as Markdown."""

from collections.abc import Callable, Mapping
from typing import Final

from bench.lips_scores.film import Cost
from bench.lips_scores.scores import Scores

COLUMNS: Final[tuple[tuple[str, Callable[[Scores], str]], ...]] = (
    ("sync r", lambda row: _number(row.sync, ".2f")),
    ("lag ms", lambda row: _number(row.lag_ms, "+.0f")),
    ("level r", lambda row: _number(row.level_sync, ".2f")),
    ("m b p shut", lambda row: _share(row.shut, row.closers)),
    ("vowels shut", lambda row: _share(row.vowels_shut, row.vowels)),
    ("silence", lambda row: _number(row.silence, ".3f")),
    ("gap at rest", lambda row: _number(row.gap_in_silence, ".3f")),
    ("asked r", lambda row: _number(row.asked, ".3f")),
    ("by mesh", lambda row: _number(row.asked_by_mesh, ".3f")),
    ("followed", lambda row: _number(row.followed, ".2f")),
    ("peak", lambda row: _number(row.peak, ".2f")),
    ("small err", lambda row: _number(row.small, ".3f")),
    ("(bias)", lambda row: _number(row.small_bias, "+.3f")),
    ("likeness", lambda row: _number(row.likeness, ".2f")),
    ("sharp", lambda row: _number(row.sharpness, ".2f")),
    ("lips", lambda row: _number(row.lips_sharpness, ".2f")),
    ("seam", lambda row: _number(row.seam, ".2f")),
    ("flicker", lambda row: _number(row.flicker, ".2f")),
)
"""Heading, and what a clip shows below it."""


def table(title: str, rows: Mapping[str, Scores]) -> str:
    """One table, a clip a row."""
    lines = [
        f"| {title} | {' | '.join(heading for heading, _ in COLUMNS)} |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    for name, row in rows.items():
        lines.append(f"| {name} | {' | '.join(show(row) for _, show in COLUMNS)} |")
    return "\n".join(lines)


def cost_table(costs: Mapping[str, Cost]) -> str:
    """What lip sync costs, a portrait a row."""
    lines = [
        "| one thread | prepare ms | ms a frame | ms a frame, life on |",
        "|---|---|---|---|",
    ]
    for name, cost in costs.items():
        lines.append(
            f"| {name} | {cost.prepare_ms:.0f} | {cost.frame_ms:.2f} | {cost.frame_ms_life:.2f} |"
        )
    return "\n".join(lines)


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole}" if whole else ""
