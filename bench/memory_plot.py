"""Memory over the length of videos, drawn as SVG."""

from typing import Any, Final

WIDTH, HEIGHT = 720, 300
LEFT, TOP, RIGHT, BOTTOM = 60, 40, 20, 40
COLOURS: Final = {"short": "#c2410c", "long": "#1d4ed8"}
POINTS: Final = 600
"""Points of a curve at most: of each stretch the highest is drawn."""


def draw(results: dict[str, Any]) -> str:
    """One panel a kind of video; across, the share of the time that the video took to make."""
    panels = {name: found for name, found in results.items() if isinstance(found, dict)}
    height = HEIGHT * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
    ]
    for n, (name, found) in enumerate(panels.items()):
        parts.append(f'<g transform="translate(0 {n * HEIGHT})">')
        parts += _panel(name, found)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(name: str, found: dict[str, Any]) -> list[str]:
    top = 1.15 * max(found[which]["peak_bytes"] for which in COLOURS)
    bottom = HEIGHT - BOTTOM
    parts = [f'<text x="{LEFT}" y="20" font-weight="bold">{name}: memory of all processes</text>']
    for step in range(5):
        value = top * step / 4
        y = bottom - (bottom - TOP) * step / 4
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value / 1e9:.1f} GB</text>'
        )
    for n, (which, colour) in enumerate(COLOURS.items()):
        one = found[which]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in _curve(one["samples"], top))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}"/>')
        parts.append(
            f'<text x="{LEFT + 8}" y="{bottom - 12 - 16 * n}" fill="{colour}">'
            f"{one['seconds']:.0f} s of video, made in {one['wall']:.0f} s: "
            f"{one['peak_bytes'] / 1e6:.0f} MB at most</text>"
        )
    parts.append(
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 12}" text-anchor="middle">'
        "from the request to the end of the download, each over its own time</text>"
    )
    return parts


def _curve(samples: list[tuple[float, int]], top: float) -> list[tuple[float, float]]:
    last = samples[-1][0] or 1.0
    step = max(1, len(samples) // POINTS)
    kept = [max(samples[n : n + step], key=lambda s: s[1]) for n in range(0, len(samples), step)]
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - BOTTOM - TOP
    return [(LEFT + width * t / last, HEIGHT - BOTTOM - height * size / top) for t, size in kept]
