"""Makes phonemes of words, and remembers which word each phoneme came from."""

import logging
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from hibari.g2p.normalize import normalize

from deployments.speech.fronts.owned import Owned, Rule

log = logging.getLogger(__name__)

_SPOKEN_SIGNS = frozenset("%&+@=<>~°§±×÷©#^/")  # noqa: RUF001 - the multiplication sign is meant
_LAST_KEPT_LETTER = 0x17F
_LAST_LATIN_LETTER = 0x24F
_LATIN_ADDITIONAL = range(0x1E00, 0x1F00)
_SCHEME = re.compile(r"^(?:https?://)?(?:www\.)?(?=[^/\s]+\.)", re.IGNORECASE)
_KEPT_FORMS = ("<fraction>", "<super>", "<sub>")
_GREEK = re.compile(r"GREEK (?:SMALL|CAPITAL) LETTER ([A-Z]+)")
_LONG_NUMBER = re.compile(r"\d[\d,]{15,}")
_LONG_WORD = re.compile(r"[^\W\d_]{25,}")
_MOST_DIGITS, _MOST_GROUPED_DIGITS, _WORD_PART = 15, 33, 20


@dataclass(frozen=True, slots=True)
class Reading:
    """Phonemes in misaki's alphabet, one character each, and the word that each belongs to."""

    symbols: str
    owners: tuple[int, ...]
    words: tuple[str, ...] = ()
    """As the user wrote them; where a script has no spaces, what a reader finds as words."""

    def before(self, other: "Reading") -> "Reading":
        """This reading and another one behind it, a space between them."""
        space = " " if self.symbols and other.symbols else ""
        gap = (self.owners[-1],) if space else ()
        behind = tuple(owner + len(self.words) for owner in other.owners)
        words = (*self.words, *other.words)
        return Reading(self.symbols + space + other.symbols, (*self.owners, *gap, *behind), words)

    def closed(self, symbols: str, marks: str) -> "Reading":
        """This reading, its last word followed by marks."""
        last = len(self.words) - 1
        owners = (*self.owners, *[last] * len(symbols))
        return Reading(self.symbols + symbols, owners, (*self.words[:-1], self.words[-1] + marks))

    def parts(self, longest: int) -> Iterator["Reading"]:
        """The reading in parts of at most `longest` symbols, cut between words if possible."""
        start = 0
        while start < len(self.symbols):
            stop = start + longest
            if stop < len(self.symbols):
                space = self.symbols.rfind(" ", start + 1, stop)
                stop = space if space > 0 else stop
            yield Reading(self.symbols[start:stop], self.owners[start:stop], self.words)
            start = stop


def can_be_read(word: str) -> bool:
    """True when something in the word has a pronunciation."""
    if word.isascii():
        return any(c.isalnum() or c in _SPOKEN_SIGNS for c in word)
    return any(c.isalnum() or c in _SPOKEN_SIGNS for c in readable(word))


def readable(word: str) -> str:
    """What the pronouncing rules are given for a word; several words where it is very long.

    Letters of other scripts and pictures go; compatibility forms (full width, circled, ligatures)
    become plain, foreign digits European, a lone Greek letter its name.
    """
    if word[:4].lower() in ("http", "www."):
        word = _SCHEME.sub("", word).rstrip("/")
    if not word.isascii():
        word = unicodedata.normalize("NFC", word)
        greek = [c for c in word if _GREEK.match(unicodedata.name(c, ""))]
        word = "".join(_plain_character(c, lone_greek=len(greek) == 1) for c in word)
    if len(word) > _MOST_DIGITS:
        # Longer numbers have no name, longer words than 24 letters would be cut: read in parts.
        word = _LONG_NUMBER.sub(_by_digits, word)
        word = _LONG_WORD.sub(_in_parts, word)
    return word


def read(g2p: Any, words: Sequence[str], rules: Sequence[Rule] = ()) -> Reading:
    """Phonemes of a piece, rewritten by rules first. `g2p` is a `hibari.g2p.G2P`."""
    given: list[str] = []
    owners: list[int] = []
    for i, word in Owned.of(words).said(rules).words():
        for part in readable(word).split():
            given.append(part)
            owners.append(i)
    if not given:
        return Reading("", (), tuple(words))
    try:
        return replace(_pronounce(g2p, given, owners), words=tuple(words))
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        # The rules know many kinds of numbers and names; a text they trip over is read bare.
        log.warning("pronouncing rules failed (%s); reading bare words", type(error).__name__)
        bare = [(m, i) for w, i in zip(given, owners, strict=True) for m in _bare(w)]
        plain = _pronounce(g2p, [w for w, _ in bare], [i for _, i in bare])
        return replace(plain, words=tuple(words))


def _pronounce(g2p: Any, given: Sequence[str], owners: Sequence[int]) -> Reading:
    # "[text](/phonemes/)" is markup of the rules; user text must not reach it.
    spoken = normalize(" ".join(given)).replace("](", "] (")
    order = _align(given, spoken.split())
    symbols: list[str] = []
    whose: list[int] = []
    n = 0
    for token in g2p.phonemize_tokens(g2p.tokenize(spoken)):
        said = (token.phonemes or "") + (" " if token.whitespace else "")
        symbols.append(said)
        whose += [owners[order[min(n, len(order) - 1)]]] * len(said)
        n += bool(token.whitespace)
    line = "".join(symbols)
    first = len(line) - len(line.lstrip())
    last = len(line.rstrip())
    return Reading(line[first:last], tuple(whose[first:last]))


def _align(given: Sequence[str], spoken: Sequence[str]) -> list[int]:
    """For each spoken word the number of the given word that it came from."""
    out: list[int] = []
    blocks = SequenceMatcher(None, given, spoken, autojunk=False).get_opcodes()
    for _, i1, i2, j1, j2 in blocks:
        for j in range(j1, j2):
            share = (j - j1) * (i2 - i1) // (j2 - j1)
            out.append(i1 + share if i2 > i1 else max(0, i1 - 1))
    return out


def _plain_character(c: str, *, lone_greek: bool) -> str:
    if c.isascii():
        return c
    form = unicodedata.decomposition(c)
    if form.startswith("<") and not form.startswith(_KEPT_FORMS) and c != "µ":
        c = unicodedata.normalize("NFKC", c)
        if c.isascii():
            return f" {c} " if form.startswith("<circle>") else c
    if len(c) != 1:
        return "".join(_plain_character(d, lone_greek=False) for d in c)
    return _plain_letter(c, lone_greek) if c.isalpha() else _plain_sign(c)


def _plain_letter(c: str, lone_greek: bool) -> str:
    if ord(c) <= _LAST_KEPT_LETTER:
        return c
    if ord(c) <= _LAST_LATIN_LETTER or ord(c) in _LATIN_ADDITIONAL:
        base = unicodedata.normalize("NFD", c)[0]
        return base if base.isascii() else ""
    greek = _GREEK.fullmatch(unicodedata.name(c, ""))
    return f" {greek[1].lower()} " if greek and lone_greek else ""


def _plain_sign(c: str) -> str:
    if c.isdecimal():
        return str(unicodedata.decimal(c))
    category = unicodedata.category(c)
    if c.isdigit() and not unicodedata.decomposition(c).startswith(_KEPT_FORMS):
        return f" {unicodedata.digit(c)} "
    return c if category in ("No", "Sc", "Sm") or category[0] == "P" or c in _SPOKEN_SIGNS else ""


def _by_digits(match: re.Match[str]) -> str:
    digits = match[0].replace(",", "")
    most = _MOST_GROUPED_DIGITS if "," in match[0] else _MOST_DIGITS
    return match[0] if len(digits) <= most else " " + " ".join(digits) + " "


def _in_parts(match: re.Match[str]) -> str:
    word = match[0]
    n = -(-len(word) // _WORD_PART)
    size = -(-len(word) // n)
    return " ".join(word[i : i + size] for i in range(0, len(word), size))


def _bare(word: str) -> list[str]:
    return re.findall(r"[A-Za-z]+|[0-9]", word)
