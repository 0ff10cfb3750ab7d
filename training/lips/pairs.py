"""Pairs of one person's mouths, as the network sees them: `python -m training.lips.pairs DATA`.

Step 3, after `people`. The engine's own code warps one picture towards the other's lips and paints
the mouth's inside; the network will learn what the other picture has beyond that.
"""

import argparse
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.interior import lip_mask, paint_interior
from deployments.lipsync.landmarks import (
    LOWER_INNER,
    LOWER_OUTER,
    NOSE_BASE,
    UPPER_INNER,
    UPPER_OUTER,
)
from deployments.lipsync.mouth_field import mouth_field, move
from deployments.lipsync.mouth_shapes import mouth_shapes
from deployments.lipsync.repair import HEIGHT, WIDTH
from deployments.lipsync.warp import warp
from media.face import Picture
from training.lips.crop import CANVAS, Canvas, cut, lay_out, lay_over
from training.lips.mouths import column
from training.lips.people import MOUTHS
from training.lips.shards import Arrays, finished, write

SOURCES: Final = ("own", "shut", "parted", "ee", "laugh")
TARGETS_EACH: Final = 4
MOST_YAW: Final = 0.25
"""Of the nose's place along the eyes, in face units."""
NOISE: Final = 0.4
"""Pixels of noise on the source's mesh, as face engines have it."""


def make_pair(
    canvas: Canvas, target: Picture, target_mesh: NDArray[np.float32]
) -> dict[str, NDArray[np.uint8]]:
    """Crops: source, warp, target, and masks of the target's lips and the mouth's inside."""
    moves = {
        point: canvas_units(canvas, target_mesh[point, :2] - canvas.mesh[point, :2])
        for point in mouth_shapes(canvas.mesh, canvas.frame)
    }
    moves |= {point: np.zeros((1, 2)) for point in NOSE_BASE}
    field = mouth_field(canvas.mesh, canvas.frame, (CANVAS, CANVAS), moves)
    box = field.rectangle
    part = canvas.rgb[box.y : box.y + box.height, box.x : box.x + box.width]
    rgb = warp(field, paint_interior(field, part), part, move(field, np.ones(1, np.float32)))
    warped = canvas.rgb.copy()
    warped[box.y : box.y + box.height, box.x : box.x + box.width] = rgb
    window = (canvas.x, canvas.y, WIDTH, HEIGHT)
    inner = lip_mask(target_mesh[list(UPPER_INNER), :2], target_mesh[list(LOWER_INNER), :2], window)
    outer = lip_mask(target_mesh[list(UPPER_OUTER), :2], target_mesh[list(LOWER_OUTER), :2], window)
    return {
        "source": cut(canvas, canvas.rgb),
        "warp": cut(canvas, warped),
        "target": cut(canvas, target),
        "inner": inner,
        "outer": outer,
    }


def canvas_units(canvas: Canvas, shift: NDArray[np.floating]) -> NDArray[np.float64]:
    """(1, 2) displacement in face units of one in canvas pixels."""
    frame = canvas.frame
    return np.array([[shift @ frame.u, shift @ frame.v]], np.float64) / frame.unit


def pairs_of(person: Arrays, chance: np.random.Generator) -> list[dict[str, Any]]:
    """The pairs of one person, whose arrays are those of a shard's rows."""
    names = [list(MOUTHS)[k] for k in person["mouth"]]
    made = []
    for a, name in enumerate(names):
        if name not in SOURCES:
            continue
        noisy = person["mesh"][a].copy()
        noisy[:, :2] += NOISE * chance.normal(size=(len(noisy), 2))
        canvas = lay_out(person["picture"][a], noisy)
        others = [b for b in range(len(names)) if b != a]
        for b in chance.permutation(others)[:TARGETS_EACH]:
            target, mesh = lay_over(canvas, noisy, person["picture"][b], person["mesh"][b])
            pair: dict[str, Any] = make_pair(canvas, target, mesh)
            pair |= {"person": person["person"][a], "to": person["mouth"][b]}
            pair["measures"] = person["measures"][b]
            made.append(pair)
    return made


def main() -> None:
    """Make the shards that are missing."""
    parser = argparse.ArgumentParser(description="Make pairs for the network to learn from.")
    parser.add_argument("data", type=Path)
    given = parser.parse_args()
    for shard in finished(given.data / "people"):
        path = given.data / "pairs" / shard.name
        if path.exists():
            continue
        rows = dict(np.load(shard))
        upright = np.abs(column(rows["measures"], "yaw")) < MOST_YAW
        made = []
        for number in np.unique(rows["person"]):
            chosen = upright & (rows["person"] == number)
            person = {name: values[chosen] for name, values in rows.items()}
            made += pairs_of(person, np.random.default_rng(int(number)))
        write(path, {name: np.array([pair[name] for pair in made]) for name in made[0]})
        print(f"{path.stem}: {len(made)} pairs", flush=True)


if __name__ == "__main__":
    main()
