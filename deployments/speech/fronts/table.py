"""What a language says for signs, amounts, dates, times and abbreviations: its part of a table."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Final, Literal, Self

NUMBER: Final = r"\d+(?:[.,]\d+)*"
PARTS: Final = (2, 3, 4, 5, 6, 8, 10)
"""Parts of a whole that people write with a slash; other numbers beside one are days."""
_FEMININE: Final = ("una ", "une ", "uma ")


@dataclass(frozen=True, slots=True)
class Table:
    """One language's part of `spoken.toml`, which says what each field means."""

    date: str
    day_month: str
    first: str
    time: str
    hour: str
    minus: str
    to: str
    per: str
    of: str
    hashtag: str
    version: str
    halves: Sequence[str]
    and_half: str
    fractions: Sequence[str]
    months: Sequence[str]
    sums: Mapping[str, str]
    money: Mapping[str, str]
    cents: str
    signs: Mapping[str, str]
    address: Mapping[str, str]
    short: Mapping[str, str]
    units: Mapping[str, str]
    and_part: str = ""
    half_more: Mapping[str, str] = field(default_factory=dict)
    feminine: Mapping[str, str] = field(default_factory=dict)
    times: Mapping[str, str] = field(default_factory=dict)
    swallowed: str = ""
    roman: Literal["", "cardinal", "named", "ordinal"] = ""
    ordinals: Sequence[str] = ()
    women: Sequence[str] = ()
    headings: Sequence[str] = ()
    point: str = ""
    commas: bool = False
    elided: bool = False
    respelled: Mapping[str, str] = field(default_factory=dict)
    alone: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_language(cls, code: str) -> Self:
        """The table of a two-letter code. Raises KeyError for a language that has none."""
        text = resources.files(__package__).joinpath("spoken.toml").read_text(encoding="utf-8")
        return cls(**tomllib.loads(text)[code])

    @property
    def abbreviations(self) -> frozenset[str]:
        """Words, without their period, that a sentence does not end with."""
        # "etc." may end one.
        lasting = {key for key in self.short if not key.lower().startswith(("etc", "ecc"))}
        return frozenset(key.removesuffix(".") for key in lasting if key.endswith("."))

    def counted(self, number: str, name: str) -> str:
        """A number and what it counts: `name` is "un kilo|kilos", or one form for all numbers."""
        one, _, many = name.partition("|")
        if number == "1" and many:
            return one
        if one.startswith(_FEMININE):
            number = self.feminine.get(number, number)
        return f"{number} {many or one}"


def singular(name: str) -> str:
    """What one of them is called, without its article."""
    one, _, many = name.partition("|")
    return one.partition(" ")[2] if many else one


def plural(name: str) -> str:
    """What several are called."""
    one, _, many = name.partition("|")
    return many or one
