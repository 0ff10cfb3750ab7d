"""Replicas and load over time, drawn as SVG: a stroke where something changes, none between."""

from typing import Any

WIDTH, PANEL, LEFT, RIGHT, TOP = 760, 64, 90, 20, 24
LOAD, REPLICAS = "#9ca3af", "#1d4ed8"


def draw(results: dict[str, Any]) -> str:
    """A panel of the jobs under way and one a stage, over the same seconds."""
    sights = results["sights"]
    last = sights[-1]["at"] or 1.0
    panels = [("jobs", LOAD, [(s["at"], s["jobs"]) for s in sights])]
    for stage in results["bounds"]:
        counts = [(s["at"], s["replicas"].get(stage, 0)) for s in sights]
        panels.append((stage, REPLICAS, counts))
    height = PANEL * len(panels) + TOP + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
    ]
    for load in results["loads"]:
        x = _x(load["began"], last)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{height - 30}" stroke="#ddd"/>'
            f'<text x="{x + 3:.1f}" y="{TOP - 10}">{load["load"]}</text>'
        )
    for n, (name, colour, points) in enumerate(panels):
        parts += _panel(TOP + n * PANEL, name, colour, points, last)
    parts.append(
        f'<text x="{WIDTH / 2}" y="{height - 8}" text-anchor="middle">'
        f"jobs under way, and running replicas of each stage, over {last:.0f} seconds</text>"
    )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(
    top: int, name: str, colour: str, points: list[tuple[float, int]], last: float
) -> list[str]:
    most = max(1, *(count for _, count in points))
    bottom, tall = top + PANEL - 12, PANEL - 20

    def y(count: int) -> str:
        return f"{bottom - tall * count / most:.1f}"

    before = points[0][1]
    line = f"M{_x(points[0][0], last):.1f} {y(before)}"
    for at, count in points:
        if count != before:
            line += f"H{_x(at, last):.1f}V{y(count)}"
        before = count
    line += f"H{_x(points[-1][0], last):.1f}"
    return [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}" stroke="#bbb"/>',
        f'<text x="{LEFT - 8}" y="{bottom}" text-anchor="end">{name}</text>',
        f'<text x="{LEFT - 8}" y="{bottom - tall + 4}" text-anchor="end" fill="#666">{most}</text>',
        f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
    ]


def _x(at: float, last: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * at / last
