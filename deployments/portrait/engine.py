"""What every portrait engine takes and gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, Self

from media.face import Picture


@dataclass(frozen=True, slots=True, eq=False)
class Painting:
    """A painted picture, how it came about, and what was made of the words."""

    rgb: Picture
    seed: int
    words_used: tuple[str, ...]
    words_ignored: tuple[str, ...]


class PortraitEngine(Protocol):
    """Paints a frontal portrait from words.

    Thread-safe; the same prompt and seed give the same picture.
    """

    weights: ClassVar[Sequence[str]]
    """Names in the weights manifest that the engine loads."""

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, **options: object) -> Self:
        """Open the weights: `files` maps each member's file name to where it lies."""

    def warm_up(self) -> None:
        """Infer once on made-up input, so that the first call takes no longer than the others."""

    def paint(self, prompt: str, seed: int) -> Painting:
        """Paint one portrait. Raises AvatarError `invalid_request` for an empty prompt."""
