"""How alike the generator's own drawings of one person's mouth are.

What a network can know of a mouth is bounded by how much another drawing of the person says of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from deployments.lipsync.landmarks import LOWER_INNER, LOWER_OUTER, UPPER_INNER, UPPER_OUTER
from deployments.lipsync.mouth_geometry import lip_mask
from deployments.lipsync.repair_crop import HEIGHT, WIDTH
from media.face import Picture
from training.lips.comparison import COLUMNS, Table, both_scales
from training.lips.crop import Canvas, Mesh, cut, lay_out, lay_over
from training.lips.evaluate import Image, toned
from training.lips.mouths import column
from training.lips.pairs import MOST_YAW
from training.lips.people import MOUTHS
from training.lips.regions import Mask
from training.lips.registration import brought_onto
from training.lips.shards import Arrays

LIPS: Final = (*UPPER_OUTER, *LOWER_OUTER, *UPPER_INNER, *LOWER_INNER)
APART: Final = (1.0, 1.5, 2.0, 2.5, 3.0)
"""Pixels between lips, on average, by which drawings are sorted."""
SAME_SHAPE: Final = 1.5
"""Twins whose lips are further apart are not of one shape."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A drawn mouth that others are compared with."""

    mesh: Mesh
    canvas: Canvas
    rgb: Picture
    lips: Mask

    @classmethod
    def of(cls, picture: Picture, mesh: Mesh) -> Self:
        """Lay it out."""
        canvas = lay_out(picture, mesh)
        window = (canvas.x, canvas.y, WIDTH, HEIGHT)
        upper, lower = (canvas.mesh[list(line), :2] for line in (UPPER_OUTER, LOWER_OUTER))
        return cls(mesh, canvas, cut(canvas, canvas.rgb), lip_mask(upper, lower, window))

    def other(self, picture: Picture, mesh: Mesh) -> tuple[Picture, float]:
        """Another drawing of the person laid over it, and how many pixels their lips lie apart."""
        rgb, laid = lay_over(self.canvas, self.mesh, picture, mesh)
        lips = list(LIPS)
        apart = np.linalg.norm(laid[lips, :2] - self.canvas.mesh[lips, :2], axis=1).mean()
        return cut(self.canvas, rgb), float(apart)

    def compare(self, other: Picture) -> Iterator[tuple[str, Image, tuple[float, ...]]]:
        """The other drawing as it lies, and brought onto this one, with their likeness."""
        truth = toned(self.rgb, other, self.lips)
        plain = other.astype(np.float32)
        for how, image in (("", plain), (", brought onto it", brought_onto(plain, truth))):
            yield how, image, both_scales(image, truth, self.lips)


def compare_mouths(people: Arrays) -> Table:
    """Each mouth against the person's others, by how far their lips lie apart."""
    found: list[tuple[int, str, str, tuple[float, ...]]] = []
    upright = np.abs(column(people["measures"], "yaw")) < MOST_YAW
    for person in np.unique(people["person"]):
        rows = np.flatnonzero(upright & (people["person"] == person))
        for row in rows:
            mouth = list(MOUTHS)[int(people["mouth"][row])]
            truth = Drawing.of(people["picture"][row], people["mesh"][row])
            for at in rows[rows != row]:
                other, apart = truth.other(people["picture"][at], people["mesh"][at])
                step = int(np.searchsorted(APART, apart, side="right"))
                for how, _, likeness in truth.compare(other):
                    found.append((step, how, mouth, (*likeness, apart)))
    table = Table((*COLUMNS, "lips apart"))
    for step, how, mouth, figures in sorted(found, key=lambda one: one[0]):
        least, most = (0.0, *APART)[step], (*APART, "more")[step]
        name = f"another mouth of the person, lips {least} to {most} px apart"
        table.add(name + how, mouth, figures)
    return table


def compare_twins(twins: Arrays) -> Table:
    """Drawings of one mouth and shape against each other (`twins`), and the mesh's own noise."""
    table = Table((*COLUMNS, "lips apart"))
    group = twins["person"].astype(int) * len(MOUTHS) + twins["mouth"]
    for one in np.unique(group):
        rows = {name: values[group == one] for name, values in twins.items()}
        if rows["length"][0] != 0:
            continue
        mouth = list(MOUTHS)[int(rows["mouth"][0])]
        truth = Drawing.of(rows["picture"][0], rows["mesh"][0])
        again, apart = truth.other(rows["picture"][0], rows["again"][0])
        for how, _, likeness in truth.compare(again):
            table.add(f"the same picture, its mesh read again{how}", mouth, (*likeness, apart))
        for length in np.unique(rows["length"][1:]):
            name = f"a twin, moved {length:.1f} times as far as the mouth"
            brought = []
            for row in np.flatnonzero(rows["length"] == length):
                other, apart = truth.other(rows["picture"][row], rows["mesh"][row])
                if apart > SAME_SHAPE:
                    continue
                compared = list(truth.compare(other))
                for how, _, likeness in compared:
                    table.add(name + how, mouth, (*likeness, apart))
                brought.append(compared[-1][1])
            if len(brought) > 1:
                mean = np.asarray(np.mean(brought, axis=0), np.float32)
                wanted = toned(truth.rgb, np.asarray(mean, np.uint8), truth.lips)
                likeness = both_scales(mean, wanted, truth.lips)
                table.add(f"{name}: the mean of them, brought onto it", mouth, (*likeness, np.nan))
    return table
