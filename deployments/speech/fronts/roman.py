# ruff: noqa: RUF001 - apostrophes of print are meant
"""Roman numbers, said as each language says those of kings and centuries."""

import re
from collections.abc import Sequence
from typing import Final

from deployments.speech.fronts.owned import Rule
from deployments.speech.fronts.table import Table

_ONES: Final = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
_LONG: Final = r"(?=[IVX]{2})(?P<tens>X{0,3})(?P<ones>IX|IV|V?I{0,3})"
_LONE: Final = r"(?<=[a-zà-ÿ] )(?P<lone>[IVX])"
"""A single letter is a number behind a name or an article alone: Felipe V, la I Guerra Mundial."""
_ARTICLE: Final = re.compile(
    r"\b(?:el|l[ao]|[aeo]|[dn][ao]|il|del|[dn]?ella|[ad]alla) $", re.IGNORECASE
)
_TENTH: Final = frozenset(
    ("Afonso", "Alfonso", "Carlos", "Charles", "Leone", "León", "Leão", "Léon", "Pie", "Pio", "Pío")
)
"""Names with a tenth: behind others X is a letter, as of Rayos X."""
_PATTERN: Final = re.compile(
    rf"(?P<name>\b(?:[A-ZÀ-Þ][\w'’]+|si?[eéè]c\w+|siglos?) )?(?<!\w)(?:{_LONG}|{_LONE})"
    r"(?P<suffix>e|è|ème)?(?!\w|['’.]\w|-[a-z])"
    r"(?= ?(?P<next>\w*))"
)


def roman_rules(table: Table) -> tuple[Rule, ...]:
    """The rule for Roman numbers up to 39, if the language needs one."""
    return ((_PATTERN, lambda match: _said(table, match)),) if table.roman else ()


def _said(table: Table, match: re.Match[str]) -> str | None:
    name, lone, behind = (match["name"] or "").strip(), match["lone"], match["next"]
    if lone and not _is_number(match, name):
        return None
    number = _ONES.index(lone or match["ones"]) if lone != "X" else 10
    number += 10 * len(match["tens"] or "")
    if table.roman == "ordinal":
        said = f"{number}{'ª' if behind.endswith('a') else 'º'}"
    elif table.roman == "named" and number <= len(table.ordinals) and _is_rank(table, name, behind):
        said = _agreeing(table.ordinals[number - 1], name or behind, table.women, before=not name)
    else:
        said = f"{number}{'-ième' if match['suffix'] else ''}"
    return f"{name} {said}" if name else said


def _is_number(match: re.Match[str], name: str) -> bool:
    if name[:1].isupper():
        named = match["lone"] != "X" or name in _TENTH
        return named and not match["next"][:1].isupper()
    article = _ARTICLE.search(match.string[: match.start()])
    return bool(name) or (match["next"][:1].isupper() and article is not None)


def _is_rank(table: Table, name: str, behind: str) -> bool:
    """Whether it is said as an ordinal: behind a person's name, before the name of an event."""
    return name.capitalize() not in table.headings if name else behind[:1].isupper()


def _agreeing(ordinal: str, noun: str, women: Sequence[str], *, before: bool) -> str:
    """The ordinal in the noun's gender; Spanish ones are shortened before it."""
    if noun.endswith(("a", "ión", "dad", "ção", "dade")) or noun in women:
        return f"{ordinal[:-1]}a"
    return ordinal.removesuffix("o") if before and ordinal in ("primero", "tercero") else ordinal
