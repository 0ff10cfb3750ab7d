# ruff: noqa: RUF001 - East Asian marks and dashes are meant
"""How what is written in signs is said in Chinese, before cn2an writes out the numbers."""

import re
from typing import Final
from unicodedata import normalize

from deployments.speech.fronts.addresses import DENSE_ADDRESS, spelled
from deployments.speech.fronts.dense import DATE, NUMBER, dated
from deployments.speech.fronts.owned import Rule, rule

_NAMES: Final = {
    ".": "点", "/": "斜杠", "-": "横杠", "_": "下划线", "@": "艾特", ":": "冒号", "?": "问号",
    "=": "等于", "&": "和", "#": "井号", "%": "百分号", "+": "加",
}  # fmt: skip
_UNITS: Final = {
    "km/h": "公里每小时", "km²": "平方公里", "m²": "平方米", "m2": "平方米", "m³": "立方米",
    "km": "公里", "cm": "厘米", "mm": "毫米", "m": "米", "kg": "公斤", "mg": "毫克", "g": "克",
    "ml": "毫升", "mL": "毫升", "L": "升", "l": "升",
}  # fmt: skip
_DASH: Final = "[-–—~～〜−]"
_UNIT: Final = "|".join(map(re.escape, sorted(_UNITS, key=len, reverse=True)))
DIGITS: Final = dict(zip("0123456789", "零一二三四五六七八九", strict=True))
_CODES: Final = "邮编|邮政编码|身份证号?码?|手机号?码?|电话号?码?|号码|验证码|密码|QQ|尾号|车牌"
_PAIRS: Final = "[个位名次天年岁只条件家本张块台辆部间层种人倍米斤]|公里|分钟|小时|点[半整钟]"
_ROMAN: Final = {"I": "一", "II": "二", "III": "三", "IV": "四", "V": "五"}


def _one_by_one(text: str) -> str:
    return "".join(DIGITS.get(c, "") for c in text)


def _time(match: re.Match[str]) -> str:
    hour, minute = "两" if int(match[1]) == 2 else str(int(match[1])), int(match[2])
    if not minute:
        return f"{hour}点"
    return f"{hour}点{'零' if minute < 10 else ''}{minute}分"


def _slashed(match: re.Match[str]) -> str | None:
    first, second = int(match[1]), int(match[2])
    return f"{first}月{second}日" if first <= 12 and 10 < second <= 31 else None


def _vulgar(match: re.Match[str]) -> str:
    above, _, below = normalize("NFKC", match[2]).partition("\u2044")
    return f"{match[1]}又{below}分之{above}" if match[1] else f"{below}分之{above}"


def _version(match: re.Match[str]) -> str:
    return match[1] + "点".join(match[2].split("."))


RULES: Final[tuple[Rule, ...]] = (
    rule("[㎡㎥㎏㎝㎜㎞㎎]", lambda m: normalize("NFKC", m[0])),
    # Addresses, names of programs' parts.
    (DENSE_ADDRESS, lambda m: spelled(m[0], _NAMES)),
    rule(r"(?<=[A-Za-z0-9])\(\)", ""),
    rule(r"(?<=[A-Za-z0-9])_(?=[A-Za-z0-9])", "下划线"),
    # Dates, times, scores.
    rule(DATE, dated),
    rule(rf"(?<=\d)\s?{_DASH}\s?(?=\d{{1,2}}[:：]\d\d)", "到"),
    rule(r"(?<![\d:])(\d{1,2})[:：]([0-5]\d)(?::[0-5]\d)?(?![\d:])", _time),
    rule(r"(?<![\d:])(\d{1,3})[:：](\d{1,3})(?![\d:])", r"\1比\2"),
    rule(
        r"(?<![\d-])(\d{1,3})-(\d{1,3})(?=(?:获胜|战胜|击败|取胜|领先|[大小险完]胜|落后|负))",
        r"\1比\2",
    ),
    # Fractions, shares, measures.
    rule(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?![\d/])", _slashed),
    rule("(\\d*)([¼½¾⅐-⅞])", _vulgar),
    rule(rf"({NUMBER}){_DASH}({NUMBER})\s?[%％]", r"\1%到\2%"),
    rule(rf"({NUMBER})\s?(?:L|升)/100\s?(?:km|公里)", r"每百公里\1升"),
    rule(
        rf"(?<![A-Za-z\d.])({NUMBER})\s?({_UNIT})(?![A-Za-z²³])",
        lambda m: f"{m[1]}{_UNITS[m[2]]}",
    ),
    rule(
        r"(?<![0-9A-Za-z)）%.])[-−](\d+(?:\.\d+)?)\s?(°C(?![A-Za-z])|℃)?",
        lambda m: f"负{m[1]}{'摄氏度' if m[2] else ''}",
    ),
    rule(r"°\s?C(?![A-Za-z])|℃", "摄氏度"),
    # What is said digit by digit: codes, telephones, versions.
    rule(rf"((?:{_CODES})[:：]?)\s?(\d{{4,}})", lambda m: m[1] + _one_by_one(m[2])),
    rule(r"(?<![\d.])0\d{2,}(?:[- ]?\d{3,})*(?![\d.])", lambda m: _one_by_one(m[0])),
    rule(r"(?<=[A-Za-z])\d{3,}(?![\d.])", lambda m: _one_by_one(m[0])),
    rule(
        r"(?<![\d.])[48]00-\d{3}-?\d{4}(?!\d)|(?<![\d.])\d{15,}[Xx]?(?!\d)",
        lambda m: _one_by_one(m[0]),
    ),
    rule(r"(?<=[)）-])\d{7,8}(?!\d)", lambda m: _one_by_one(m[0])),
    rule(r"(?<![\d.])([vV]?)(\d+(?:\.\d+){2,})(?![\d.])", _version),
    # The rest.
    rule(r"(?<=[\d%％])[–—~～〜−](?=\d)", "到"),
    rule(r"(?<=[A-G])#(?!\d)", "井"),
    rule(rf"(?<![\d.,第点])2(?={_PAIRS})", "两"),
    rule(r"(?<=[一-鿿])(I{1,3}|IV|V)(?![A-Za-z])", lambda m: f"{_ROMAN[m[1]]}世"),
)
"""In the order in which they are applied; numbers themselves are cn2an's."""
