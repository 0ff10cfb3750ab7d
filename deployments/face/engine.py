"""What every face engine takes and gives."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Protocol, Self

from media.face import Face, Picture


class FaceEngine(Protocol):
    """Finds faces. Thread-safe."""

    weights: ClassVar[Sequence[str]]
    """Names in the weights manifest that the engine loads."""

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, **options: object) -> Self:
        """Open the weights: `files` maps each member's file name to where it lies."""

    def warm_up(self) -> None:
        """Infer once on made-up input, so that the first call takes no longer than the others."""

    def find(self, picture: Picture) -> list[Face]:
        """All faces, numbered left to right; the mesh may still be missing."""

    def mesh(self, picture: Picture, face: Face) -> Face:
        """The same face with `mesh` and `blendshapes` filled. Raises `no_face` where none fits."""
