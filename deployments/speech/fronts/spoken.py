"""How what is written in signs is said: money, dates, times, addresses, abbreviations."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final, Self

_FIRST: Final = "([{«“\"'‘¿¡*_"  # noqa: RUF001 - curly quotes are meant
_LAST: Final = ".,;:!?…)]}»”\"'’*_।॥"  # noqa: RUF001 - curly quotes are meant
_NUMBER: Final = r"\d[\d.,\u00a0\u202f]*\d|\d"
_CENTS: Final = re.compile(r"(.*\d)[.,](\d\d)")
_DAY: Final = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
_ISO: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3])[:h]([0-5]\d)")
_ADDRESS: Final = re.compile(
    r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+\.[\w.-]+|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
    r"\.(?:com|org|net|edu|gov|io|dev|ai|es|fr|it|br|pt|in|eu|uk)(?:/\S*)?"
)
_SCHEME: Final = re.compile(r"^(?:https?://)?(?:www\.)?")


@dataclass(frozen=True, slots=True)
class Spoken:
    """One language's table of `spoken.toml`."""

    of: str
    cents: str
    date: str
    first: str
    time: str
    hour: str
    months: Sequence[str]
    sums: Sequence[str]
    money: Mapping[str, str]
    signs: Mapping[str, str]
    address: Mapping[str, str]
    short: Mapping[str, str]

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

    def words(self, written: Sequence[str]) -> Iterator[tuple[int, str]]:
        """(Number of the written word, what is said for it), in the order of speech."""
        skipped = False
        for i, word in enumerate(written):
            if skipped:
                skipped = False
                continue
            first, core, last = _bared(word)
            after = written[i + 1] if i + 1 < len(written) else ""
            sum_of = _bared(after)
            amount = self._amount(core)
            if amount and not last and sum_of[1] in self.sums:
                number, name = amount
                yield i, f"{first}{number}"
                yield i + 1, f"{sum_of[0]}{sum_of[1]} {self.of} {name}{sum_of[2]}"
                skipped = True
            else:
                yield i, self._word(word, first, core, last)

    def _word(self, word: str, first: str, core: str, last: str) -> str:
        for short, period in ((core + last[:1], last[1:]), (core, last)):
            if short in self.short:
                return f"{first}{self.short[short]}{period}"
        return f"{first}{self._core(core)}{last}" if core else word

    def _core(self, core: str) -> str:
        if amount := self._amount(core):
            return self._money(*amount)
        if match := _DAY.fullmatch(core):
            return self._date(int(match[1]), int(match[2]), match[3]) or core
        if match := _ISO.fullmatch(core):
            return self._date(int(match[3]), int(match[2]), match[1]) or core
        if match := _CLOCK.fullmatch(core):
            form = self.hour if match[2] == "00" else self.time
            return form.format(h=int(match[1]), m=int(match[2]))
        if _ADDRESS.fullmatch(core):
            return self._spelled(core)
        return self._signed(core)

    def _amount(self, core: str) -> tuple[str, str] | None:
        """Number and currency of "€5", "5€"."""
        for sign, name in self.money.items():
            for number in (core.removeprefix(sign), core.removesuffix(sign)):
                if number != core and re.fullmatch(_NUMBER, number):
                    return number, name
        return None

    def _money(self, number: str, name: str) -> str:
        match = _CENTS.fullmatch(number)
        if match is None:
            return f"{number} {name}"
        whole = match[1].replace(".", "").replace(",", "")
        cents = "" if match[2] == "00" else f" {self.cents} {int(match[2])}"
        return f"{whole} {name}{cents}"

    def _date(self, day: int, month: int, year: str) -> str | None:
        if not (1 <= day <= 31 and 1 <= month <= 12):
            return None
        said = self.first if day == 1 else str(day)
        return self.date.format(d=said, m=self.months[month - 1], y=year)

    def _spelled(self, address: str) -> str:
        bare = _SCHEME.sub("", address).rstrip("/")
        return "".join(f" {self.address[c]} " if c in self.address else c for c in bare)

    def _signed(self, core: str) -> str:
        for sign, said in (*self.money.items(), *self.signs.items()):
            if core == sign or sign in self.signs:
                core = core.replace(sign, f" {said} ")
        return core


def _bared(word: str) -> tuple[str, str, str]:
    """Opening marks, what stands between, closing marks."""
    core = word.lstrip(_FIRST)
    first = word[: len(word) - len(core)]
    bare = core.rstrip(_LAST)
    return first, bare, core[len(bare) :]
