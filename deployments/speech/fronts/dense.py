# ruff: noqa: RUF001 - East Asian marks are meant
"""Scripts without spaces, Chinese and Japanese: where texts are cut, how words join again."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from deployments.speech.pieces import LONGEST, Rules, weight
from media.captions import is_dense

_RUN: Final = re.compile(r"[^\s。！？、，；：…]*[。！？、，；：…]+[」』）】》”’\"')]*|\S+")
MARKS: Final = dict(
    zip("、，。．！？：；「」『』（）《》【】…—", ",,..!?:;“”“”()“”“”…—", strict=True)
)
"""East Asian marks as the voices know them."""
OPENERS: Final = "(“"
NUMBER: Final = r"\d+(?:,\d{3})*(?:\.\d+)?"
DATE: Final = (
    r"(?<![\d/-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\d/-])"
    r"(?:T(\d\d:\d\d)(?::\d\d)?(?:Z|[+-]\d\d:?\d\d)?)?"
)
"""A date in signs, year first, with its time if it has one (ISO 8601 among them)."""
_ANALYSED: Final = 200
"""Characters that are given to an analyser in one go."""


def dense_rules(tokens: Callable[[str], list[str]]) -> Rules:
    """Rules for a script without spaces; `tokens` are a text's words, nothing left out."""

    def parts(word: str) -> list[str]:
        return list(_grouped(word, tokens))

    return Rules(abbreviations=frozenset(), words=_runs, parts=parts)


def dated(match: re.Match[str]) -> str | None:
    """What DATE found, with the signs that both scripts write dates by; None where it is none."""
    month, day = int(match[3]), int(match[4])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{match[1]}年{month}月{day}日{match[5] or ''}"


def can_be_read(word: str) -> bool:
    """True when something in the word has a pronunciation."""
    return any(c.isalnum() for c in word)


def joined(words: Sequence[str]) -> str:
    """Words in a row, with spaces only where Latin ones meet."""
    text = words[0] if words else ""
    for left, right in pairwise(words):
        text += right if is_dense(left[-1]) or is_dense(right[0]) else f" {right}"
    return text


def _runs(paragraph: str) -> list[str]:
    """What stands between two marks, the mark at its end."""
    return _RUN.findall(paragraph)


def _grouped(word: str, tokens: Callable[[str], list[str]]) -> Iterator[str]:
    """Words of a long run put together again until a piece is half full."""
    group = ""
    for start in range(0, len(word), _ANALYSED):
        for token in tokens(word[start : start + _ANALYSED]):
            if group and weight(group + token) > LONGEST // 2:
                yield group
                group = ""
            group += token
    if group:
        yield group
