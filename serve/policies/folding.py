"""Texts and words made alike, so that a word is found however it was dressed up.

Undone are: other forms of letters (compatibility forms and case, UAX 15), accents, characters that
cannot be seen, look-alikes of another script inside a Latin word, digits and signs that stand for
letters, letters set apart ("k i l l", "k.i.l.l"), and letters drawn out ("kiiill"). What may also
hide a word is undone in a view of its own.
"""

import re
from collections.abc import Callable
from typing import Final
from unicodedata import category, normalize

_ACCENTS: Final = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0640\u064b-\u065f\u0670]")
"""Combining marks of Latin, Greek and Cyrillic letters, points of Hebrew and Arabic ones, and the
tatweel. Not the marks of scripts whose vowels they are."""
_UNSEEN: Final = re.compile(
    "[\u115f\u1160\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0000-\U000e0fff]"
)
"""What Unicode calls default ignorable, beside format characters (category Cf)."""
_LATIN: Final = re.compile("[a-z]")
_GREEK_OR_CYRILLIC: Final = re.compile("[\u0370-\u03ff\u0400-\u052f]")
_LOOK_ALIKE: Final = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0433\u0456\u0458"
    "\u0455\u0501\u051b\u051d\u04bb\u04cf\u03b1\u03b2\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4"
    "\u03c5\u03c7\u03c9\u03b3\u03f2",
    "abekmhopctyxrijsdqwhl" + "abeikvoptuxwyc",
)
"""Small letters of Cyrillic and Greek that are drawn like a Latin one: the common ones of
confusables.txt (UTS 39)."""
_STANDS_FOR: Final = {
    **{"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g"},
    **{"@": "a", "$": "s", "€": "e", "£": "l", "+": "t"},
}
_SIGNS: Final = tuple(
    str.maketrans(_STANDS_FOR | dict.fromkeys("1!|", upright)) for upright in ("i", "l")
)
"""An upright line is read in both ways."""
_APART: Final = re.compile(r"(?<= )(?:\w ){2,}\w(?= )")
_DRAWN_OUT: Final = re.compile(r"(\w)\1{2,}")
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Thai, Lao, Burmese, Khmer, kana and Han: no spaces stand between their words."""


class _Letters(dict[int, int | None]):
    """A table for `str.translate` that keeps letters, their marks and digits; made as needed."""

    def __init__(self, instead: str) -> None:
        super().__init__()
        self._instead = ord(instead) if instead else None

    def __missing__(self, code: int) -> int | None:
        kept = chr(code).isalnum() or category(chr(code))[0] == "M"
        self[code] = code if kept else self._instead
        return self[code]


_APART_BY_SPACES: Final = _Letters(" ")
_CLOSED_UP: Final = _Letters("")


def is_unspaced(word: str) -> bool:
    """True for a word of a script that sets no spaces between words."""
    return _UNSPACED.search(word) is not None


def views(text: str) -> set[str]:
    """The text in every dress that it may have been meant in.

    Each is words in small letters with one space before, between and behind them.
    """
    plain = _folded(text)
    found = {_spaced(plain), _closed_up(plain)}
    found |= {_closed_up(_spelled(plain, signs)) for signs in _SIGNS}
    found |= {_APART.sub(lambda run: run[0].replace(" ", ""), view) for view in found}
    drawn_out = (r"\1", r"\1\1")
    return found | {_DRAWN_OUT.sub(letters, view) for letters in drawn_out for view in found}


def needles(words: str) -> set[str]:
    """What to look for in `views` to find a word, or several in a row.

    `*` at either end stands for any letters: `fool*` finds foolish as well. Of scripts without
    spaces it is found anywhere: look for it in views without their spaces.
    """
    plain = _folded(words.strip("*"))
    if is_unspaced(plain):
        return {_spaced(plain).replace(" ", "")}
    before = "" if words.startswith("*") else " "
    behind = "" if words.endswith("*") else " "
    bare = {_spaced(plain).strip(), _closed_up(plain).strip()}
    bare |= {one.replace(" ", "") for one in bare}
    return {f"{before}{one}{behind}" for one in bare if one}


def _folded(text: str) -> str:
    """Case, forms, accents and what cannot be seen folded away."""
    text = normalize("NFD", normalize("NFKC", text).casefold())
    text = _UNSEEN.sub("", _ACCENTS.sub("", text))
    text = normalize("NFKC", "".join(c for c in text if category(c) != "Cf"))
    return re.sub(r"\w+", lambda word: _one_script(word[0]), text)


def _one_script(word: str) -> str:
    mixed = _LATIN.search(word) and _GREEK_OR_CYRILLIC.search(word)
    return word.translate(_LOOK_ALIKE) if mixed else word


def _spelled(text: str, signs: dict[int, str]) -> str:
    """Signs read as letters, in parts that have letters too."""
    return _by_part(text, lambda part: part.translate(signs) if _has_letters(part) else part)


def _has_letters(part: str) -> bool:
    return any(map(str.isalpha, part))


def _closed_up(text: str) -> str:
    """Nothing but letters and digits between two spaces."""
    return f" {_by_part(text, lambda part: part.translate(_CLOSED_UP))} "


def _spaced(text: str) -> str:
    return f" {' '.join(text.translate(_APART_BY_SPACES).split())} "


def _by_part(text: str, change: Callable[[str], str]) -> str:
    """The parts between white space, changed; those of which nothing is left are dropped."""
    return " ".join(filter(None, map(change, text.split())))
