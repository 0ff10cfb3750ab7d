# ruff: noqa: RUF001 - primes and dashes are meant
"""How what is written in signs is said in English where hibari's own rules fall short."""

import re
from typing import Final

from deployments.speech.fronts.addresses import address_rules
from deployments.speech.fronts.owned import Rule, rule

_NAMES: Final = {
    ".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", ":": "colon",
    "?": "question mark", "=": "equals", "&": "and", "#": "hash", "%": "percent", "+": "plus",
    "~": "tilde",
}  # fmt: skip
_MONEY: Final = {
    "$": "dollars", "£": "pounds", "€": "euros", "¥": "yen", "₹": "rupees",
}  # fmt: skip
_LARGE: Final = {
    "bn": "billion",
    "tn": "trillion",
    "mn": "million",
    "mm": "million",
    "k": "thousand",
    "K": "thousand",
    "m": "million",
    "M": "million",
    "b": "billion",
    "B": "billion",
}
_SQUARES: Final = {
    "km": "kilometers", "cm": "centimeters", "mm": "millimeters", "m": "meters", "mi": "miles",
    "ft": "feet",
}  # fmt: skip
_NUMBER: Final = r"\d+(?:,\d{3})*(?:\.\d+)?"
_DAYS: Final = {
    "Mon": "Monday",
    "Tue": "Tuesday",
    "Tues": "Tuesday",
    "Wed": "Wednesday",
    "Thu": "Thursday",
    "Thur": "Thursday",
    "Thurs": "Thursday",
    "Fri": "Friday",
    "Sat": "Saturday",
    "Sun": "Sunday",
}
_DAY: Final = "|".join(_DAYS)
_DASH: Final = "[-–—−]"


def _large(match: re.Match[str]) -> str:
    return f"{match[2]} {_LARGE[match[3]]} {_MONEY[match[1]]}"


def _sum(match: re.Match[str]) -> str:
    name = _MONEY[match[1]]
    return f"{match[2]} {name.removesuffix('s') if match[2] == '1' else name}"


def _telephone(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    return ", ".join(" ".join(group) for group in groups)


def _range(match: re.Match[str]) -> str | None:
    first, last = match[1], match[2]
    if (len(first), len(last)) == (3, 4):
        return None  # a telephone number
    return f"{first} {'to ' if int(first) < int(last) else ''}{last}"


def _part(match: re.Match[str]) -> str:
    whole, part = match[1] or match[3], match[2] or match[4]
    return f"{whole} and a {'half' if part in ('1/2', '½') else 'quarter'}"


RULES: Final[tuple[Rule, ...]] = (
    *address_rules(_NAMES, "hashtag"),
    rule("−", "-"),
    # Dates, times, days.
    rule(
        r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?(?!\w)",
        r"\1, \2",
    ),
    rule(r"(?<![\d-])(\d\d)-(\d\d)-(\d{4})(?![\d-])", r"\1/\2/\3"),
    rule(rf"(?<=\d)\s?{_DASH}\s?(?=\d{{1,2}}:\d\d)", " to "),
    rule(
        rf"(?<!\w)({_DAY})\.?\s?[-–]\s?({_DAY})(?!\w)",
        lambda m: f"{_DAYS[m[1]]} to {_DAYS[m[2]]}",
    ),
    rule(r"(?<![\w/])24/7(?![\w/])", "24 7"),
    # Money.
    rule(r"(?<!\w)US\$", "$"),
    rule(rf"(?<![\w.])([$£€¥₹])({_NUMBER})(bn|tn|mn|mm|[kKmMbB])(?!\w)", _large),
    rule(
        rf"([$£€¥₹])({_NUMBER})\s?{_DASH}\s?({_NUMBER})(?![\w.]|,\d)",
        lambda m: f"{m[2]} to {m[3]} {_MONEY[m[1]]}",
    ),
    rule(r"(?<![\w.])([¥₹])(\d[\d,]*)(?![\w.]|,\d)", _sum),
    rule(r"(?<![\w.])([$£€])(\d[\d,]*)(?= [$£€¥₹\d])", _sum),
    # Measures, fractions.
    rule(rf"({_NUMBER}) ?(km|cm|mm|m|mi|ft)²", lambda m: f"{m[1]} square {_SQUARES[m[2]]}"),
    rule(rf"(?<![\w.])({_NUMBER}) ?L/100 ?km(?!\w)", r"\1 liters per 100 kilometers"),
    rule(r"(?<!\w)(\d)['′’](\d{1,2})(?:[\"″”]|'')", r"\1 foot \2"),
    rule(r"(?<![\w.,/])(\d+) (1/2|1/4)(?![\w/])|(?<![\w.,/])(\d+)([½¼])", _part),
    rule(r"(?<=\d)x(?= |$)", " times"),
    # Ranges, scores, telephones, versions.
    rule(
        r"(?<![\w.,])(?:\+\d{1,3}[ -]?)?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-]|\.\d)", _telephone
    ),
    rule(r"(?<![\w.,])\+\d{1,3}(?:[ -]?\d{2,5}){2,5}(?![\w-]|\.\d)", _telephone),
    rule(r"(?<![\w.,/-])(\d{1,4})-(\d{1,4})(?=[.,;:!?)]*(?: |$))", _range),
    rule(rf"(?<![\w.,/–-])({_NUMBER})\s?[–—]\s?({_NUMBER})(?![\w/–-]|[.,:]\d)", r"\1 to \2"),
    rule(rf"(?<![\w.,/–-])({_NUMBER})-({_NUMBER})(?=\s?%)", r"\1 to \2"),
    rule(r"(?<![\w.])[vV](?=\d+\.\d)", "version "),
    rule(
        r"(?<![\w.,$£€])\d+(?:\.\d+){2,}(?![\w]|\.\d)",
        lambda m: " point ".join(m[0].split(".")),
    ),
)
"""In the order in which they are applied; what is left is hibari's to say."""
