"""Captions of speech: which words are shown together, for how long, on which lines.

Lengths follow the usual subtitling rules (Netflix Timed Text Style Guide, BBC Subtitle Guidelines):
two lines of 42 columns, one to six seconds a cue, breaks after punctuation and in pauses.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from media.sound import Word
from media.subtitles import Cue

MAX_COLUMNS: Final = 42
MIN_SECONDS: Final = 1.0
MAX_SECONDS: Final = 6.0

LONG_PAUSE: Final = 0.8
"""Seconds of silence across which a cue does not reach."""

SENTENCE_ENDS: Final = ".!?…。！？"  # noqa: RUF001 - East Asian marks
CLAUSE_ENDS: Final = SENTENCE_ENDS + ",;:—–、，；："  # noqa: RUF001 - the same, and dashes
CLOSERS: Final = "\"'”’»)]』」"  # noqa: RUF001 - quotation marks
"""Marks that may follow the end of a sentence."""
_TRAILING: Final = frozenset(CLAUSE_ENDS + CLOSERS) - frozenset("—–")  # noqa: RUF001 - dashes
_BREAKS: Final = ("Cc", "Cs", "Zl", "Zp")
"""Unicode categories of what would end a line or is no character."""

Row = Sequence[Word]
"""Words of one cue."""


def captions(words: Sequence[Word]) -> list[Cue]:
    """The words as cues, in the order of their times.

    A cue lasts at least MIN_SECONDS unless the next one starts earlier, at most MAX_SECONDS.
    """
    rows = list(_rows(_shown(words)))
    starts = [_milliseconds(row[0].start) for row in rows]
    cues = []
    for n, row in enumerate(rows):
        end = min(max(row[-1].end, row[0].start + MIN_SECONDS), row[0].start + MAX_SECONDS)
        last = _milliseconds(end)
        if n + 1 < len(rows):
            last = min(last, starts[n + 1])
        last = max(last, starts[n] + 1)  # no format has a cue without length
        cues.append(Cue(starts[n], last, tuple(_lines(row) or ())))
    return cues


def ends_clause(text: str) -> bool:
    """True for a word after which a speaker may pause."""
    return text.rstrip(CLOSERS).endswith(tuple(CLAUSE_ENDS))


def is_dense(char: str) -> bool:
    """True for Chinese and Japanese signs, which are written without spaces."""
    code = ord(char)
    return (
        0x3000 <= code <= 0x30FF
        or 0x3400 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0xFF00 <= code <= 0xFF65
        or 0x20000 <= code <= 0x3FFFF
    )


def _shown(words: Iterable[Word]) -> list[Word]:
    """The words in order of time, none wider than a line."""
    return [piece for word in _clean(words) for piece in _pieces(word)]


def _clean(words: Iterable[Word]) -> list[Word]:
    """Words on one line each, punctuation that stands alone added to the word before."""
    clean: list[Word] = []
    for word in sorted(words, key=lambda word: word.start):
        text = "".join(" " if unicodedata.category(c) in _BREAKS else c for c in word.text)
        text = unicodedata.normalize("NFC", " ".join(text.split()))
        if clean and text and _TRAILING.issuperset(text):
            last = clean.pop()
            clean.append(Word(last.text + text, last.start, max(last.end, word.end)))
        elif text:
            start = max(0.0, word.start)
            clean.append(Word(text, start, max(start, word.end)))
    return clean


def _pieces(word: Word) -> Iterable[Word]:
    """A word that is wider than a line (an address, say) in pieces that are not."""
    texts = [""]
    for char in word.text:
        if _columns(texts[-1] + char) > MAX_COLUMNS:
            texts.append("")
        texts[-1] += char
    step = (word.end - word.start) / len(texts)
    for n, text in enumerate(texts):
        yield Word(text, word.start + n * step, word.start + (n + 1) * step)


def _rows(words: Sequence[Word]) -> Iterable[Row]:
    first = 0
    while first < len(words):
        most = _fitting(words, first)
        last = max(range(first + 1, most + 1), key=lambda k: (_worth(words, first, k, most), k))
        yield words[first:last]
        first = last


def _fitting(words: Sequence[Word], first: int) -> int:
    """End of the longest cue from `first` on: two lines, MAX_SECONDS, no long pause inside."""
    last = first + 1
    while (
        last < len(words)
        and words[last].start - words[last - 1].end < LONG_PAUSE
        and words[last].end - words[first].start <= MAX_SECONDS
        and _lines(words[first : last + 1])
    ):
        last += 1
    return last


def _worth(words: Sequence[Word], first: int, last: int, most: int) -> float:
    """How good it is to end the cue that starts at `first` before the word `last`."""
    worth = 2.0 * (last - first) / (most - first)
    final = words[last - 1].text
    if last == len(words) or words[last].start - words[last - 1].end >= LONG_PAUSE:
        return worth + 3.0
    if final.rstrip(CLOSERS).endswith(tuple(SENTENCE_ENDS)):
        worth += 3.0
    elif ends_clause(final):
        worth += 2.0
    if words[last].start - words[first].start < MIN_SECONDS:
        worth -= 5.0
    return worth


def _lines(row: Row) -> list[str] | None:
    """The words on one or two lines, of about one length; None where it does not fit."""
    texts = [word.text for word in row]
    whole = _joined(texts)
    if _columns(whole) <= MAX_COLUMNS or len(texts) == 1:
        return [whole]
    best: tuple[float, list[str]] | None = None
    for k in range(1, len(texts)):
        lines = [_joined(texts[:k]), _joined(texts[k:])]
        upper, lower = (_columns(line) for line in lines)
        if max(upper, lower) > MAX_COLUMNS:
            continue
        unevenness = abs(upper - lower) - (12 if ends_clause(texts[k - 1]) else 0)
        if best is None or unevenness < best[0]:
            best = unevenness, lines
    return best[1] if best else None


def _joined(texts: Sequence[str]) -> str:
    """Words in a row, with spaces where their script has them."""
    joined = texts[0] if texts else ""
    for left, right in pairwise(texts):
        joined += right if is_dense(left[-1]) and is_dense(right[0]) else f" {right}"
    return joined


def _columns(text: str) -> int:
    """Width in columns: signs of East Asia take two, combining marks none (Unicode TR 11)."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
