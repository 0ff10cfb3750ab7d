"""Portrait engine: words steer a generator of faces, and the best of several is kept.

Linear probes of the latent space say how a face will look before it is painted. Of many random
latents those nearest to the request are moved the rest of the way (a linear edit along the
latents' own covariance), painted, measured, and the best one is given.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import cv2
import numpy as np

from deployments.face.mediapipe import MediaPipe
from deployments.portrait import prompt as prompts
from deployments.portrait.engine import Painting
from deployments.portrait.generator import LATENT, Generator, Latents
from deployments.portrait.looks import measure
from deployments.portrait.probes import Bounds, Probes
from deployments.portrait.prompt import Request
from deployments.portrait.targets import DRAWN, FREE, bounds, faults
from media.errors import AvatarError
from media.face import Picture

TRUNCATION: Final = 0.8
"""Latents are drawn this near to their mean: 1 shows all faces there are, less only good ones."""

POOL: Final = 2048
"""Latents looked at by their scores alone, at 0.1 ms each; about a third is fit to be steered."""

PAINTED: Final = 4
"""Faces painted and measured; as many again, up to three times, while none is good."""

GOOD: Final = 1.5
"""Faults below which a face is good."""

NO_FACE: Final = 100.0
SECOND_FACE: Final = 5.0
"""Faults of a picture without a face, and of each face too many."""


class Steered:
    """Paints frontal portraits of adults who do not exist. Thread-safe."""

    weights: ClassVar[tuple[str, ...]] = ("mobilestylegan-ffhq", "mediapipe-face-landmarker")

    def __init__(self, generator: Generator, faces: MediaPipe, probes: Probes) -> None:
        self._generator = generator
        self._faces = faces
        self._probes = probes

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, **options: object) -> Self:
        """Open the generator's networks and the face engine's; there are no options.

        Raises AvatarError `weights_missing` where one is absent.
        """
        if options:
            raise TypeError(f"Steered has no options: {', '.join(sorted(options))}")
        return cls(
            Generator.load(files, threads=threads),
            MediaPipe.load(files, threads=threads),
            Probes.read(),
        )

    def warm_up(self) -> None:
        """Run every network once."""
        mean = self._generator.latents(np.zeros((1, LATENT)))[0]
        self._generator.picture(mean)
        self._faces.warm_up()

    def paint(self, prompt: str, seed: int) -> Painting:
        """Paint an adult as the English words ask, (1024, 1024, 3).

        Words that were not understood come back in `words_ignored`.

        Raises AvatarError `invalid_request` for a prompt without words, `internal` where no
        picture shows a face.
        """
        request = prompts.read(prompt)
        wanted = bounds(request, self._probes)
        best: Picture | None = None
        least = NO_FACE
        for n, picture in enumerate(self._candidates(wanted, seed), start=1):
            found = self._faults(picture, request, wanted)
            if found < least:
                best, least = picture, found
            if n % PAINTED == 0 and least < GOOD:
                break
        if best is None:
            raise AvatarError("internal", "No face could be painted: try again with another seed.")
        return Painting(best, seed, tuple(request.used), tuple(request.ignored))

    def _candidates(self, wanted: Bounds, seed: int) -> Iterator[Picture]:
        """Up to three times PAINTED pictures, those that had to be moved least first."""
        drawn = self._draw(seed)
        moved, lengths = self._probes.steer(drawn, wanted, free=FREE)
        # A stable sort, so that equal lengths keep their order on every machine.
        for i in np.argsort(lengths, kind="stable")[: 3 * PAINTED]:
            yield self._generator.picture(moved[i])

    def _draw(self, seed: int) -> Latents:
        """(n, LATENT) truncated latents of bare-headed adults who are alone, n up to POOL."""
        # Any integer will do for a seed; RandomState's numbers stay the same in every numpy.
        stream = np.random.MT19937(np.random.SeedSequence(abs(seed) * 2 + (seed < 0)))
        z = np.random.RandomState(stream).randn(POOL, LATENT)
        mean = self._probes.mean
        w = mean + TRUNCATION * (self._generator.latents(z) - mean)
        fit = np.ones(len(w), bool)
        for name, (low, high) in DRAWN.items():
            score = self._probes.score(w, name)
            fit &= (low < score) & (score < high)
        return np.asarray(w[fit])

    def _faults(self, picture: Picture, request: Request, wanted: Bounds) -> float:
        """What speaks against a picture; NO_FACE where there is none."""
        # Half the size is enough to measure a face of this size, and found in half the time.
        side = picture.shape[0] // 2
        half: Any = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        found = self._faces.find(half)
        if not found:
            return NO_FACE
        largest = max(found, key=lambda face: face.area)
        looks = measure(half, largest)
        own = faults(looks, request, wanted).total
        return own + SECOND_FACE * (len(found) - 1)
