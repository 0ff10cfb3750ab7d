"""Figures as a table to read (docs/operations/sizing.md): `python -m bench.sizing.table`."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from serve.sizing.figures import FIGURES


def lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """CPU seconds of each video and of each of its seconds, by size; then what a face adds."""
    entries = {**figures["engines"], **figures["beside"]}
    pixels = [point["pixels"] for point in figures["segments"]["at"]]
    sides = [f"{math.isqrt(count)} x {math.isqrt(count)}" for count in pixels]
    heads = ["CPU seconds", *sides, "a painted face", "an uploaded one", "memory, MB"]
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for name, entry in entries.items():
        cost = entry["cpu"]
        points = cost["at"] if len(cost["at"]) > 1 else cost["at"] * len(pixels)
        cells = [f"{p['video']:.2f} + {p['second']:.3f} a second" for p in points]
        faces = [f"{cost[kind]:.2f}" if cost.get(kind) else "" for kind in ("painted", "uploaded")]
        shown = name.rsplit(":", 1)[-1]
        yield "| " + " | ".join([shown, *cells, *faces, str(entry.get("memory_mb", ""))]) + " |"


if __name__ == "__main__":
    print("\n".join(lines(json.loads(FIGURES.read_text()))))
