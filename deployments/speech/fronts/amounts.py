"""Money, measures, fractions, ranges and other numbers, with what they count."""

import re
from collections.abc import Iterable
from typing import Final
from unicodedata import normalize

from deployments.speech.fronts.owned import Rule
from deployments.speech.fronts.table import NUMBER, PARTS, Table, plural, singular

_CENTS: Final = re.compile(r"(.*\d)[.,](\d\d)")
_GROUPED: Final = re.compile(
    r"(?<!\d )(?<![\w+.,/-])[1-9]\d{0,2}(?: \d{3})+(?:,\d+)?(?![\w.-]|,\d| \d)"
)
_TELEPHONE: Final = re.compile(r"[6-9]\d\d \d{3} \d(?!00)\d\d")
_COMMAS: Final = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{2,3})+(?![\d,])")
_VULGAR: Final = re.compile(r"(\d*)([¼½¾⅐-⅞])")
_RANGE: Final = re.compile(  # a dash between two numbers
    rf"(?<![\w.,:/-])({NUMBER}) ?[-–—−] ?({NUMBER})(?![\w/–-]|[.,:]\d)"  # noqa: RUF001 - dashes are meant
)
_MINUS: Final = re.compile(r"(?<![\w.,)%°-])[-−](?=\d)")  # noqa: RUF001 - the minus sign is meant
_PAIRS: Final = re.compile(r"(?<![\w.-])0\d(?:[.-]\d\d){4}(?![\w-])")
_DIGITS: Final = re.compile(
    r"(?<![\w.,/-])(?:\d{2,3}(?:\.\d{3})+[/-][\d-]+|\d{2,}(?:-\d{2,})+|0\d+|\d{9,})(?![\w/-]|[.,]\d)"
)
_ROUND: Final = "000"
_BEHIND_NAME: Final = re.compile(r"(?:\s[A-ZÀ-Þ]\w+|[A-Z]\w*\.) $")
_YEARS: Final = range(1000, 2101)
_DOTTED: Final = re.compile(r"(?<![\w.,])(?:[vV]\.? ?)?\d+(?:\.\d+)+(?![\w]|[.,-]\d)")
_GROUPS: Final = re.compile(r"\d{1,3}(?:\.\d{3})+")
_LONGEST_RANGE: Final = 4


def amount_rules(table: Table) -> tuple[Rule, ...]:
    """Rules for numbers and what stands beside them."""
    signs = any_of(table.money)
    units, sums = any_of(table.units), any_of(table.sums)
    sum_of = rf"(?: ?(?P<sum>{sums})(?!\w))?" if sums else ""
    per = rf"(?:/(?P<per>{units}|[a-zà-ÿ]+)(?!\w))?"
    before = rf"(?<![A-Za-z])(?P<sign>{signs}) ?(?P<number>{NUMBER}){sum_of}{per}(?![\w])"
    behind = rf"(?<![\w.,])(?P<number>{NUMBER}){sum_of} ?(?P<sign>{signs}){per}(?!\w)"
    measure = (
        rf"(?<![\w.,/:])(?P<number>{NUMBER}) ?(?P<unit>{units})(?:/(?P<per>{units}))?(?![\w/²³])"
    )

    def money(match: re.Match[str]) -> str:
        return _money(table, match)

    def measured(match: re.Match[str]) -> str:
        said = table.counted(match["number"], table.units[match["unit"]])
        return f"{said}{_per(table, match['per'])}"

    # Commas go first, so that one pattern of numbers does for all languages.
    grouping = ((_COMMAS, lambda m: m[0].replace(",", "")),) if table.commas else ()
    return (
        *grouping,
        (_GROUPED, lambda m: None if _TELEPHONE.fullmatch(m[0]) else m[0].replace(" ", "")),
        (re.compile(before), money),
        (re.compile(behind), money),
        (_VULGAR, lambda m: f"{m[1]} {normalize('NFKC', m[2]).replace(chr(0x2044), '/')}".strip()),
        (_fraction_pattern(units), lambda m: _fraction(table, m)),
        (re.compile(measure), measured),
        (_PAIRS, lambda m: re.sub(r"\D", " ", m[0])),
        (_RANGE, lambda m: _range(table, m)),
        (_DIGITS, lambda m: None if m[0].endswith(_ROUND) else " ".join(re.sub(r"\D", "", m[0]))),
        (_DOTTED, lambda m: _dotted(table, m[0])),
        (_MINUS, lambda m: f"{table.minus} "),
        *_decimals(table),
    )


def any_of(names: Iterable[str]) -> str:
    """A pattern for one of the names, the longest that fits."""
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def _money(table: Table, match: re.Match[str]) -> str:
    number, name = match["number"], table.money[match["sign"]]
    several = match.groupdict().get("sum")
    cents = _CENTS.fullmatch(number)
    if several:
        said = f"{number} {table.sums[several]} {plural(name)}"
    elif cents is None:
        said = table.counted(number, name)
    else:
        said = table.counted(re.sub(r"[.,]", "", cents[1]), name)
        said += "" if cents[2] == "00" else f" {table.cents.format(c=int(cents[2]))}"
    return _elided(table, f"{said}{_per(table, match['per'])}")


def _per(table: Table, unit: str | None) -> str:
    return f" {table.per} {singular(table.units.get(unit, unit))}" if unit else ""


def _elided(table: Table, text: str) -> str:
    return re.sub(r"\bde (?=[aeiouéh])", "d'", text) if table.elided else text


def _fraction_pattern(units: str) -> re.Pattern[str]:
    return re.compile(
        r"(?<![\w.,/:-])(?:(?P<whole>\d+) )?(?P<n>\d{1,2})/(?P<d>\d{1,2})(?![\w/]|[.,]\d)"
        rf"(?: (?P<unit>{units})(?!\w))?(?= ?(?P<next>\w*))"
    )


def _fraction(table: Table, match: re.Match[str]) -> str | None:
    n, d = int(match["n"]), int(match["d"])
    if not 1 <= n < d or d not in PARTS:
        return None
    whole, unit = match["whole"], table.units[match["unit"]] if match["unit"] else ""
    if (n, d) == (1, 2):
        half = table.halves[_is_feminine(unit or match["next"], len(table.halves))]
        if not whole:
            return f"{half} {singular(unit)}".strip()
        if whole in table.half_more:
            return f"{table.half_more[whole]} {plural(unit)}".strip()
        return table.and_half.format(n=table.counted(whole, unit).strip(), half=half)
    part = table.counted(str(n), table.fractions[d - 3])
    if whole:
        form = table.and_part or table.and_half
        return form.format(n=table.counted(whole, unit).strip(), half=part, part=part)
    return _elided(table, f"{part} {table.of} {singular(unit)}" if unit else part)


def _is_feminine(noun: str, forms: int) -> bool:
    """Of languages whose halves have two genders, those of nouns in -a."""
    return forms > 1 and (noun.startswith("una ") or noun.endswith(("a", "as")))


def _range(table: Table, match: re.Match[str]) -> str | None:
    """Two numbers the first of which is less, two years, or a score."""
    first, last = match[1], match[2]
    if _BEHIND_NAME.search(match.string[: match.start()]):
        return f"{first} {last}"  # a model or a paragraph: Boeing 737-800
    said = f"{first} {table.to} {last}"
    if first.isdecimal() and int(first) in _YEARS and len(first) == 4:
        if len(last) == 2:
            return f"{first} {last}"
        return said if last.isdecimal() and int(first) < int(last) in _YEARS else None
    if len(first) == len(last) == 1:
        return said
    is_long = len(first) == len(last) == _LONGEST_RANGE and not first[-1] == last[-1] == "0"
    if is_long or max(len(first), len(last)) > _LONGEST_RANGE or "0" in (first[0], last[0]):
        return None
    rises = float(first.replace(",", ".")) < float(last.replace(",", "."))
    return said if rises or (" " not in match[0] and len(first) <= 2) else None


def _decimals(table: Table) -> tuple[Rule, ...]:
    """Digits behind the point one by one, where espeak-ng does not know the point's name."""
    if not table.point:
        return ()
    return ((re.compile(r"(?<=\d)\.(\d+)"), lambda m: f" {table.point} {' '.join(m[1])}"),)


def _dotted(table: Table, text: str) -> str | None:
    """Versions and addresses of the net, not thousands."""
    digits = text.lstrip("vV. ")
    is_number = _GROUPS.fullmatch(digits) or (table.commas and digits.count(".") == 1)
    if is_number and digits == text:
        return None
    point = table.address["."]
    said = f" {point} ".join(digits.split("."))
    return said if digits == text else f"{table.version} {said}"
