"""The same mouth of the same person, drawn otherwise: `python -m training.lips.twins DATA`.

After `sample`, of the people held out. A network is told a mouth's shape and sees the person;
whatever differs between twins it can't know. A twin's latent is moved in a random direction in
which, as far as lines tell, no measure of the mouth and no trait of the person changes.
"""

from typing import Any, Final

import cv2
import numpy as np

from media.face import Picture
from training.lips.crop import Mesh, through
from training.lips.people import FIRST_SEED, HELD_EVERY, SHARD, wanted_mouths
from training.lips.sample import Studio
from training.lips.shards import missing, shared_work, write
from training.lips.steering import Steering
from training.lips.synthesis import SIDE

LENGTHS: Final = (0.0, 0.5, 0.5, 0.5, 1.0, 1.0, 1.0)
"""Of each twin's move, against the mouth's own; the first is the mouth of `people`."""
AGAIN: Final = np.array([[1.02, 0.01, -2.6], [-0.01, 1.02, -1.3]])
"""How a picture is moved, turned and enlarged before its mesh is read a second time."""
CHOSEN: Final = ("shut", "small", "ee", "ah", "wide")
"""Of MOUTHS."""


def draw_twins(studio: Studio, steering: Steering, number: int) -> list[tuple[Any, ...]]:
    """(number, mouth's index, length of the move, picture, mesh, mesh read again) of each twin."""
    person = studio.person(FIRST_SEED + number)
    chance = np.random.default_rng((1, number))
    made = []
    for index, (name, near) in enumerate(wanted_mouths(number).items()):
        if name not in CHOSEN:
            continue
        mouth = steering.move(person, near)
        for length in LENGTHS:
            aside = length * steering.unseen_move(chance, mouth - person)
            picture = studio.draw(person, mouth + aside)
            mesh, again = read(studio, picture), read_again(studio, picture)
            if mesh is not None and again is not None:
                made.append((number, index, length, picture, mesh, again))
    return made


def read(studio: Studio, picture: Picture) -> Mesh | None:
    """The mesh of a drawn face."""
    face = studio.face(picture)
    return None if face is None else face.mesh


def read_again(studio: Studio, picture: Picture) -> Mesh | None:
    """The mesh of a drawn face that is seen a little otherwise, in the picture's own pixels."""
    seen = cv2.warpAffine(picture, AGAIN, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    mesh = read(studio, np.asarray(seen, np.uint8))
    back = np.asarray(cv2.invertAffineTransform(AGAIN), np.float64)
    return None if mesh is None else through(back, mesh)


def main() -> None:
    """Draw the shards that are missing."""
    parser = shared_work("Draw the same mouths otherwise, of people held out.")
    parser.add_argument("--people", type=int, default=1500)
    given = parser.parse_args()
    studio = Studio()
    steering = Steering.fit(given.data / "samples", studio.probes)
    chosen = range(0, given.people, HELD_EVERY)
    for path, numbers in missing(given.data / "twins", chosen, SHARD, given.share):
        rows = [row for number in numbers for row in draw_twins(studio, steering, number)]
        names = ("person", "mouth", "length", "picture", "mesh", "again")
        columns = zip(*rows, strict=True)
        write(path, {name: np.array(column) for name, column in zip(names, columns, strict=True)})
        print(f"people {numbers[0]} to {numbers[-1]}: {len(rows)} pictures", flush=True)


if __name__ == "__main__":
    main()
