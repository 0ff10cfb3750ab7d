"""Words whose pronunciation is given, and how they travel inside a text to whoever reads it.

Such a word stands in a text as one word between characters that Unicode keeps for use inside
programs (The Unicode Standard, 23.7, "Noncharacters"); what is between them is moved to a plane of
private use, so that nothing that cuts texts finds a space or a mark in it. `stripped` takes such
characters out of users' texts.
"""

import re
from typing import Final

_OPEN, _THEN, _CLOSE = "\ufdd0", "\ufdd1", "\ufdd2"
_PLANE: Final = 0xF0000
_INSIDE: Final = re.compile("[\ufdd0-\ufdef\U000f0000-\U000fffff]")
_TOKEN: Final = re.compile(f"{_OPEN}([^{_THEN}]*){_THEN}([^{_CLOSE}]*){_CLOSE}")
_TOKENS: Final = re.compile(f"({_OPEN}[^{_CLOSE}]*{_CLOSE})")


def stripped(text: str) -> str:
    """A user's text without the characters that mean something only here."""
    return _INSIDE.sub("", text)


def pronounced(written: str, symbols: str) -> str:
    """A word of a text that is read as `symbols` and shown as it is written."""
    return f"{_OPEN}{_moved(written, _PLANE)}{_THEN}{_moved(symbols, _PLANE)}{_CLOSE}"


def is_pronounced(word: str) -> bool:
    """True for a word of a text that holds a given pronunciation."""
    return _OPEN in word


def apart(word: str) -> list[str]:
    """A word of a text cut round the pronunciations in it, each of which stays as it is."""
    return [part for part in _TOKENS.split(word) if part]


def given(word: str) -> tuple[str, str] | None:
    """What is written and its symbols, of a part that is a pronunciation; else None."""
    match = _TOKEN.fullmatch(word)
    return (_moved(match[1], -_PLANE), _moved(match[2], -_PLANE)) if match else None


def _moved(text: str, by: int) -> str:
    """Characters of the first plane moved by `by`; those of others, pictures mostly, go."""
    low = _PLANE if by < 0 else 0
    return "".join(chr(ord(c) + by) for c in text if low <= ord(c) < low + 0x10000)
