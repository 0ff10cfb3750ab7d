"""How what is written in signs is said: money, dates, times, addresses, abbreviations."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
_BELOW_ZERO: Final = re.compile(rf"[-−](?:{_NUMBER})(?!-)\S*")  # noqa: RUF001 - the minus sign is meant
_THOUSANDS: Final = re.compile(r"\d{3}(?:[.,]\d+)?")
_ROMAN: Final = re.compile(r"(?=[IVX]{2})(X{0,3})(IX|IV|V?I{0,3})(e|ème)?")
_ONES: Final = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
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
    minus: str
    months: Sequence[str]
    sums: Sequence[str]
    money: Mapping[str, str]
    signs: Mapping[str, str]
    address: Mapping[str, str]
    short: Mapping[str, str]
    units: Mapping[str, str]
    roman: bool = False
    grouped: bool = False
    respelled: Mapping[str, str] = field(default_factory=dict)

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
        pairs = list(self._gathered(written))
        after = [*(word for _, word in pairs[1:]), ""]
        number = skipped = False
        for (i, word), following in zip(pairs, after, strict=True):
            first, core, last = _bared(word)
            if skipped:
                skipped = False
            elif two := self._both(core, last, following):
                yield i, f"{first}{two[0]}"
                yield i + 1, two[1]
                skipped = True
            elif number and core in self.units:
                yield i, f"{first}{self.units[core]}{last}"
            else:
                yield i, self._word(word, first, core, last)
            number = not last and re.fullmatch(rf"-?(?:{_NUMBER})", core) is not None

    def _gathered(self, written: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Words with their numbers; thousands and abbreviations with a space in them as one."""
        at = 0
        while at < len(written):
            word, start = written[at], at
            if at + 1 < len(written) and (word + written[at + 1]).rstrip(",;:") in self.short:
                word, at = word + written[at + 1], at + 1
            digits = re.fullmatch(r"\D?\d{1,3}", word) if self.grouped else None
            while digits and at + 1 < len(written) and word[-1].isdigit():
                first, core, last = _bared(written[at + 1])
                if first or not _THOUSANDS.fullmatch(core):
                    break
                word, at = word + core + last, at + 1
            yield start, word
            yield from ((skipped, "") for skipped in range(start + 1, at + 1))
            at += 1

    def _both(self, core: str, last: str, after: str) -> tuple[str, str] | None:
        """What is said for two words that belong together: "$5 millones", "R$ 30"."""
        opening, name, closing = _bared(after)
        if last or opening:
            return None
        if name in self.sums and (amount := self._amount(core)):
            return amount[0], f"{name} {self.of} {amount[1]}{closing}"
        if core in self.money and re.fullmatch(_NUMBER, name):
            whole, _, rest = self._money(name, self.money[core]).partition(" ")
            return whole, f"{rest}{closing}"
        return None

    def _word(self, word: str, first: str, core: str, last: str) -> str:
        for short, period in ((core + last[:1], last[1:]), (core, last)):
            if short in self.short:
                return f"{first}{self.short[short]}{period}"
        return f"{first}{self._core(core)}{last}" if core else word

    def _core(self, core: str) -> str:
        if _BELOW_ZERO.fullmatch(core):
            return f"{self.minus} {self._core(core[1:])}"
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
        if self.roman and (match := _ROMAN.fullmatch(core)):
            return f"{10 * len(match[1]) + _ONES.index(match[2])}{match[3] or ''}"
        for pattern, spelling in self.respelled.items():
            core = re.sub(pattern, spelling, core)
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
