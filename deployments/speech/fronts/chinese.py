# ruff: noqa: RUF001 - phonetic symbols and East Asian marks are meant
"""Mandarin by jieba (words), pypinyin (readings) and misaki (Kokoro's own phonemes).

All are under permissive licences (MIT, Apache-2.0).

Words of Latin letters are read by the English front end, numbers as cn2an writes them out.
"""

import logging
import re
import shutil
import tempfile
from collections.abc import Sequence
from typing import Any, Final, Self
from unicodedata import normalize

from deployments.speech.fronts.dense import dense_rules, joined
from deployments.speech.fronts.front import FrontEnd, FrontEndMissingError
from deployments.speech.ipa import Replaced
from deployments.speech.reading import Reading

_MARKS: Final = dict(
    zip("、，。．！？：；「」『』（）《》【】…—", ",,..!?:;“”“”()“”“”…—", strict=True)
)
_PLAIN: Final = ';:,.!?—…"()“”'
_OPENERS: Final = "(“"
_HAN: Final = r"〇㐀-䶿一-鿿豈-﫿"
_TOKEN: Final = re.compile(
    rf"[{_HAN}]+|[¥￥$€£]?(?:(?<![\w-])[-−])?\d[\d.,:/年月日点分%-]*[%℃°元]?|[A-Za-z][A-Za-z'’.-]*|."
)
_MONEY: Final = {"¥": "元", "￥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
_DIGITS: Final = dict(zip("0123456789", "零一二三四五六七八九", strict=True))
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)")
_SIGNS: Final = {"×": "乘", "÷": "除以", "=": "等于", "+": "加", "℃": "摄氏度", "%": "百分之"}
_SPAN: Final = re.compile(r"(?<=\d)-(?=\d)")
_PHONE: Final = re.compile(r"1\d{10}")
_DATE: Final = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")

_TONES: Final[Replaced] = (
    ("˨˩˦", "↓"), ("˧˩˧", "↓"), ("˨˩", "↓"), ("˧˥", "↗"), ("˥˩", "↘"), ("˥˥", "→"), ("˥", "→"),
    ("ˈ", ""), ("ˌ", ""),
)  # fmt: skip
"""Chao's letters as misaki's arrows."""


class Chinese:
    """Reads Mandarin text."""

    language = "Chinese"
    ipa: Replaced = _TONES

    def __init__(self, words: Any, pinyin: Any, sounds: Any, numbers: Any, english: FrontEnd):
        self._cut = words
        self._pinyin = pinyin
        self._sounds = sounds
        self._numbers = numbers
        self._english = english
        self.rules = dense_rules(lambda text: list(words(text)))

    @classmethod
    def open(cls, english: FrontEnd) -> Self:
        """Raises FrontEndMissingError where a library is missing."""
        try:
            import cn2an
            import jieba
            from misaki.zh import ZHG2P
            from pypinyin import Style, lazy_pinyin
        except ImportError as error:
            raise FrontEndMissingError(
                f"Chinese is read by jieba, pypinyin, cn2an and misaki, of which "
                f"{error.name} is not installed: pip install 'avatar-serve[chinese]'."
            ) from error
        logging.getLogger("jieba").setLevel(logging.WARNING)
        tokenizer = jieba.Tokenizer()
        # jieba keeps its dictionary in a file of a known name, which anybody could have put there.
        tokenizer.tmp_dir = tempfile.mkdtemp(prefix="avatar-jieba-")
        try:
            tokenizer.initialize()
        finally:
            shutil.rmtree(tokenizer.tmp_dir, ignore_errors=True)

        def pinyin(word: str) -> list[str]:
            return list(lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True))

        return cls(tokenizer.lcut, pinyin, ZHG2P.py2ipa, cn2an.transform, english)

    def can_be_read(self, word: str) -> bool:
        """True when something in the word has a pronunciation."""
        return any(c.isalnum() for c in word)

    def read(self, words: Sequence[str]) -> Reading:
        """Phonemes of a piece; its words are jieba's, a mark joined to the word before it."""
        symbols = ""
        owners: list[int] = []
        written: list[str] = []
        opening = ""
        for token in self._tokens(joined(words)):
            mark = _MARKS.get(token, token if token in _PLAIN else "")
            if mark in _OPENERS and mark:
                opening += token
                symbols, said = symbols.rstrip(), f" {mark}"
                owner = len(written)
            elif mark or token.isspace():
                if mark and written:
                    written[-1] += token
                said, owner = mark, max(0, len(written) - 1)
            else:
                written.append(opening + token)
                opening = ""
                said, owner = self._said(token), len(written) - 1
                tight = not symbols or symbols[-1] in _OPENERS
                said = said if tight or not said else f" {said}"
            symbols += said
            owners = owners[: len(symbols) - len(said)] + [owner] * len(said)
        return Reading(symbols, tuple(owners), tuple(written))

    def _tokens(self, text: str) -> list[str]:
        """Words, numbers, and single marks."""
        out: list[str] = []
        for match in _TOKEN.finditer(text):
            token = match[0]
            han = re.match(rf"[{_HAN}]", token)
            out += self._cut(token) if han else [token]
        return out

    def _said(self, token: str) -> str:
        if re.match(r"[A-Za-z]", token):
            return self._english.read([token]).symbols
        text = token if re.match(rf"[{_HAN}]", token) else self._number(token)
        text = _SIGNS.get(token, text)
        spoken = re.sub(rf"[^{_HAN}]", "", text)
        return " ".join(self._word(word) for word in self._cut(spoken)) if spoken else ""

    def _word(self, word: str) -> str:
        said = []
        for syllable in self._pinyin(word):
            try:
                said.append(self._sounds(syllable))
            except (ValueError, AssertionError, KeyError, IndexError):
                continue  # a sign that has no reading in Mandarin
        return "".join(said).replace("\u032f", "")

    def _number(self, token: str) -> str:
        token = normalize("NFKC", token)
        sign = next((s for s in _MONEY if token.startswith(s)), "")
        bare = token.removeprefix(sign).replace(",", "") if sign else token.replace(",", "")
        bare = _DATE.sub(r"\1年\2月\3日", bare)
        bare = _SPAN.sub("到", _CLOCK.sub(r"\1点\2分", bare)).replace("−", "-")
        bare = bare.replace("°C", "摄氏度").replace("°", "度")
        if _PHONE.fullmatch(bare):
            return "".join(_DIGITS[c] for c in bare)
        try:
            said = str(self._numbers(bare, "an2cn"))
        except (ValueError, IndexError, KeyError):
            said = bare
        return "".join(_DIGITS.get(c, c) for c in said) + _MONEY.get(sign, "")
