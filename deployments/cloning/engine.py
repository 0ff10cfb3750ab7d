"""What every cloning engine takes and gives."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, Self

from media.sound import Sound


@dataclass(frozen=True, slots=True)
class Cloned:
    """A voice made from a sample."""

    data: bytes
    """What the speech engine adopts: under 20 MB, in a format that runs no code."""
    engine: str
    """The name of the speech engine that can adopt it, like `Voice.engine`."""
    languages: tuple[str, ...]
    """BCP 47 tags of what the voice can speak."""
    gain_db: float
    """What brings it to TARGET_LUFS, like `Voice.gain_db`."""
    similarity: float | None
    """Cosine to the sample by a speaker encoder, on words that the making did not use; None where
    it was not measured."""
    approximate: bool
    """True for a fit among stock styles."""
    licence: str


class CloningEngine(Protocol):
    """Makes voices of samples. Thread-safe."""

    weights: ClassVar[Sequence[str]]
    """Names in the weights manifest that the engine loads."""

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, **options: object) -> Self:
        """Open the weights: `files` maps each member's file name to where it lies."""

    def warm_up(self) -> None:
        """Infer once on made-up input, so that the first call takes no longer than the others."""

    def check(self, sample: Sound, language: str) -> None:
        """Look whether a voice can be made of 6 to 60 s of 48 kHz sound.

        Raises AvatarError `unusable_sample` for too little speech, noise, clipping or several
        speakers, `silent_audio`, or `invalid_request` for a language that can't be cloned here.
        """

    def clone(self, sample: Sound, language: str, seed: int = 0) -> Iterator[float | Cloned]:
        """Progress in [0, 1], then the voice, once, as the last.

        It ends in bounded time, and the consumer may stop it at any moment. Equal inputs and seed
        give the same voice.
        """
