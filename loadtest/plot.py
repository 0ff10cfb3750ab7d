"""Curves over time or over users, one panel each, drawn as SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

WIDTH, PANEL, LEFT, RIGHT, TOP = 760, 110, 70, 20, 30
COLOURS: Final = ("#1d4ed8", "#c2410c", "#15803d")
POINTS: Final = 400
"""Points of a curve at most: of each stretch the highest is drawn."""

Curve = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves that share a scale; across, seconds or users."""

    title: str
    curves: Mapping[str, Curve]
    marks: tuple[tuple[float, str], ...] = ()
    """Moments that something was done at."""


def draw(panels: Sequence[Panel], across: str) -> str:
    """All panels over the same range, one below the other."""
    last = max(x for panel in panels for curve in panel.curves.values() for x, _ in curve) or 1.0
    height = PANEL * len(panels) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
    ]
    for n, panel in enumerate(panels):
        parts.append(f'<g transform="translate(0 {n * PANEL})">')
        parts += _panel(panel, last, named=n == 0)
        parts.append("</g>")
    bottom = PANEL * len(panels)
    for step in range(5):
        at = last * step / 4
        words = f'text-anchor="middle">{_number(at)}</text>'
        parts.append(f'<text x="{_x(at, last):.1f}" y="{bottom + 12}" {words}')
    parts.append(
        f'<text x="{WIDTH / 2}" y="{height - 8}" text-anchor="middle">{escape(across)}</text>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel, last: float, *, named: bool) -> list[str]:
    most = max([y for curve in panel.curves.values() for _, y in curve] or [0.0]) or 1.0
    bottom, tall = PANEL - 8, PANEL - 8 - TOP
    parts = [f'<text x="{LEFT}" y="16" font-weight="bold">{escape(panel.title)}</text>']
    for step in range(3):
        y, words = bottom - tall * step / 2, _number(most * step / 2)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{words}</text>'
        )
    for n, (at, words) in enumerate(panel.marks):
        x = _x(at, last)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{bottom}" stroke="#888" '
            'stroke-dasharray="3 3"/>'
        )
        if named:  # by turns higher and lower: two may be close
            y = TOP - 16 + 10 * (n % 2)
            parts.append(f'<text x="{x + 3:.1f}" y="{y}">{escape(words)}</text>')
    for n, (name, curve) in enumerate(panel.curves.items()):
        colour = COLOURS[n % len(COLOURS)]
        points = " ".join(
            f"{_x(x, last):.1f},{bottom - tall * y / most:.1f}" for x, y in thinned(curve)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        )
        if name:
            x = WIDTH - RIGHT - 150 * (len(panel.curves) - n - 1)
            parts.append(
                f'<text x="{x}" y="16" text-anchor="end" fill="{colour}">{escape(name)}</text>'
            )
    return parts


def thinned(curve: Curve) -> Curve:
    """POINTS points at most."""
    step = max(1, -(-len(curve) // POINTS))
    return [max(curve[n : n + step], key=lambda p: p[1]) for n in range(0, len(curve), step)]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _x(at: float, last: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * at / last
