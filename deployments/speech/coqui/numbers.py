"""Numbers that Coqui's library stumbles on: too large for it, of odd forms, or any in Hindi."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from media.errors import AvatarError

_BETWEEN_DIGITS: Final = re.compile(r"(?<=\d)[.,'\u00a0\u202f](?=\d)")
_DIGIT: Final = re.compile(r"\d")
_NAMES: Final[Mapping[str, Sequence[str]]] = {
    "hi": ("शून्य", "एक", "दो", "तीन", "चार", "पाँच", "छह", "सात", "आठ", "नौ"),
}
"""Digits in words, for a language whose digits the library cannot say one by one either."""


def speakable(word: str, language: str, read: Callable[[str], object]) -> str:
    """The word, or in its place one whose digits are said one by one.

    `read` raises where the library cannot read what it is given. Raises AvatarError
    `invalid_request` where it cannot read the digits either.
    """
    for written in (word, _by_digits(word, language)):
        try:
            read(written)
        except Exception:  # noqa: S112 - its libraries raise all kinds; the next form is tried
            continue
        return written
    raise AvatarError(
        "invalid_request",
        f"A number or sign in the text cannot be read in `{language}`: write it out in words.",
        param="text",
    )


def _by_digits(word: str, language: str) -> str:
    names = _NAMES.get(language)
    apart = _BETWEEN_DIGITS.sub(" ", word)
    said = _DIGIT.sub(lambda m: f" {names[int(m[0])] if names else int(m[0])} ", apart)
    return " ".join(said.split())
