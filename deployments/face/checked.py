"""Face finding that also looks at whether the picture may be used: side by side."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from deployments.face.engine import FaceEngine
from media.errors import AvatarError
from media.face import Face, Picture

_KEPT: Final = 256
"""Scores that are remembered: a picture comes when its faces are shown, and again when it is
used."""


class PictureCheck(Protocol):
    """Says how likely it is that a picture shows what must not be shown. Thread-safe."""

    weights: ClassVar[Sequence[str]]
    """Names in the weights manifest that it loads."""

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, **options: object) -> Self:
        """Open the weights: `files` maps each member's file name to where it lies."""

    def warm_up(self) -> None:
        """Infer once on made-up input, so that the first call takes no longer than the others."""

    def prepare(self, picture: Picture) -> NDArray[Any]:
        """What the network looks at; the score depends on nothing else."""

    def score(self, prepared: NDArray[Any]) -> float:
        """From 0, harmless, to 1."""


class CheckedFaces:
    """A face engine behind a check of its pictures. Thread-safe."""

    def __init__(
        self, finder: FaceEngine, check: PictureCheck, threshold: float, workers: int
    ) -> None:
        self._finder = finder
        self._check = check
        self._threshold = threshold
        self._beside = ThreadPoolExecutor(workers, thread_name_prefix="check")
        self._scores = _Scores(check)

    def warm_up(self) -> None:
        """Have both infer once."""
        self._check.warm_up()
        self._finder.warm_up()

    def find(self, picture: Picture) -> list[Face]:
        """All faces, numbered left to right.

        Raises AvatarError `unsafe_image` where the check's score reaches the threshold.
        """
        score = self._beside.submit(self._scores.of, picture)
        faces = self._finder.find(picture)
        if not score.result() < self._threshold:  # nor for want of a number
            raise AvatarError(
                "unsafe_image",
                "The picture looks as if it showed what is not used here, such as nudity: choose "
                "another one.",
            )
        return faces

    def mesh(self, picture: Picture, face: Face) -> Face:
        """The same face with its mesh filled, as the face engine gives it."""
        return self._finder.mesh(picture, face)


class _Scores:
    """A check's scores, the latest remembered by a hash of what it looked at. Thread-safe."""

    def __init__(self, check: PictureCheck) -> None:
        self._check = check
        self._known: OrderedDict[bytes, float] = OrderedDict()
        self._lock = Lock()

    def of(self, picture: Picture) -> float:
        prepared = self._check.prepare(picture)
        name = hashlib.sha256(np.ascontiguousarray(prepared).data).digest()
        with self._lock:
            if name in self._known:
                self._known.move_to_end(name)
                return self._known[name]
        score = self._check.score(prepared)
        with self._lock:
            self._known[name] = score
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return score
