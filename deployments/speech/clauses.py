"""A text in the pieces that a network takes which reads plain text: clauses, none too long."""

from collections.abc import Callable, Iterator, Sequence

from deployments.speech.fronts.dense import joined
from deployments.speech.pieces import Pause, Piece, split, spoken_part
from deployments.speech.scripts import readable, rules_of
from media.captions import ends_clause
from media.errors import AvatarError

Fitting = Callable[[str], bool]
"""Whether a network speaks a text in one go, to its end."""


def clauses(text: str, language: str, fits: Fitting) -> list[Piece]:
    """The pieces of a text in a language (a primary tag) that have a sound.

    Raises AvatarError `empty_text` where there is none.
    """
    pieces = [
        part
        for piece in split(spoken_part(text), rules_of(language))
        for part in _fitting(piece, fits)
        if any(readable(word, language) for word in part.words)
    ]
    if not pieces:
        raise AvatarError(
            "empty_text",
            f"Nothing in the text can be pronounced: this voice reads `{language}`, so write the "
            "text in the letters of that language.",
            param="text",
        )
    return pieces


def _fitting(piece: Piece, fits: Fitting) -> Iterator[Piece]:
    """The piece, or parts of it that fit, none of its words left out."""
    if fits(joined(piece.words)):
        yield piece
        return
    head, tail = _parted(piece.words)
    if not tail:  # one letter: there is nothing to cut
        yield piece
        return
    pause = Pause.CLAUSE if ends_clause(head[-1]) else Pause.WORD
    yield from _fitting(Piece(head, pause), fits)
    yield from _fitting(Piece(tail, piece.pause), fits)


def _parted(words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words in two parts: at the end of a clause near the middle, else in the middle."""
    if len(words) == 1:
        (word,) = words
        half = (len(word) + 1) // 2
        return (word[:half],), (word[half:],) if word[half:] else ()
    ends = [0]
    for word in words:
        ends.append(ends[-1] + len(word) + 1)

    def off(at: int) -> float:
        share = abs(ends[at] / ends[-1] - 0.5)
        return share - (0.25 if ends_clause(words[at - 1]) else 0.0)

    cut = min(range(1, len(words)), key=off)
    return tuple(words[:cut]), tuple(words[cut:])
