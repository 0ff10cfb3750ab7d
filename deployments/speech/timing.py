"""Times of words and phonemes, from the times of the symbols that a network spoke."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from media.sound import Phone, Word

LATE: Final = 0.058
"""Seconds by which hibari's and Kokoro's durations place phonemes behind the sound that they make.

`training/mouth/clock.py` measures it: 50 to 65 ms for hisses, vowels and stops of ten voices.
"""

_STRESS = frozenset("ˈˌ")
_LENGTH = frozenset("ːʰʲᵝ\u0303→↗↘↓")
_PAUSES = frozenset(';:,.!?—…"()“”')


@dataclass(frozen=True, slots=True)
class Timed:
    """A symbol, the number of the word that it belongs to, and its seconds."""

    symbol: str
    owner: int
    start: float
    end: float

    def shifted(self, seconds: float) -> "Timed":
        """The same symbol later by `seconds`."""
        return replace(self, start=self.start + seconds, end=self.end + seconds)

    def until(self, latest: float) -> "Timed":
        """The same symbol, over by `latest`."""
        return replace(self, start=min(self.start, latest), end=min(self.end, latest))


def phones_of(timed: Sequence[Timed]) -> tuple[Phone, ...]:
    """Phonemes without marks.

    The time of a stress mark goes to the phoneme behind it, that of a mark of length or tone and of
    the space between words to the one before it: the mouth does not rest there.
    """
    phones: list[Phone] = []
    start: float | None = None
    for t in timed:
        if t.symbol in _STRESS:
            start = t.start if start is None else start
        elif t.symbol in _LENGTH or t.symbol == " ":
            if phones and phones[-1].end >= t.start - 1e-6:
                phones[-1] = replace(phones[-1], end=t.end)
            start = None
        elif t.symbol in _PAUSES:
            start = None
        else:
            phones.append(Phone(t.symbol, t.start if start is None else start, t.end))
            start = None
    return tuple(phones)


def words_of(written: Sequence[str], timed: Sequence[Timed]) -> tuple[Word, ...]:
    """The words as written, with their times.

    A sign or picture that has no sound of its own (a dash, an emoji) joins the word before it;
    a word that cannot be read is left out.
    """
    spans: dict[int, tuple[float, float]] = {}
    for t in timed:
        if t.symbol == " " or t.symbol in _PAUSES:
            continue
        start, end = spans.get(t.owner, (t.start, t.end))
        spans[t.owner] = (min(start, t.start), max(end, t.end))
    words: list[Word] = []
    waiting = ""
    for i, text in enumerate(written):
        if i in spans:
            start, end = spans[i]
            words.append(Word(waiting + text, start, max(start, end)))
            waiting = ""
        elif any(c.isalpha() for c in text):
            continue
        elif words:
            words[-1] = replace(words[-1], text=f"{words[-1].text} {text}")
        else:
            waiting += text + " "
    return tuple(words)
