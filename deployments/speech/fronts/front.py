"""What every front end takes and gives."""

from collections.abc import Sequence
from typing import Protocol

from deployments.speech.pieces import Piece, Rules, plain, split
from deployments.speech.reading import Reading
from media.errors import AvatarError

_TRIED_PIECES = 20


class FrontEndMissingError(Exception):
    """A language cannot be read here; the text says what to install."""


class FrontEnd(Protocol):
    """Reads one language. Thread-safe; the same words give the same phonemes."""

    @property
    def language(self) -> str:
        """The language's English name."""

    @property
    def rules(self) -> Rules:
        """Where its texts are cut."""

    def can_be_read(self, word: str) -> bool:
        """True when something in the word has a pronunciation."""

    def read(self, words: Sequence[str]) -> Reading:
        """Phonemes of a piece, in misaki's alphabet."""


def pieces_of(front: FrontEnd, text: str) -> list[Piece]:
    """Pieces of a text, those left out that have no sound. Raises AvatarError `empty_text`."""
    bare = plain(text)
    if not bare.strip():
        raise AvatarError("empty_text", "The text is empty: write what to say.", param="text")
    pieces = [
        piece
        for piece in split(bare, front.rules)
        if any(front.can_be_read(word) for word in piece.words)
    ]
    # Signs can pass as readable and still have no sound; real text passes at its first piece.
    if not any(front.read(piece.words).symbols.strip() for piece in pieces[:_TRIED_PIECES]):
        raise AvatarError(
            "empty_text",
            f"Nothing in the text can be pronounced: this voice reads {front.language}, "
            f"so write the text in {front.language} words or numbers.",
            param="text",
        )
    return pieces
