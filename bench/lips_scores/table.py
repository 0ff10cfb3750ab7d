"""Scores as Markdown."""

from collections.abc import Mapping

from bench.lips_scores.film import Cost
from bench.lips_scores.scores import Scores

HEAD = (
    "sync r", "lag ms", "level r", "m b p shut", "vowels shut", "silence", "gap at rest", "asked r",
    "by mesh", "followed", "peak", "small err", "(bias)",
    "likeness", "sharp", "lips", "seam", "flicker",
)  # fmt: skip


def table(title: str, rows: Mapping[str, Scores]) -> str:
    """One table, a clip a row."""
    lines = [f"| {title} | {' | '.join(HEAD)} |", "|---" * (len(HEAD) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(_cells(row))} |" for name, row in rows.items()]
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


def _cells(row: Scores) -> list[str]:
    return [
        _number(row.sync, ".2f"),
        _number(row.lag_ms, "+.0f"),
        _number(row.level_sync, ".2f"),
        _share(row.shut, row.closers),
        _share(row.vowels_shut, row.vowels),
        _number(row.silence, ".3f"),
        _number(row.gap_in_silence, ".3f"),
        _number(row.asked, ".3f"),
        _number(row.asked_by_mesh, ".3f"),
        _number(row.followed, ".2f"),
        _number(row.peak, ".2f"),
        _number(row.small, ".3f"),
        _number(row.small_bias, "+.3f"),
        _number(row.likeness, ".2f"),
        _number(row.sharpness, ".2f"),
        _number(row.lips_sharpness, ".2f"),
        _number(row.seam, ".2f"),
        _number(row.flicker, ".2f"),
    ]


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole}" if whole else ""
