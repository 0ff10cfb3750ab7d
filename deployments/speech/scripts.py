"""Which letters a language is written in: what a network that was given only them can say."""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from deployments.speech.fronts.dense import dense_rules
from deployments.speech.fronts.table import Table
from deployments.speech.pieces import ENGLISH, Rules

_LATIN: Final = ("LATIN",)
_SCRIPTS: Final[Mapping[str, tuple[str, ...]]] = {
    "ar": ("ARABIC",),
    "hi": ("DEVANAGARI",),
    "ja": ("HIRAGANA", "KATAKANA", "CJK", "LATIN", "FULLWIDTH"),
    "ko": ("HANGUL",),
    "ru": ("CYRILLIC",),
    "zh": ("CJK", "LATIN", "FULLWIDTH"),
}
"""First words of the Unicode names of a language's letters; the others are written in Latin."""
_DENSE: Final = ("ja", "zh")
_SPOKEN: Final = ("es", "fr", "hi", "it", "pt")


def primary(tag: str) -> str:
    """The language of a BCP 47 tag: `en` of `en-US`."""
    return tag.split("-")[0].lower()


def listed(languages: str) -> tuple[str, ...]:
    """Primary tags of BCP 47 tags separated by commas, each once."""
    return tuple(dict.fromkeys(primary(t.strip()) for t in languages.split(",") if t.strip()))


def readable(word: str, language: str) -> bool:
    """Whether something in the word is a digit or a letter of the language (a primary tag)."""
    scripts = _SCRIPTS.get(language, _LATIN)
    return any(
        c.isdecimal() or (c.isalpha() and unicodedata.name(c, "").startswith(scripts)) for c in word
    )


@lru_cache(maxsize=32)
def rules_of(language: str) -> Rules:
    """Where texts of a language (a primary tag) are cut."""
    if language == "en":
        return ENGLISH
    if language in _DENSE:
        return dense_rules(list)
    if language in _SPOKEN:
        return Rules(abbreviations=Table.of_language(language).abbreviations)
    return Rules(abbreviations=frozenset())
