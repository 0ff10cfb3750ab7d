"""What SSML's attributes say: each function takes them and how the words were to be said before.

ValueError has a sentence without its period for what is wrong.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from unicodedata import category

MAX_BREAK: Final = 10.0
"""Seconds."""
RATE_RANGE: Final = (0.25, 4.0)
"""Of nested rates, multiplied; a voice's engine may take less."""
MAX_WORDS: Final = 200
"""Characters of an alias or a pronunciation."""

BREAKS: Final[Mapping[str, float]] = {
    "none": 0.0,
    "x-weak": 0.1,
    "weak": 0.2,
    "medium": 0.4,
    "strong": 0.7,
    "x-strong": 1.2,
}
"""Seconds by strength; SSML leaves them to who speaks."""
RATES: Final[Mapping[str, float]] = {
    "x-slow": 0.5,
    "slow": 0.75,
    "medium": 1.0,
    "default": 1.0,
    "fast": 1.25,
    "x-fast": 1.6,
}
LEVELS: Final = ("none", "reduced", "moderate", "strong")

_TIME: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s)")
_RATE: Final = re.compile(r"([+-]?)([0-9]{1,4}(?:\.[0-9]{1,3})?)(%?)")
_IPA_SIGNS: Final = frozenset(" .|‖‿↗↘-")

Attributes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text that is said in one way."""

    text: str
    """As it is written, and shown in captions. Empty or blank where there is only a pause."""
    alias: str | None = None
    """What is said in its place."""
    ipa: str | None = None
    """How it is pronounced, in the International Phonetic Alphabet."""
    rate: float = 1.0
    """Times the speed of the whole."""
    emphasis: str = "none"
    """One of LEVELS."""
    pause: float | None = None
    """Seconds of silence behind it that were asked for; None: what the words ask for."""


def seconds(given: Attributes) -> float:
    """How long a `<break>` is; its time goes before its strength, without both it is medium."""
    strength = given.get("strength", "medium")
    if strength not in BREAKS:
        raise ValueError(f"strength is one of {', '.join(BREAKS)}")
    if "time" not in given:
        return BREAKS[strength]
    found = _TIME.fullmatch(given["time"])
    if found is None:
        raise ValueError("time is a number with s or ms, such as 0.5s or 500ms")
    long = float(found[1]) / (1000 if found[2] == "ms" else 1)
    if long > MAX_BREAK:
        raise ValueError(f"a break lasts {MAX_BREAK:g} s at most")
    return long


def emphasised(before: Span, given: Attributes) -> Span:
    """`<emphasis>`, moderate where it names no level."""
    level = given.get("level", "moderate")
    if level not in LEVELS:
        raise ValueError(f"level is one of {', '.join(LEVELS)}")
    return replace(before, emphasis=level)


def aliased(before: Span, given: Attributes) -> Span:
    """`<sub>`."""
    alias = given.get("alias", "").strip()
    if not 0 < len(alias) <= MAX_WORDS:
        raise ValueError(f"<sub> needs alias with what is said, at most {MAX_WORDS} characters")
    return replace(before, alias=alias)


def pronounced(before: Span, given: Attributes) -> Span:
    """`<phoneme>`."""
    if given.get("alphabet", "ipa") != "ipa":
        raise ValueError("alphabet is ipa")
    ipa = given.get("ph", "").strip()
    if not 0 < len(ipa) <= MAX_WORDS:
        raise ValueError(f"<phoneme> needs ph with a pronunciation, at most {MAX_WORDS} characters")
    strange = next((c for c in ipa if not _is_ipa(c)), None)
    if strange is not None:
        raise ValueError(f"{strange!r} in ph is no sign of the International Phonetic Alphabet")
    return replace(before, ipa=ipa)


def at_rate(before: Span, given: Attributes) -> Span:
    """`<prosody>`; rates inside each other are multiplied."""
    if "rate" not in given:
        raise ValueError("<prosody> needs rate")
    rate = before.rate * _rate(given["rate"])
    least, most = RATE_RANGE
    if not least <= rate <= most:
        raise ValueError(f"rate lies between {least:.0%} and {most:.0%}, nested rates multiplied")
    return replace(before, rate=round(rate, 6))


def _rate(given: str) -> float:
    """`slow`, `80%` and `0.8` of the speed, `+20%` or `-20%` more than it."""
    if given in RATES:
        return RATES[given]
    found = _RATE.fullmatch(given)
    if found is None or (found[1] and not found[3]):
        raise ValueError(f"rate is one of {', '.join(RATES)}, or a percentage such as 80% or +10%")
    value = float(found[2]) / (100 if found[3] else 1)
    return {"": value, "+": 1 + value, "-": 1 - value}[found[1]]


def _is_ipa(c: str) -> bool:
    return category(c)[0] in "LM" or category(c) == "Sk" or c in _IPA_SIGNS
