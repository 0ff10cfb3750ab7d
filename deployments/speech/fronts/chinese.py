# ruff: noqa: RUF001 - phonetic symbols and East Asian marks are meant
"""Mandarin by jieba (words), pypinyin (readings) and misaki (Kokoro's own phonemes).

All are under permissive licences (MIT, Apache-2.0).

Words of Latin letters are read by the English front end, numbers as cn2an writes them out.
"""

import logging
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, Final, Self
from unicodedata import normalize

from deployments.speech.fronts.chinese_signs import DIGITS, RULES
from deployments.speech.fronts.dense import MARKS, OPENERS, can_be_read, dense_rules, joined
from deployments.speech.fronts.front import FrontEnd, FrontEndMissingError
from deployments.speech.fronts.owned import Owned
from deployments.speech.ipa import Replaced
from deployments.speech.reading import Reading

_PLAIN: Final = ';:,.!?—…"()“”'
_HAN: Final = r"〇㐀-䶿一-鿿豈-﫿"
_IS_HAN: Final = re.compile(f"[{_HAN}]")
_TOKEN: Final = re.compile(
    rf"[{_HAN}]+|[¥￥$€£]?\d[\d.,/年月日点分%-]*[%°元]?|[A-Za-z](?:[A-Za-z'’.-]*[A-Za-z])?|."
)
_MONEY: Final = {"¥": "元", "￥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
_SIGNS: Final = {
    "×": "乘",
    "÷": "除以",
    "=": "等于",
    "+": "加",
    "&": "和",
    "@": "艾特",
    "%": "百分之",
}
_SPAN: Final = re.compile(r"(?<=\d)-(?=\d)")
_DOUBLED: Final = re.compile(r"([妈爸哥姐弟妹爷奶叔舅姑太宝娃公婆伯星谢])\1$")
_DIRECTION: Final = re.compile("[上下进出回过起][来去]$")
"""What ends with a syllable without a tone, beside misaki's list of such words."""
_PHONE: Final = re.compile(r"1\d{10}")

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
            from misaki.tone_sandhi import ToneSandhi
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

        light = ToneSandhi().must_neural_tone_words

        def pinyin(word: str) -> list[str]:
            said = list(lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True))
            if word[-2:] in light or _DOUBLED.search(word) or _DIRECTION.search(word):
                said[-1] = said[-1].rstrip("1234") + "5" * (not said[-1].endswith("5"))
            return said

        return cls(tokenizer.lcut, pinyin, ZHG2P.py2ipa, cn2an.transform, english)

    def can_be_read(self, word: str) -> bool:
        """True when something in the word has a pronunciation."""
        return can_be_read(word)

    def read(self, words: Sequence[str]) -> Reading:
        """Phonemes of a piece; its words are jieba's, marks joined to those that they touch."""
        text = joined(words)
        spoken = Owned.by_place(text).said(RULES)
        symbols, owners = "", list[int]()
        starts, begun, opening = [0], False, -1
        for at, token in self._tokens(spoken.text):
            place = spoken.owners[at]
            mark = MARKS.get(token, token if token in _PLAIN else "")
            if mark and mark in OPENERS:
                opening = place if opening < 0 else opening
                symbols, said = symbols.rstrip(), f" {mark}"
            elif mark or token.isspace():
                said = mark
            else:
                begin = opening if opening >= 0 else place
                if begun and begin > starts[-1]:
                    starts.append(begin)
                begun, opening = True, -1
                said = self._spaced(symbols, token)
            symbols += said
            # A mark that opens belongs to the word behind it.
            owner = len(starts) - 1 + (begun and opening >= 0)
            owners = owners[: len(symbols) - len(said)] + [owner] * len(said)
        ends = [*starts[1:], len(text)]
        written = tuple(text[a:b].strip() for a, b in zip(starts, ends, strict=True))
        return Reading(symbols, tuple(min(o, len(written) - 1) for o in owners), written)

    def _spaced(self, symbols: str, token: str) -> str:
        said = self._said(token)
        tight = not symbols or symbols[-1] in OPENERS
        return said if tight or not said else f" {said}"

    def _tokens(self, text: str) -> Iterator[tuple[int, str]]:
        """Words, numbers, and single marks, with their places."""
        for match in _TOKEN.finditer(text):
            at = match.start()
            for token in self._cut(match[0]) if _IS_HAN.match(match[0]) else [match[0]]:
                yield at, token
                at += len(token)

    def _said(self, token: str) -> str:
        if re.match(r"[A-Za-z]", token):
            return self._english.read([token]).symbols
        text = token if _IS_HAN.match(token) else self._number(token)
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
        bare = _SPAN.sub("到", bare).replace("°", "度")
        if _PHONE.fullmatch(bare):
            return "".join(DIGITS[c] for c in bare)
        try:
            said = str(self._numbers(bare, "an2cn"))
        except (ValueError, IndexError, KeyError):
            said = bare
        return "".join(DIGITS.get(c, c) for c in said) + _MONEY.get(sign, "")
