"""Random mouths on random faces, measured: `python -m training.lips.sample DATA`.

Each face gets the mouth layers of another one. What the mouth then does, as a function of both,
is what `steering.py` fits. A run that was cut goes on where it was.
"""

import numpy as np
from numpy.typing import NDArray

from deployments.face.mediapipe import MediaPipe
from deployments.portrait.generator import LATENT, Generator
from deployments.portrait.probes import Probes
from media.errors import AvatarError
from media.face import Face, HeadPose, Picture
from serve.settings import Settings
from serve.weights.store import open_store
from training.lips.mouths import measure
from training.lips.shards import Arrays, missing, shared_work, write
from training.lips.synthesis import LAYERS, MOUTH_LAYERS, SIDE, LayeredGenerator

SHARD = 100
FIRST_SEED = 500_000
FACE_TRUNCATION, MOUTH_TRUNCATION = 0.75, 1.0
STARTING_BOX = (0.14 * SIDE, 0.10 * SIDE, 0.86 * SIDE, 0.94 * SIDE)
"""Where the generator draws faces, in its own pictures."""
FRONTAL = {"yaw": (-1.0, 1.0), "hat": (-1.0, -0.3), "intruder": (-3.0, -0.5), "age": (-0.3, 3.0)}
"""Adults alone, roughly from the front; `steer` moves whatever lies beyond."""


class Studio:
    """The networks that faces are drawn and measured with."""

    def __init__(self) -> None:
        store = open_store(Settings())
        files = store.paths("mobilestylegan-ffhq")
        self._mapping = Generator.load(files, threads=1)
        self._layered = LayeredGenerator.load(files)
        self._faces = MediaPipe.load(store.paths("mediapipe-face-landmarker"), threads=1)
        self.probes = Probes.read()

    def latent(self, seed: int, truncation: float) -> NDArray[np.float64]:
        """(LATENT,) a random face."""
        z = np.random.RandomState(seed).randn(1, LATENT)
        mean = self.probes.mean
        return np.asarray(mean + truncation * (self._mapping.latents(z)[0] - mean))

    def person(self, seed: int) -> NDArray[np.float64]:
        """(LATENT,) a random adult, roughly from the front."""
        w, _ = self.probes.steer(self.latent(seed, FACE_TRUNCATION)[None], FRONTAL)
        return np.asarray(w[0])

    def draw(self, person: NDArray[np.float64], mouth: NDArray[np.float64]) -> Picture:
        """(SIDE, SIDE, 3): a person with the mouth layers of another latent."""
        latents = np.repeat(person[None], LAYERS, 0)
        latents[MOUTH_LAYERS] = mouth
        return self._layered.picture(latents)

    def face(self, picture: Picture) -> Face | None:
        """The drawn face with its mesh, or None where none is made out."""
        guess = Face(STARTING_BOX, 1.0, HeadPose(0, 0, 0), np.zeros((0, 2), np.float32))
        try:
            return self._faces.mesh(picture, guess)
        except AvatarError:
            return None


def sample(studio: Studio, numbers: range) -> Arrays:
    """Persons, mouths (n, LATENT) and measures (n, MEASURES) of the faces that were made out."""
    rows = []
    for n in numbers:
        person = studio.person(FIRST_SEED + 2 * n)
        mouth = studio.latent(FIRST_SEED + 2 * n + 1, MOUTH_TRUNCATION)
        picture = studio.draw(person, mouth)
        face = studio.face(picture)
        if face is not None:
            rows.append((person, mouth, measure(picture, face)))
    persons, mouths, measures = (np.array(column, np.float32) for column in zip(*rows, strict=True))
    return {"persons": persons, "mouths": mouths, "measures": measures}


def main() -> None:
    """Make the shards that are missing."""
    parser = shared_work("Measure random mouths on random faces.")
    parser.add_argument("--faces", type=int, default=2000)
    given = parser.parse_args()
    studio = Studio()
    for path, numbers in missing(given.data / "samples", range(given.faces), SHARD, given.share):
        made = sample(studio, numbers)
        write(path, made)
        print(f"{numbers.stop} of {given.faces}: {len(made['persons'])} made out", flush=True)


if __name__ == "__main__":
    main()
