"""Dates and times of day, said in words."""

import re
from typing import Final

from deployments.speech.fronts.owned import Rule
from deployments.speech.fronts.table import PARTS, Table

_FREE: Final = r"(?<![\w.,:/-])"
_ISO: Final = re.compile(
    _FREE + r"(\d{4})([-/])(\d\d?)\2(\d\d?)"
    r"(?:T(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?(?![\w/-])"
)
_DAY: Final = re.compile(
    _FREE + r"(\d{1,2})(?:([.-])(\d{1,2})\2(\d{4})|/(\d{1,2})/(\d{4}|\d\d))(?![\w/-])"
)
_DAY_MONTH: Final = re.compile(_FREE + r"([0-3]?\d)/([01]?\d)(?![\w/%-])")
_CLOCK: Final = r"([01]?\d|2[0-4])[:h]([0-5]\d)(?::([0-5]\d))?"
_SPAN: Final = re.compile(rf"(?<!\d)({_CLOCK})\s?[-–—~]\s?(?={_CLOCK})")  # noqa: RUF001 - dashes
_HOURS: Final = re.compile(r"(?<=\dh)\s?[-–]\s?(?=\d)")  # noqa: RUF001 - dashes
_OF_DAYS: Final = re.compile(r"\b(?:d[ií]a|giorno) $")
_LATEST: Final = 39
"""Years of two digits up to this one are of the 21st century."""


def day_rules(table: Table) -> tuple[Rule, ...]:
    """Rules for dates of numbers and times of the 24 hours' clock."""
    swallowed = rf"(?:\s?(?:{table.swallowed})(?!\w))?" if table.swallowed else ""
    clock = re.compile(rf"(?<![\d:.,]){_CLOCK}(?![\d:]){swallowed}")

    def day(match: re.Match[str]) -> str | None:
        month, year = match[3] or match[5], match[4] or match[6]
        return _date(table, int(match[1]), int(month), _whole(year))

    def day_month(match: re.Match[str]) -> str | None:
        number, month = int(match[1]), int(match[2])
        led = match[1].startswith("0") or match[2].startswith("0")
        is_day = led or _OF_DAYS.search(match.string[: match.start()]) is not None
        # 3/4 is a fraction, 24/7 is always.
        if (number < month and month in PARTS and not is_day) or match[0] == "24/7":
            return None
        return _date(table, number, month, "")

    return (
        (_ISO, lambda m: _iso(table, m)),
        (_DAY, day),
        (_DAY_MONTH, day_month),
        (_HOURS, lambda m: f" {table.to} "),
        (_SPAN, lambda m: f"{m[1]} {table.to} "),
        (clock, lambda m: _time(table, int(m[1]), int(m[2]), m[3])),
    )


def _iso(table: Table, match: re.Match[str]) -> str | None:
    said = _date(table, int(match[4]), int(match[3]), match[1])
    return f"{said}, {match[5]}" if said and match[5] else said


def _whole(year: str) -> str:
    if len(year) == 4:
        return year
    return f"{20 if int(year) <= _LATEST else 19}{year}"


def _date(table: Table, day: int, month: int, year: str) -> str | None:
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return None
    said = table.first if day == 1 else str(day)
    form = table.date if year else table.day_month
    return form.format(d=said, m=table.months[month - 1], y=year)


def _time(table: Table, hour: int, minute: int, second: str | None) -> str:
    if second:
        form = table.hour if minute == int(second) == 0 else table.time
        said = form.format(h=_hour(table, hour), m=minute)
        return said if int(second) == 0 else f"{said} {int(second)}"
    special = table.times.get(f"{hour}:{minute:02}") or table.times.get(f"{minute:02}")
    form = special if special and 1 <= hour <= 12 else table.time if minute else table.hour
    return form.format(h=_hour(table, hour), next=hour % 12 + 1, m=minute)


def _hour(table: Table, hour: int) -> str:
    return table.feminine.get(str(hour), str(hour))
