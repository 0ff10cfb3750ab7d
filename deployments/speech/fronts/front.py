"""What every front end takes and gives."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Protocol
from unicodedata import category

from deployments.speech.ipa import Replaced, in_alphabet
from deployments.speech.pieces import Piece, Rules, split, spoken_part
from deployments.speech.pronounced import apart, given, is_pronounced
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

    @property
    def ipa(self) -> Replaced:
        """What its voices say otherwise than all others, where a pronunciation is given."""

    def can_be_read(self, word: str) -> bool:
        """True when something in the word has a pronunciation."""

    def read(self, words: Sequence[str]) -> Reading:
        """Phonemes of a piece, in misaki's alphabet."""


def pieces_of(front: FrontEnd, text: str) -> list[Piece]:
    """Pieces of a text, those left out that have no sound. Raises AvatarError `empty_text`."""
    pieces = [
        piece
        for piece in split(spoken_part(text), front.rules)
        if any(is_pronounced(word) or front.can_be_read(word) for word in piece.words)
    ]
    # Signs can pass as readable and still have no sound; real text passes at its first piece.
    if not any(read(front, piece.words).symbols.strip() for piece in pieces[:_TRIED_PIECES]):
        raise AvatarError(
            "empty_text",
            f"Nothing in the text can be pronounced: this voice reads {front.language}, "
            f"so write the text in {front.language} words or numbers.",
            param="text",
        )
    return pieces


def pronounce(front: FrontEnd, ipa: str, vocabulary: Mapping[str, int]) -> str:
    """A given pronunciation as symbols. Raises AvatarError `invalid_request`."""
    return in_alphabet(ipa, front.ipa, vocabulary, front.language)


def read(front: FrontEnd, words: Sequence[str]) -> Reading:
    """Phonemes of a piece; words whose pronunciation is given are read by it."""
    line = Reading("", ())
    for is_given, run in groupby(words, is_pronounced):
        if is_given:
            for word in run:
                line = line.before(_given(front, word))
        else:
            line = line.before(front.read(list(run)))
    return line


def _given(front: FrontEnd, word: str) -> Reading:
    """A word that holds pronunciations; marks that touch one belong to it."""
    parts = apart(word)
    line = Reading("", ())
    opening = ""
    for n, text in enumerate(parts):
        if pronunciation := given(text):
            said = (_sound(front, opening) if opening else "") + pronunciation[1]
            shown = opening + pronunciation[0]
            line, opening = line.before(Reading(said, (0,) * len(said), (shown,))), ""
            continue
        closing, core, opening = _bared(front, text)
        if not n:
            closing, core, opening = "", closing + core if core else "", opening or closing
        if n == len(parts) - 1:
            core, opening = core + opening, ""
        line = line.closed(_sound(front, closing), closing) if closing else line
        line = line.before(front.read([core])) if core else line
    return line


def _sound(front: FrontEnd, marks: str) -> str:
    return front.read([marks]).symbols.strip()


def _bared(front: FrontEnd, text: str) -> tuple[str, str, str]:
    """Marks, what stands between, marks; a text of nothing but marks begins with them."""
    signs = (c for c in set(text) if category(c)[0] in "PS" and not front.can_be_read(c))
    marks = "".join(signs)
    core = text.strip(marks)
    begin = text.index(core) if core else len(text)
    return text[:begin], core, text[begin + len(core) :]
