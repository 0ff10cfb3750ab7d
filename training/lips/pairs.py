"""Pairs of one person's mouths, as the network sees them: `python -m training.lips.pairs DATA`.

Step 4, after `people`. The engine's own code warps one picture towards the other's lips and paints
the mouth's inside, teeth as far as the other shows them; the network will learn what the other
picture has beyond that.
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.interior import (
    TONGUE_AT_REST,
    Interior,
    Shown,
    jaw_layers,
    paint_interior,
    shade,
)
from deployments.lipsync.landmarks import (
    LOWER_INNER,
    LOWER_OUTER,
    NOSE_BASE,
    UPPER_INNER,
    UPPER_OUTER,
)
from deployments.lipsync.layers import layer_rows
from deployments.lipsync.mouth_field import MouthField, mouth_field
from deployments.lipsync.mouth_geometry import light_gain, lip_mask, skin_colour
from deployments.lipsync.mouth_moves import Moved, move
from deployments.lipsync.mouth_rest import Rest
from deployments.lipsync.mouth_shapes import mouth_shapes
from deployments.lipsync.repair_crop import HEIGHT, WIDTH
from deployments.lipsync.teeth_seen import TeethEdges
from deployments.lipsync.warp import warp
from media.colour import to_i420, to_rgb
from media.face import Picture
from training.lips.crop import CANVAS, Canvas, cut, lay_out, lay_over
from training.lips.mouths import column, teeth_of
from training.lips.people import MOUTHS
from training.lips.shards import Arrays, finished, my_part, shared_work, write

SOURCES: Final = ("own", "shut", "parted", "ee", "laugh")
TARGETS_EACH: Final = 4
MOST_YAW: Final = 0.25
"""Of the nose's place along the eyes, in face units."""
NOISE: Final = 0.4
"""Pixels of noise on the source's mesh, as face engines have it."""
UNSURE: Final = 0.006
"""Face units by which the teeth are told wrongly."""
TONGUES: Final = 0.2
"""Share of the pairs with a raised tongue, of mouths open by TONGUE_FROM and more."""
TONGUE_FROM: Final = 0.05


def make_pair(
    canvas: Canvas,
    target: Picture,
    target_mesh: NDArray[np.float32],
    shown: Shown,
    colour: NDArray[np.float32] | None = None,
) -> dict[str, NDArray[np.uint8]]:
    """Crops: source, warp, target, and masks of the target's lips and the mouth's inside.

    The warp shows the teeth that the target is said to show, in their colour. A raised tongue is
    painted into both.
    """
    moves = {
        point: canvas_units(canvas, target_mesh[point, :2] - canvas.mesh[point, :2])
        for point in mouth_shapes(canvas.mesh, canvas.frame)
    }
    moves |= {point: np.zeros((1, 2)) for point in NOSE_BASE}
    field = mouth_field(canvas.mesh, canvas.frame, (CANVAS, CANVAS), moves)
    box = field.rectangle
    where = np.s_[box.y : box.y + box.height, box.x : box.x + box.width]
    part = canvas.rgb[where]
    interior, moved = paint_interior(field, part, colour), move(field, np.ones(1, np.float32))
    warped, wanted = canvas.rgb.copy(), target.copy()
    warped[where] = to_rgb(warp(field, interior, Rest.of(to_i420(part)), moved, shown))
    if shown.tongue > 0:
        gain = light_gain(skin_colour(field, part))
        raise_tongue(interior, field, moved, shown, gain, wanted[where])
    window = (canvas.x, canvas.y, WIDTH, HEIGHT)
    inner = lip_mask(target_mesh[list(UPPER_INNER), :2], target_mesh[list(LOWER_INNER), :2], window)
    outer = lip_mask(target_mesh[list(UPPER_OUTER), :2], target_mesh[list(LOWER_OUTER), :2], window)
    return {
        "source": cut(canvas, canvas.rgb),
        "warp": cut(canvas, warped),
        "target": cut(canvas, wanted),
        "inner": inner,
        "outer": outer,
    }


def raise_tongue(
    interior: Interior,
    field: MouthField,
    moved: Moved,
    shown: Shown,
    gain: NDArray[np.float32],
    rgb: Picture,
) -> None:
    """Paint the tongue under the teeth of a drawn mouth, as the warp has it."""
    teeth = moved.upper_lip + np.array([0, shown.upper * interior.unit])
    box = (interior.x, interior.y, interior.width, interior.height)
    mask = cv2.GaussianBlur(lip_mask(teeth.astype(np.float32), moved.lower_lip, box), (0, 0), 1.0)
    drop = float(moved.lower_lip[5, 1] - field.lower_lip[5, 1])
    first = interior.height - drop + shown.tongue * interior.unit
    _, tongue = jaw_layers(field, box, gain)
    (layer,) = layer_rows(tongue[None], first, interior.height)
    layer *= mask[..., None] / np.float32(255)
    part = rgb[box[1] : box[1] + box[3], box[0] : box[0] + box[2]]
    light = shade(moved.upper_lip, box, interior.unit)[..., None]
    part[:] = np.rint(part * (1 - layer[..., 3:]) + layer[..., :3] * light)


def what_shows(
    canvas: Canvas, mesh: NDArray[np.float32], teeth: TeethEdges, chance: np.random.Generator
) -> Shown:
    """What the warp is told to show: the target's teeth, about, and now and then the tongue."""
    gap = max(0.0, float((mesh[14, :2] - mesh[13, :2]) @ canvas.frame.v) / canvas.frame.unit)
    upper, lower = (
        max(0.0, share * gap + UNSURE * chance.normal()) if share else 0.0
        for share in (teeth.upper, teeth.lower)
    )
    room = gap - upper - TONGUE_AT_REST
    raised = chance.random() < TONGUES and not lower and gap > TONGUE_FROM
    return Shown(upper, lower, max(0.0, room * chance.uniform(0.3, 1.0)) if raised else 0.0)


def canvas_units(canvas: Canvas, shift: NDArray[np.floating]) -> NDArray[np.float64]:
    """(1, 2) displacement in face units of one in canvas pixels."""
    frame = canvas.frame
    return np.array([[shift @ frame.u, shift @ frame.v]], np.float64) / frame.unit


def pairs_of(person: Arrays, chance: np.random.Generator) -> list[dict[str, Any]]:
    """The pairs of one person, whose arrays are those of a shard's rows."""
    names = [list(MOUTHS)[k] for k in person["mouth"]]
    teeth = [teeth_of(*seen) for seen in zip(person["picture"], person["mesh"], strict=True)]
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
            edges, colour = teeth[b]
            shown = what_shows(canvas, mesh, edges, chance)
            pair: dict[str, Any] = make_pair(canvas, target, mesh, shown, colour)
            pair |= {"person": person["person"][a], "to": person["mouth"][b]}
            pair["measures"] = person["measures"][b]
            made.append(pair)
    return made


def main() -> None:
    """Make the shards that are missing."""
    given = shared_work("Make pairs for the network to learn from.").parse_args()
    for shard in my_part(finished(given.data / "people"), given.share):
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
