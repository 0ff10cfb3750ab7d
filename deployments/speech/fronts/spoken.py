"""How what is written in signs is said where espeak-ng's own rules fall short."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self
from unicodedata import category

from deployments.speech.fronts.addresses import address_rules
from deployments.speech.fronts.amounts import amount_rules, any_of
from deployments.speech.fronts.days import day_rules
from deployments.speech.fronts.owned import Owned, Rule, rule
from deployments.speech.fronts.roman import roman_rules
from deployments.speech.fronts.table import Table, plural


@dataclass(frozen=True, slots=True)
class Spoken:
    """Writes a language's texts out as they are said."""

    table: Table
    rules: tuple[Rule, ...]
    """In the order in which they are applied."""

    @classmethod
    def of_language(cls, code: str) -> Self:
        """Of a two-letter code. Raises KeyError for a language that has no table."""
        table = Table.of_language(code)
        return cls(table, tuple(_rules(table)))

    def words(self, written: Sequence[str]) -> Iterator[tuple[int, str]]:
        """(Number of the written word, what is said for it), in the order of speech."""
        return Owned.of(written).said(self.rules).words()

    def has_name(self, sign: str) -> bool:
        """Whether a sign is said in a word."""
        return sign in self.table.signs or sign in self.table.money


def _rules(table: Table) -> Iterator[Rule]:
    yield rule(r"(?![0-9])\d", lambda match: str(int(match[0])))
    for pattern, spelling in table.respelled.items():
        yield rule(pattern, spelling)
    yield from address_rules(table.address, table.hashtag)
    yield _short(table)
    yield from day_rules(table)
    yield from amount_rules(table)
    yield from roman_rules(table)
    yield from _signs(table)
    # Letters of a code: AF1234.
    yield rule(r"(?<!\w)[A-Z]{1,3}(?=\d{2,}(?!\w))", lambda match: " ".join(match[0]) + " ")


def _short(table: Table) -> Rule:
    """Abbreviations, also with a space in them."""
    # "p.ej." is written "p. ej." as well.
    keys = sorted(table.short, key=len, reverse=True)
    known = {key.replace(" ", ""): said for key, said in table.short.items()}
    pattern = re.compile(rf"(?<![\w.])(?:{'|'.join(map(_form, keys))})")

    def said(match: re.Match[str]) -> str:
        goes_on = match.string[match.end() : match.end() + 1].isalnum()
        return known[match[0].replace(" ", "")] + (" " if goes_on else "")

    return pattern, said


def _form(key: str) -> str:
    spaced = re.escape(key).replace(r"\.", r"\.\s?").removesuffix(r"\s?")
    return spaced + (r"(?!\w)" if key[-1].isalpha() else "")


def _signs(table: Table) -> Iterator[Rule]:
    named = {**{sign: plural(name) for sign, name in table.money.items()}, **table.signs}
    pattern = re.compile(any_of(named))
    yield pattern, lambda match: f" {named[match[0]]} "
    yield rule(r"(?<=\w)/(?=\w)|/-(?!\S)", " ")
    yield rule(r"(?<=\w)·(?=\w)", "")
    yield rule(r"[^\w\s]", lambda match: " " if category(match[0]) in ("So", "Sk") else None)
