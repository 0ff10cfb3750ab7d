# ruff: noqa: RUF001 - primes and dashes are meant
"""How what is written in signs is said in English where hibari's own rules fall short."""

import re
from typing import Final

from deployments.speech.fronts.addresses import address_rules
from deployments.speech.fronts.owned import Rule

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
    (re.compile("−"), lambda m: "-"),
    (
        re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?(?!\w)"),
        lambda m: f"{m[1]}, {m[2]}",
    ),
    (re.compile(r"(?<!\w)US\$"), lambda m: "$"),
    (re.compile(r"(?<![\d-])(\d\d)-(\d\d)-(\d{4})(?![\d-])"), lambda m: f"{m[1]}/{m[2]}/{m[3]}"),
    (
        re.compile(r"(?<![\w.])([$£€])(\d[\d,]*)(?= [$£€¥₹\d])"),
        lambda m: f"{m[2]} {_MONEY[m[1]].removesuffix('s') if m[2] == '1' else _MONEY[m[1]]}",
    ),
    (re.compile(rf"({_NUMBER}) ?(km|cm|mm|m|mi|ft)²"), lambda m: f"{m[1]} square {_SQUARES[m[2]]}"),
    (re.compile(r"(?<![\w.,/-])(\d{1,4})-(\d{1,4})(?=[.,;:!?)]*(?: |$))"), _range),
    (re.compile(rf"(?<![\w.])([$£€¥₹])({_NUMBER})(bn|tn|mn|mm|[kKmMbB])(?!\w)"), _large),
    (re.compile(r"(?<![\w.])(¥|₹)(\d[\d,]*)(?![\w.]|,\d)"), lambda m: f"{m[2]} {_MONEY[m[1]]}"),
    (
        re.compile(rf"([$£€¥₹])({_NUMBER})\s?{_DASH}\s?({_NUMBER})(?![\w.]|,\d)"),
        lambda m: f"{m[2]} to {m[3]} {_MONEY[m[1]]}",
    ),
    (re.compile(r"(?<!\w)(\d)['′’](\d{1,2})(?:[\"″”]|'')"), lambda m: f"{m[1]} foot {m[2]}"),
    (
        re.compile(r"(?<![\w.,])(?:\+\d{1,3}[ -]?)?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-]|\.\d)"),
        _telephone,
    ),
    (re.compile(r"(?<![\w.,])\+\d{1,3}(?:[ -]?\d{2,5}){2,5}(?![\w-]|\.\d)"), _telephone),
    (re.compile(r"(?<![\w.,/])(\d+) (1/2|1/4)(?![\w/])|(?<![\w.,/])(\d+)([½¼])"), _part),
    (
        re.compile(rf"(?<![\w.,/–-])({_NUMBER})\s?[–—]\s?({_NUMBER})(?![\w/–-]|[.,:]\d)"),
        lambda m: f"{m[1]} to {m[2]}",
    ),
    (re.compile(rf"(?<![\w.,/–-])({_NUMBER})-({_NUMBER})(?=\s?%)"), lambda m: f"{m[1]} to {m[2]}"),
    (re.compile(rf"(?<=\d)\s?{_DASH}\s?(?=\d{{1,2}}:\d\d)"), lambda m: " to "),
    (
        re.compile(rf"(?<!\w)({_DAY})\.?\s?[-–]\s?({_DAY})(?!\w)"),
        lambda m: f"{_DAYS[m[1]]} to {_DAYS[m[2]]}",
    ),
    (re.compile(r"(?<![\w/])24/7(?![\w/])"), lambda m: "24 7"),
    (
        re.compile(rf"(?<![\w.])({_NUMBER}) ?L/100 ?km(?!\w)"),
        lambda m: f"{m[1]} liters per 100 kilometers",
    ),
    (re.compile(r"(?<![\w.])[vV](?=\d+\.\d)"), lambda m: "version "),
    (
        re.compile(r"(?<![\w.,$£€])\d+(?:\.\d+){2,}(?![\w]|\.\d)"),
        lambda m: " point ".join(m[0].split(".")),
    ),
    (re.compile(r"(?<=\d)x(?= |$)"), lambda m: " times"),
)
"""What is left of numbers, dates and units is hibari's to say."""
