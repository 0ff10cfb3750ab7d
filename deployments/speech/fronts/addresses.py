"""Web and mail addresses, hashtags and names of programs' parts, said sign by sign."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from deployments.speech.fronts.owned import Rule

_END: Final = r"[^\s.,;:!?…)\]}»”\"'’*_।]"  # noqa: RUF001 - curly quotes are meant
_HOST: Final = r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
_TOP: Final = "com|org|net|edu|gov|io|dev|ai|app|info|es|fr|it|br|pt|in|jp|cn|de|eu|uk|us"
_SCHEME: Final = re.compile(r"^(?:https?://)?(?:www\.)?")
_HASHTAG: Final = re.compile(r"(?<![\w&])[#＃](?=[\w·]*[^\W\d_])([\w·]+)#?")  # noqa: RUF001 - full width is meant
_NAME: Final = re.compile(r"(?<![\w@])_*[A-Za-z]\w*_\w+(?:\(\))?|(?<=[A-Za-z0-9])\(\)")
_FILE: Final = re.compile(
    r"(?<=\w)\.(?=(?:js|ts|py|pdf|docx?|xlsx?|txt|html?|mp[34]|jpe?g|png|zip|csv|json|exe)(?!\w))"
    r"|(?<!\S)\.(?=[A-Za-z]{2})"
)
_SHARP: Final = re.compile(r"(?<=\b[A-G])#(?!\d)")
_HUMP: Final = re.compile(r"(?<=[a-zß-ÿ]{2})(?=[A-ZÀ-Þ][a-zß-ÿ])")


def address_pattern(sign: str = r"\S", end: str = _END) -> re.Pattern[str]:
    """Addresses of such signs: all but blanks, or those that a script has no other use for."""
    return re.compile(
        rf"(?:https?://|www\.){sign}*{end}/?"
        rf"|(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
        rf"|(?<![A-Za-z0-9_@.-]){_HOST}\.(?:{_TOP})(?![A-Za-z0-9_-])(?:[/?#]{sign}*{end}/?|/)?"
    )


DENSE_ADDRESS: Final = address_pattern("[!-~]", "[A-Za-z0-9/#=&-]")
"""Addresses in scripts without spaces, which begin where an address's signs end."""


def spelled(address: str, names: Mapping[str, str]) -> str:
    """An address with its signs in words, without its scheme and what browsers add."""
    bare = unquote(_SCHEME.sub("", address)).rstrip("/")
    return "".join(f" {names[c]} " if c in names else c for c in bare)


def address_rules(names: Mapping[str, str], hashtag: str) -> tuple[Rule, ...]:
    """Rules for texts with spaces; `names` are those of the signs, `hashtag` is said for one."""

    def name(match: re.Match[str]) -> str:
        return match[0].removesuffix("()").strip("_").replace("_", f" {names['_']} ")

    return (
        (address_pattern(), lambda match: spelled(match[0], names)),
        (_HASHTAG, lambda match: f"{hashtag} {match[1].replace('_', ' ')}"),
        (_NAME, name),
        (_FILE, lambda match: f" {names['.']} "),
        (_SHARP, lambda match: " sharp"),
        (_HUMP, lambda match: " "),
    )
