"""What every speech engine takes and gives."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Protocol, Self

from media.errors import AvatarError
from media.sound import Speech
from media.voice import Voice

__all__ = ["AdoptingEngine", "SpeechEngine", "Voice", "pronounce"]


class SpeechEngine(Protocol):
    """Speaks text. Thread-safe; the same call gives the same samples."""

    weights: ClassVar[Sequence[str]]
    """Names in the weights manifest that the engine loads."""

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, **options: object) -> Self:
        """Open the weights: `files` maps each member's file name to where it lies."""

    def warm_up(self) -> None:
        """Infer once on made-up input, so that the first call takes no longer than the others."""

    @property
    def voices(self) -> Sequence[Voice]:
        """The voices that can speak now."""

    def check(self, text: str, voice: str) -> int:
        """Number of pieces the text will be spoken in.

        Raises AvatarError `empty_text` where nothing can be pronounced, `unknown_voice`.
        """

    def speak(self, text: str, voice: str, speed: float = 1.0, first: int = 0) -> Iterator[Speech]:
        """Speech from piece number `first` on, piece by piece, each as early as can be.

        As many pieces as `check` says, a piece without sound included: their numbers are what a
        job that was broken off goes on by.
        """


class AdoptingEngine(SpeechEngine, Protocol):
    """A speech engine that can speak cloned voices, too."""

    def with_voice(self, voice: Voice, data: bytes) -> SpeechEngine:
        """This engine, sharing its network, with `voice` as its only voice.

        Raises AvatarError `invalid_request` where `data` is not of this engine or broken.
        """


def pronounce(engine: SpeechEngine, ipa: str, voice: str) -> str:
    """A pronunciation (IPA) as the symbols of the engine's own `pronounce`, where it has one.

    Raises AvatarError `invalid_request` for signs that the voice has no sound for, and where the
    engine speaks words only; `unknown_voice`.
    """
    own: Callable[[str, str], str] | None = getattr(engine, "pronounce", None)
    if own is None:
        raise AvatarError(
            "invalid_request",
            "This voice takes no <phoneme>: spell the word as it sounds by <sub alias>.",
            param="text",
        )
    return own(ipa, voice)
