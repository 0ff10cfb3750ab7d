"""Cuts a text into pieces to speak one after the other: sentences, and clauses of long ones."""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from unicodedata import category

from deployments.speech.pronounced import apart, given, is_pronounced
from media.captions import CLAUSE_ENDS, CLOSERS, SENTENCE_ENDS, is_dense
from media.errors import AvatarError

LONGEST = 200
"""Weight (about the number of phonemes) that a piece may have: some 13 s of speech."""

FIRST_CLAUSE = 20
"""Weight of an opening clause that is spoken in about a second."""

FIRST_LONGEST = 60
"""An opening clause heavier than this is not cut off: the wait would hardly be shorter."""

_TAGS = "a|abbr|b|blockquote|body|br|code|div|em|font|h[1-6]|head|hr|html|i|img|li|ol|p|pre|s|small"
_TAGS += "|span|strong|sub|sup|table|tbody|td|th|thead|title|tr|u|ul|speak|break|prosody|emphasis"
_MARKUP = re.compile(rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]+", re.MULTILINE)
_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
# Control characters, lone surrogates, marks of direction, and other characters that nobody sees.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_BLANK_LINES = re.compile(r"\n\s*\n")
_CLOSERS = CLOSERS + "}*_》】）"  # noqa: RUF001 - full-width signs are meant
_OPENERS = "\"“‘'([{«*_¿¡「『（《【"  # noqa: RUF001 - curly quotes, full-width signs are meant
_SENTENCE_ENDS = tuple(SENTENCE_ENDS + "।॥｡")
_CLAUSE_ENDS = tuple(set(CLAUSE_ENDS) - set(SENTENCE_ENDS))
_LONE_DASHES = frozenset(("-", "--", "—", "–"))  # noqa: RUF001 - the en dash is meant
_TITLES = frozenset(
    re.split(
        r"\s+",
        "Mr Mrs Ms Dr Prof St Mt Ft Gen Gov Sen Rep Capt Lt Col Sgt Cmdr Rev Hon Pres Supt Maj Adm "
        "Fr vs No Nos Vol Fig Ch Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec e.g i.e",
    )
)
"""English words whose period does not end a sentence."""
_WRAPPED_LINE = 50
_DIGIT_WEIGHT, _CAPITAL_WEIGHT, _SIGN_WEIGHT, _DENSE_WEIGHT = 6, 2, 6, 4


class Pause(Enum):
    """What follows a piece; its value is the silence heard there, in seconds at speed 1."""

    WORD = 0.03
    CLAUSE = 0.22
    SENTENCE = 0.45
    PARAGRAPH = 0.8
    END = 0.45


@dataclass(frozen=True, slots=True)
class Piece:
    """Words spoken in one go, as the user wrote them, and the pause after them."""

    words: tuple[str, ...]
    pause: Pause


def halves(word: str) -> list[str]:
    """A word too heavy for a piece, in parts of equal length that are not."""
    size = max(1, len(word) * LONGEST // (2 * weight(word)))
    return [word[i : i + size] for i in range(0, len(word), size)]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is peculiar to one language where texts are cut."""

    abbreviations: frozenset[str] = _TITLES
    """Words, without their period, that a sentence does not end with."""
    words: Callable[[str], list[str]] = str.split
    """A paragraph's words; in scripts without spaces, what stands between two marks."""
    parts: Callable[[str], list[str]] = halves
    """A word too heavy for a piece in smaller ones."""


ENGLISH = Rules()


def plain(text: str) -> str:
    """The text without markup, control characters and other things that nobody sees or says."""
    text = html.unescape(_MARKUP.sub(" ", _LINE_ENDS.sub("\n", text)))
    return _HEADING.sub("", _UNSEEN.sub("", text))


def spoken_part(text: str) -> str:
    """What `plain` leaves. Raises AvatarError `empty_text` where that is nothing."""
    bare = plain(text)
    if not bare.strip():
        raise AvatarError("empty_text", "The text is empty: write what to say.", param="text")
    return bare


def split(text: str, rules: Rules = ENGLISH) -> list[Piece]:
    """Pieces of a text that `plain` made; time grows in proportion to its length.

    No word is lost, and none heavier than LONGEST stays whole. The first piece is a short clause
    where the text has one, so that the first sound can leave early.
    """
    pieces: list[Piece] = []
    for paragraph in _paragraphs(text):
        for sentence in _sentences(rules.words(paragraph), rules.abbreviations):
            heads = _clauses(_cut_heavy(sentence, rules.parts), first=not pieces)
            pieces += heads
        if pieces:
            pieces[-1] = Piece(pieces[-1].words, Pause.PARAGRAPH)
    if pieces:
        pieces[-1] = Piece(pieces[-1].words, Pause.END)
    return pieces


def weight(word: str) -> int:
    """About how many phonemes a word takes, with the space after it; errs on the high side."""
    if is_pronounced(word):
        return sum(len(said[1]) if (said := given(p)) else weight(p) for p in apart(word)) + 1
    if word.isalpha() and word.islower():
        return len(word) + 1
    digits = sum(c.isdecimal() for c in word)
    capitals = sum(c.isupper() for c in word) if word[1:].isupper() else 0
    # Vowel signs of Indian scripts and East Asian marks are not named when read.
    signs = sum(not (c.isalnum() or is_dense(c) or category(c)[0] == "M") for c in word[1:-1])
    total = len(word) + 1 + digits * _DIGIT_WEIGHT
    if not word.isascii():
        total += sum(map(is_dense, word)) * _DENSE_WEIGHT
    return total + capitals * _CAPITAL_WEIGHT + signs * _SIGN_WEIGHT


def _paragraphs(text: str) -> Iterator[str]:
    """Blocks between blank lines, and lines that stand alone (titles, lists, verse)."""
    for block in _BLANK_LINES.split(text):
        gathered: list[str] = []
        for line in block.split("\n"):
            gathered.append(line)
            # A long line that ends inside a sentence was only wrapped by an editor.
            ends = line.rstrip().rstrip(_CLOSERS).endswith((*_SENTENCE_ENDS, ":"))
            if ends or len(line) < _WRAPPED_LINE:
                yield " ".join(gathered)
                gathered = []
        if gathered:
            yield " ".join(gathered)


def _sentences(words: list[str], abbreviations: frozenset[str]) -> Iterator[list[str]]:
    start = 0
    for i in range(len(words) - 1):
        if _ends_sentence(words[i], words[i + 1], abbreviations):
            yield words[start : i + 1]
            start = i + 1
    if words[start:]:
        yield words[start:]


def _ends_sentence(word: str, after: str, abbreviations: frozenset[str]) -> bool:
    """False for a period behind a title or an initial, and before a small letter."""
    bare = word.rstrip(_CLOSERS)
    if not bare.endswith(_SENTENCE_ENDS) or after.lstrip(_OPENERS)[:1].islower():
        return False
    if not bare.endswith(".") or bare.endswith(".."):
        return True
    stem = bare[:-1].lstrip(_OPENERS)
    return stem not in abbreviations and not (len(stem) == 1 and stem.isupper() and stem != "I")


def _cut_heavy(words: Iterable[str], parts: Callable[[str], list[str]]) -> list[str]:
    """The words, those that no piece could hold cut into parts."""
    out: list[str] = []
    for word in words:
        for part in apart(word) if is_pronounced(word) and weight(word) > LONGEST else [word]:
            if given(part) or weight(part) <= LONGEST:
                out.append(part)
            else:
                out += [small for cut in parts(part) for small in _small(cut)]
    return out


def _small(part: str) -> list[str]:
    return [part] if weight(part) <= LONGEST else halves(part)


def _clauses(words: Sequence[str], *, first: bool) -> Iterator[Piece]:
    """Cut one sentence so that each part weighs at most LONGEST."""
    weights = [weight(word) for word in words]
    start = 0
    if first and sum(weights) > 2 * FIRST_CLAUSE:
        start = _opening(words, weights)
        if start:
            yield Piece(tuple(words[:start]), Pause.CLAUSE)
    while start < len(words):
        stop, pause = _next_cut(words, weights, start)
        yield Piece(tuple(words[start:stop]), pause)
        start = stop


def _opening(words: Sequence[str], weights: Sequence[int]) -> int:
    """How many words an opening clause has, 0 where none is worth cutting off."""
    total = 0
    best = 0
    for i in range(len(words) - 1):
        total += weights[i]
        if total > FIRST_LONGEST or (best and total > FIRST_CLAUSE):
            break
        if _ends_clause(words[i]) and any(c.isalnum() for c in words[i]):
            best = i + 1
    return best


def _next_cut(words: Sequence[str], weights: Sequence[int], start: int) -> tuple[int, Pause]:
    """Where the part that starts at `start` ends: at a clause if it can, else at a word."""
    total, stop, clause = 0, start, start
    while stop < len(words) and (total + weights[stop] <= LONGEST or stop == start):
        total += weights[stop]
        stop += 1
        if _ends_clause(words[stop - 1]) and total >= LONGEST // 4:
            clause = stop
    if stop == len(words):
        return stop, Pause.SENTENCE
    return (clause, Pause.CLAUSE) if clause > start else (stop, Pause.WORD)


def _ends_clause(word: str) -> bool:
    return word in _LONE_DASHES or word.rstrip(_CLOSERS).endswith(_CLAUSE_ENDS)
