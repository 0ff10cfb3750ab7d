"""How mesh points move with a mouth, from drawn people: `python -m training.lips.basis DATA OUT`.

After `people`. Each point's shift from the person's shut mouth is fitted as a linear function of
opening, width, roundness and smile; the smile is left to the photo. Left and right are made alike.
"""

import argparse
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.landmarks import (
    CHEEKS,
    CHIN,
    JAW,
    LOWER_INNER,
    LOWER_OUTER,
    UPPER_INNER,
    UPPER_OUTER,
    face_frame,
)
from training.lips.crop import STABLE, similarity, through
from training.lips.mouths import column
from training.lips.people import MOUTHS
from training.lips.shards import Arrays, finished

CAUSES: Final = ("opening", "width", "round", "smile")
LINES: Final = (UPPER_INNER, LOWER_INNER, UPPER_OUTER, LOWER_OUTER, JAW)
"""From one side to the other."""
PAIRS: Final = (
    *zip(CHIN[3::2], CHIN[4::2], strict=True),
    *zip(CHEEKS[::2], CHEEKS[1::2], strict=True),
)
"""Right and left; the first three of CHIN lie in the middle."""
MOVERS: Final = tuple(sorted({p for group in (*LINES, CHIN, CHEEKS) for p in group}))
MOST_YAW: Final = 0.2
Array = NDArray[np.float64]


def shifts(rows: Arrays) -> tuple[Array, Array]:
    """Of a shard: changes (n, CAUSES) and shifts (n, points, 2) in face units."""
    shut = list(MOUTHS).index("shut")
    frontal = np.abs(column(rows["measures"], "yaw")) < MOST_YAW
    causes = np.stack([column(rows["measures"], name) for name in CAUSES], axis=1)
    changes, moved = [], []
    for base in np.flatnonzero((rows["mouth"] == shut) & frontal):
        mesh = rows["mesh"][base]
        frame = face_frame(mesh)
        still = frame.coordinates(mesh[:, :2])
        for other in np.flatnonzero(rows["person"] == rows["person"][base]):
            if other == base:
                continue
            points = rows["mesh"][other]
            onto = similarity(*(m[list(STABLE), :2].astype(np.float64) for m in (points, mesh)))
            changes.append(causes[other] - causes[base])
            moved.append(frame.coordinates(through(onto, points)[:, :2]) - still)
    return np.array(changes), np.array(moved)


def mirrored() -> NDArray[np.intp]:
    """(478,) each mover's counterpart on the other side; itself for points that don't move."""
    found = np.arange(478)
    for line in LINES:
        found[list(line)] = line[::-1]
    for right, left in PAIRS:
        found[[right, left]] = left, right
    return found


def fit(changes: Array, moved: Array) -> tuple[Array, float]:
    """(CAUSES, points, 2) shifts a unit of each cause, alike on both sides; share explained."""
    flat = np.linalg.lstsq(changes, moved.reshape(len(moved), -1), rcond=None)[0]
    basis = flat.reshape(len(CAUSES), -1, 2)
    basis = (basis + basis[:, mirrored()] * (-1, 1)) / 2
    movers = list(MOVERS)
    left = moved - np.tensordot(changes, basis, 1)
    return basis, float(1 - (left[:, movers] ** 2).sum() / (moved[:, movers] ** 2).sum())


def main() -> None:
    """Fit and write the file that the engine reads."""
    parser = argparse.ArgumentParser(description="Fit how mesh points move with a mouth.")
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    parts = [shifts(dict(np.load(path))) for path in finished(given.data / "people")]
    changes, moved = (np.concatenate(part) for part in zip(*parts, strict=True))
    basis, explained = fit(changes, moved)
    # The mesh reads the inner lips of open mouths too near to each other, the outer ones rightly.
    basis[0] /= basis[0, LOWER_OUTER[5], 1] - basis[0, UPPER_OUTER[5], 1]
    print(f"{len(moved)} mouths: {explained:.0%} of the movement explained")
    shown = basis[:3, list(MOVERS)]
    np.savez(given.out, points=np.array(MOVERS, np.int16), shifts=shown.astype(np.float32))


if __name__ == "__main__":
    main()
