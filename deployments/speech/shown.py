"""Words as they are written where others are spoken in their place."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from media.sound import Speech, Word

_AHEAD: Final = 60
"""Words that an engine may leave out in a row."""

Alias = tuple[int, int, str]


def as_written(spoken: Iterable[Speech], said: str, aliases: Sequence[Alias]) -> Iterator[Speech]:
    """The pieces of `said`, the words of each alias replaced by what is written.

    Aliases are parts [start, stop) of `said`. One that is spoken in two pieces stays as it is
    spoken, like all in scripts without spaces, whose words an engine finds for itself.
    """
    expected, at = list(_words(said, aliases)), 0
    lengths = Counter(alias for _, alias in expected)
    for piece in spoken:
        out: list[tuple[Word, Alias | None]] = []
        for word in piece.words:
            ahead = range(at, min(at + _AHEAD, len(expected)))
            found = next((i for i in ahead if expected[i][0] == word.text), None)
            at = at if found is None else found + 1
            out.append((word, None if found is None else expected[found][1]))
        yield replace(piece, words=tuple(_joined(out, lengths)))


def _words(said: str, aliases: Sequence[Alias]) -> Iterator[tuple[str, Alias | None]]:
    """The words of `said` and the alias that each is of."""
    at = 0
    for word in said.split():
        start = said.index(word, at)
        at = start + len(word)
        yield word, next((a for a in aliases if a[0] < at and start < a[1]), None)


def _joined(
    words: Sequence[tuple[Word, Alias | None]], lengths: Mapping[Alias | None, int]
) -> Iterator[Word]:
    """Words of one alias, where all are there, as one word; signs that touch it stay."""
    n = 0
    while n < len(words):
        first, alias = words[n]
        end = n + 1
        while alias is not None and end < len(words) and words[end][1] == alias:
            end += 1
        if alias is None or end - n < lengths[alias]:
            yield from (word for word, _ in words[n:end])
        else:
            last = words[end - 1][0]
            yield Word(_around(first.text, last.text, alias), first.start, last.end)
        n = end


def _around(first: str, last: str, alias: Alias) -> str:
    opening = first[: len(first) - len(first.lstrip("\"'“‘([{«¿¡"))]  # noqa: RUF001 - quotes
    closing = last[len(last.rstrip("\"'”’)]}».,;:!?…")) :]  # noqa: RUF001 - quotes
    return opening + alias[2] + closing
