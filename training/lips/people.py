"""People that nobody is, each with many mouths: `python -m training.lips.people DATA`.

Step 2, after `sample`. Writes shards of pictures with their meshes; a run that was cut goes on.
"""

from typing import Any, Final

import numpy as np

from training.lips.mouths import measure
from training.lips.sample import Studio
from training.lips.shards import missing, shared_work, write
from training.lips.steering import Steering, correlations

SHARD = 20
FIRST_SEED = 700_000
HELD_EVERY: Final = 14
"""Every so manieth person is held out: no network learns from them."""

MOUTHS: Final[dict[str, dict[str, float]]] = {
    "own": {},
    "shut": {"opening": -0.04, "smile": 0.2, "jaw": 0.02},
    "parted": {"opening": 0.03, "smile": 0.3},
    "small": {"opening": 0.07, "smile": 0.1, "jaw": 0.06, "bright": 0.5},
    "mid": {"opening": 0.13, "smile": 0.15, "jaw": 0.13, "bright": 0.45},
    "wide": {"opening": 0.23, "smile": 0.4, "jaw": 0.22},
    "ah": {"opening": 0.20, "smile": 0.05, "jaw": 0.22, "bright": 0.3},
    "ee": {"opening": 0.08, "width": 1.08, "smile": 0.5},
    "oh": {"opening": 0.15, "width": 0.80, "round": 0.18, "smile": 0.1, "jaw": 0.17, "bright": 0.3},
    "oo": {"opening": 0.05, "width": 0.74, "round": 0.35, "smile": 0.1, "bright": 0.3},
    "laugh": {"opening": 0.14, "width": 1.13, "smile": 0.95},
}
"""Measures that each mouth is steered to; what it then measures is what counts."""
JITTER: Final = {
    "opening": 0.02,
    "width": 0.03,
    "round": 0.05,
    "smile": 0.1,
    "jaw": 0.02,
    "bright": 0.08,
}


def wanted_mouths(number: int) -> dict[str, dict[str, float]]:
    """What each of MOUTHS is steered to for one person: near what all are."""
    chance = np.random.default_rng(number)
    return {
        mouth: {name: v + JITTER[name] * chance.normal() for name, v in wanted.items()}
        for mouth, wanted in MOUTHS.items()
    }


def portray(studio: Studio, steering: Steering, number: int) -> list[tuple[Any, ...]]:
    """(number, mouth's index, picture, mesh, measures) for each mouth that was made out."""
    person = studio.person(FIRST_SEED + number)
    made = []
    for index, near in enumerate(wanted_mouths(number).values()):
        mouth = steering.move(person, near) if near else person
        picture = studio.draw(person, mouth)
        face = studio.face(picture)
        if face is not None:
            made.append(
                (number, index, picture, face.mesh, measure(picture, face).astype(np.float32))
            )
    return made


def main() -> None:
    """Make the shards that are missing."""
    parser = shared_work("Draw people with many mouths.")
    parser.add_argument("--people", type=int, default=1500)
    parser.add_argument(
        "--held", action="store_true", help="only those held out, into a DATA that has no others"
    )
    given = parser.parse_args()
    for name, figure in correlations(given.data / "samples").items():
        print(f"{name:8s} is told from the latent with r = {figure:.2f}")
    studio = Studio()
    steering = Steering.fit(given.data / "samples", studio.probes)
    chosen = range(0, given.people, HELD_EVERY if given.held else 1)
    for path, numbers in missing(given.data / "people", chosen, SHARD, given.share):
        rows = [row for number in numbers for row in portray(studio, steering, number)]
        columns = zip(*rows, strict=True)
        names = ("person", "mouth", "picture", "mesh", "measures")
        write(path, {name: np.array(column) for name, column in zip(names, columns, strict=True)})
        print(f"people {numbers[0]} to {numbers[-1]}: {len(rows)} pictures", flush=True)


if __name__ == "__main__":
    main()
