# ruff: noqa: RUF001 - East Asian marks and dashes are meant
"""How what is written in signs is said in Japanese, before Open JTalk reads it."""

import re
from typing import Final
from unicodedata import normalize

from deployments.speech.fronts.addresses import DENSE_ADDRESS, spelled
from deployments.speech.fronts.dense import DATE, NUMBER, dated
from deployments.speech.fronts.owned import Rule, rule

_NAMES: Final = {
    ".": "ドット", "/": "スラッシュ", "-": "ハイフン", "_": "アンダーバー", "@": "アットマーク",
    ":": "コロン", "?": "クエスチョン", "=": "イコール", "&": "アンド", "#": "シャープ",
    "%": "パーセント", "+": "プラス",
}  # fmt: skip
_MONEY: Final = {"¥": "円", "￥": "円", "$": "ドル", "€": "ユーロ", "£": "ポンド"}
_UNITS: Final = {
    "km/h": "キロ", "km²": "平方キロメートル", "m²": "平方メートル", "m2": "平方メートル",
    "m³": "立方メートル", "km": "キロメートル", "cm": "センチメートル", "mm": "ミリメートル",
    "m": "メートル", "kg": "キログラム", "mg": "ミリグラム", "g": "グラム", "ml": "ミリリットル",
    "mL": "ミリリットル", "L": "リットル", "l": "リットル", "°C": "度", "℃": "度", "°": "度",
}  # fmt: skip
_DASH: Final = "[-–〜～~−]"
_UNIT: Final = "|".join(map(re.escape, sorted(_UNITS, key=len, reverse=True)))
_COUNTED: Final = (
    r"(?=\d+(?:\.\d+)?\s?(?:[%％℃°円人名個本枚歳才度回件点年月日時分秒週間mgkcLl]|万|億))"
)
_ROMAN: Final = {"I": "1", "II": "2", "III": "3", "IV": "4", "V": "5", "VI": "6", "VII": "7",
                 "VIII": "8", "IX": "9", "X": "10"}  # fmt: skip


def _slashed(match: re.Match[str]) -> str | None:
    first, second = int(match[1]), int(match[2])
    if first <= 12 and second <= 31 and (first > second or second > 10):
        return f"{first}月{second}日"
    return f"{second}分の{first}" if 0 < first < second else None


def _time(match: re.Match[str]) -> str:
    minute = int(match[2])
    return f"{int(match[1])}時" + (f"{minute}分" if minute else "")


def _vulgar(match: re.Match[str]) -> str:
    above, _, below = normalize("NFKC", match[2]).partition("\u2044")
    return f"{match[1]}と{below}分の{above}" if match[1] else f"{below}分の{above}"


RULES: Final[tuple[Rule, ...]] = (
    rule("[㎡㎥㎏㎝㎜㎞㎎℉＃＝＋]", lambda m: normalize("NFKC", m[0])),
    # Addresses, hashtags, names of programs' parts.
    (DENSE_ADDRESS, lambda m: spelled(m[0], _NAMES)),
    rule(r"(?<![A-Za-z0-9&])#(?=[^\W\d_])", "ハッシュタグ"),
    rule(r"(?<=[A-Za-z0-9])\(\)", ""),
    rule(r"(?<=[A-Za-z0-9])_(?=[A-Za-z0-9])", "アンダーバー"),
    # Dates, times, fractions.
    rule(DATE, dated),
    rule(rf"(?<=\d)\s?{_DASH}\s?(?=\d{{1,2}}:\d\d)", "から"),
    rule(r"(?<![\d:])(\d{1,2}):([0-5]\d)(?::00)?(?![\d:])", _time),
    rule(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?![\d/])", _slashed),
    rule("(\\d*)([¼½¾⅐-⅞])", _vulgar),
    # Money, measures.
    rule(rf"([¥￥$€£])\s?({NUMBER})([万億兆]?)", lambda m: f"{m[2]}{m[3]}{_MONEY[m[1]]}"),
    rule(rf"({NUMBER})\s?([€£])", lambda m: f"{m[1]}{_MONEY[m[2]]}"),
    rule(
        rf"(?<![A-Za-z\d.])({NUMBER})\s?({_UNIT})/[Ll](?![A-Za-z])",
        lambda m: f"リッター{m[1]}{_UNITS[m[2]]}",
    ),
    rule(
        rf"(?<![A-Za-z\d.])({NUMBER})\s?({_UNIT})(?![A-Za-z²³])",
        lambda m: f"{m[1]}{_UNITS[m[2]]}",
    ),
    # Signs between and before numbers.
    rule(r"(?<![0-9A-Za-z)）.,-])[-−](\d+(?:\.\d+)?)", r"マイナス\1"),
    rule(rf"(?<=[\d%円人時分日月年])\s?[〜～]\s?(?=\d)|(?<=\d)[-–]{_COUNTED}", "から"),
    rule(r"(?<![\d-])(\d{1,2})-(\d{1,2})(?=で|と|の勝|の敗)", r"\1タイ\2"),
    rule(r"(?<![\d:])(\d{1,3})[:対](\d{1,3})(?![\d:])", r"\1タイ\2"),
    rule("±", "プラスマイナス"),
    # The rest.
    rule(r"(?<=[A-G])#(?!\d)", "シャープ"),
    rule(r"(?<![A-Za-z])[vV](?=\d+\.\d)", "バージョン"),
    rule(r"(?<![A-Za-z])([IVX]{1,4})(?=世|章|部|型|巻|期)", lambda m: _ROMAN.get(m[1])),
    rule(r"(?<=[^\s=])\s?=\s?(?=[^\s=])", "イコール"),
)
"""In the order in which they are applied."""
