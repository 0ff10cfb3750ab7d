# ruff: noqa: RUF001 - phonetic symbols are meant
"""The International Phonetic Alphabet in misaki's, the alphabet of Kokoro's and hibari's networks.

misaki writes affricates and English diphthongs as one character each, and stress right before the
vowel (misaki's README and EN_PHONES.md). What the networks have no sound for is refused.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final
from unicodedata import name, normalize

from media.errors import AvatarError

Replaced = Sequence[tuple[str, str]]
"""Signs and what stands for them, in the order in which they are looked for."""

_TIE: Final = "\u0361"
_WRITTEN: Final = str.maketrans({"\u035c": _TIE, "g": "ɡ", "'": "ˈ", ":": "ː", "\u030d": "\u0329"})
"""Other ways to write the same signs."""
_ANYWHERE: Final[Replaced] = (
    ("t͡s", "ʦ"), ("d͡z", "ʣ"), (_TIE, ""), ("\u032f", ""),
    ("tʃ", "ʧ"), ("dʒ", "ʤ"), ("tɕ", "ʨ"), ("dʑ", "ʥ"), ("ʈʂ", "ꭧ"), ("tʂ", "ꭧ"),
    ("aɪ", "I"), ("aʊ", "W"), ("eɪ", "A"), ("oʊ", "O"), ("əʊ", "Q"), ("ɔɪ", "Y"),
    ("ɫ", "l"), ("ʀ", "ʁ"), ("ɱ", "m"), ("ɦ", "h"), ("ʷ", "w"), ("ʱ", "ʰ"), ("ɝ", "ɜɹ"),
    ("|", ","), ("‖", "."), ("‿", ""), ("-", ""), ("ˑ", ""),
)  # fmt: skip
_NARROW: Final = "\u032a\u033a\u033b\u031f\u0320\u031d\u031e\u0325\u030a\u032c\u031a"
"""Dental, apical, laminal, advanced, retracted, raised, lowered, devoiced, voiced, unreleased:
the voices know one sound for each."""
_SYLLABIC: Final = re.compile("(.)\u0329")
_VOWELS: Final = "aeiouyæøœɐɑɒɔəɚɛɜɤɨɪɯʊʌAIOQWYᵊᵻ"
_STRESS: Final = re.compile(f"([ˈˌ])([^{_VOWELS}ˈˌ\\s]*)(?=[{_VOWELS}])")
_NO_IPA: Final = frozenset('ABCDEFGHIJKLMNOPQRSTUVWXYZꭧ;:,.!?—…"()“”→↓↗↘')
"""Characters of the networks that are something else in IPA, or nothing."""


def in_alphabet(ipa: str, own: Replaced, vocabulary: Mapping[str, int], language: str) -> str:
    """A pronunciation as a network's symbols; `own` replaces what one language says otherwise.

    Raises AvatarError `invalid_request` for a sign that the voices have no sound for.
    """
    given = normalize("NFD", ipa).replace("c\u0327", "ç").translate(_WRITTEN)
    syllables = re.sub(f"[{_NARROW}]", "", given)
    _check(syllables, vocabulary, own, language)
    symbols = _SYLLABIC.sub("ᵊ\\1", _replaced(syllables, _ANYWHERE[:4]))
    joined = ".".join(_replaced(part, _ANYWHERE) for part in symbols.split("."))
    said = _STRESS.sub("\\2\\1", _replaced(joined.replace(".", ""), own))
    return " ".join(said.split())


def _check(ipa: str, vocabulary: Collection[str], own: Replaced, language: str) -> None:
    known = {*vocabulary} - _NO_IPA | {".", "\u0329"}
    known |= {c for signs, _ in (*_ANYWHERE, *own) for c in signs} - _NO_IPA
    strange = next((c for c in ipa if c not in known), None)
    if strange is not None:
        sign = f"{strange} ({name(strange, 'a sign without a name').lower()})"
        why = f"{language} voices have no sound for {sign} in ph of a <phoneme>"
    elif not any(c.isalpha() and c not in "ˈˌːʰʲ" for c in ipa):
        why = "ph of a <phoneme> holds no sound"
    else:
        return
    sentence = f"{why}: write the nearest sound, or spell the word as it sounds by <sub alias>."
    raise AvatarError("invalid_request", sentence, param="text")


def _replaced(text: str, table: Replaced) -> str:
    for signs, said in table:
        text = text.replace(signs, said)
    return text
