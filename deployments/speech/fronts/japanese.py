# ruff: noqa: RUF001 - phonetic symbols and East Asian marks are meant
"""Japanese by Open JTalk (pyopenjtalk-plus, MIT): readings from its dictionary, then phonemes.

The phonemes are those that Kokoro's Japanese voices were trained with (misaki's README; a kana is
a consonant and a vowel, palatal before i and y).
"""

import re
import threading
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any, Final, Self
from unicodedata import normalize

from deployments.speech.fronts.dense import MARKS, OPENERS, can_be_read, dense_rules, joined
from deployments.speech.fronts.front import FrontEnd, FrontEndMissingError
from deployments.speech.fronts.japanese_signs import RULES
from deployments.speech.fronts.owned import Owned
from deployments.speech.ipa import Replaced
from deployments.speech.reading import Reading

_ROWS: Final = """
ア a i ɯ e o | カ ka kʲi kɯ ke ko | ガ ɡa ɡʲi ɡɯ ɡe ɡo | サ sa ɕi sɨ se so | ザ ʣa ʥi zɨ ʣe ʣo
タ ta ʨi ʦɨ te to | ダ da ʥi zɨ de do | ナ na ɲi nɯ ne no | ハ ha çi ɸɯ he ho
バ ba bʲi bɯ be bo | パ pa pʲi pɯ pe po | マ ma mʲi mɯ me mo | ラ ɾa ɾʲi ɾɯ ɾe ɾo
"""
_KANA: Final = {
    row[0]: row
    for row in """
    アイウエオ カキクケコ ガギグゲゴ サシスセソ ザジズゼゾ タチツテト ダヂヅデド ナニヌネノ
    ハヒフヘホ バビブベボ パピプペポ マミムメモ ラリルレロ
    """.split()  # noqa: SIM905 - a table is easier to read without quotation marks
}
_SMALL_Y: Final = {"ャ": "a", "ュ": "ɨ", "ョ": "o", "ェ": "e"}
_SMALL: Final = {"ァ": "a", "ィ": "i", "ゥ": "ɯ", "ェ": "e", "ォ": "o"}
_FOREIGN: Final = {
    "フ": "ɸ", "ヴ": "v", "ツ": "ʦ", "テ": "t", "デ": "d", "ト": "t", "ド": "d", "ウ": "β",
    "ク": "kᵝ", "グ": "ɡᵝ", "ス": "s", "ズ": "z",
}  # fmt: skip
_POINT: Final = re.compile(r"(?<=\d)[.．](?=\d)")  # a pause to the library
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_UNKNOWN: Final = re.compile("[A-Z]?[a-z]{2,}")
_NASALS: Final = (("mpb", "m"), ("kɡ", "ŋ"), ("ɲʨʥ", "ɲ"), ("ntdɾz", "n"))


def _table() -> dict[str, str]:
    table = {
        "ヤ": "ja", "ユ": "jɯ", "ヨ": "jo", "ワ": "βa", "ヲ": "o", "ヰ": "i", "ヱ": "e", "ヴ": "vɯ",
        "ヵ": "ka", "ヶ": "ke", "ッ": "ʔ", "ー": "ː", "イェ": "je",
        "ャ": "ja", "ュ": "jɯ", "ョ": "jo", "ヮ": "βa", **_SMALL,
    }  # fmt: skip
    for row in _ROWS.replace("\n", "|").split("|"):
        if row.strip():
            first, *sounds = row.split()
            table |= dict(zip(_KANA[first], sounds, strict=True))
    # The i of a row carries the consonant that its small y, and its small e, go with: kʲ, ɕ, ʨ.
    palatal = {
        kana: said[:-1] for kana, said in table.items() if said.endswith("i") and said != "i"
    }
    for kana, consonant in palatal.items():
        if len(kana) == 1:
            table |= {kana + small: consonant + vowel for small, vowel in _SMALL_Y.items()}
    for kana, consonant in _FOREIGN.items():
        for small, vowel in _SMALL.items():
            if kana + small not in table:
                soft = "ʲ" if vowel == "i" and consonant not in ("β", "s", "z") else ""
                table[kana + small] = (consonant + soft + vowel).replace("ᵝʲ", "ᵝ")
        for small in "ュョ":
            table[kana + small] = f"{consonant}ʲ{_SMALL_Y[small]}"
    return table


_SOUNDS: Final = _table()


class Japanese:
    """Reads Japanese text.

    Words of Latin letters are read as the dictionary has them; those that it would only spell by
    the English front end.
    """

    language = "Japanese"
    ipa: Replaced = (("ˈ", ""), ("ˌ", ""))

    def __init__(self, library: Any, english: FrontEnd) -> None:
        self._library = library
        self._english = english
        self._lock = threading.Lock()
        self._letters = {c: self._words(c)[0]["pron"] for c in _LETTERS}
        self.rules = dense_rules(self._surfaces)

    @classmethod
    def open(cls, english: FrontEnd) -> Self:
        """Raises FrontEndMissingError where the library is missing."""
        try:
            import pyopenjtalk
        except ImportError as error:
            raise FrontEndMissingError(
                "Japanese is read by pyopenjtalk-plus, which is not installed: "
                "pip install 'avatar-serve[japanese]'."
            ) from error
        # The letters' names open the dictionary now, not in the first request.
        return cls(pyopenjtalk, english)

    def can_be_read(self, word: str) -> bool:
        """True when something in the word has a pronunciation."""
        return can_be_read(word)

    def read(self, words: Sequence[str]) -> Reading:
        """Phonemes of a piece; its words are Open JTalk's accent phrases."""
        text = joined(words)
        spoken = Owned.by_place(text).said(RULES)
        nodes = self._words(spoken.text)
        places = (*spoken.owners, len(text))
        starts = [places[at] for at in _starts(spoken.text, [node["string"] for node in nodes])]
        symbols, owners, written = "", [], list[str]()
        begin = 0
        opened = False
        for n, node in enumerate(nodes):
            said = MARKS.get(node["string"], "")
            opens = said != "" and said in OPENERS
            begins = opens or (not said and node["chain_flag"] != 1 and not opened)
            if begins and starts[n] > begin:
                written.append(text[begin : starts[n]])
                begin = starts[n]
            opened = opens
            mark = said != ""
            said = said or self._said(node)
            if symbols and not _tight(symbols, said, mark):
                said = f" {said}"
            symbols += said
            owners += [len(written)] * len(said)
        written.append(text[begin:])
        words = tuple(word.strip() for word in written)
        return Reading(_assimilated(symbols), tuple(owners), words)

    def _said(self, node: Any) -> str:
        surface = normalize("NFKC", node["string"])
        if _UNKNOWN.fullmatch(surface):
            spelled = "".join(self._letters[c] for c in surface.lower())
            if node["pron"].replace("’", "") == spelled.replace("’", ""):
                return self._english.read([surface]).symbols
        return phonemes(node["pron"])

    def _surfaces(self, text: str) -> list[str]:
        starts = _starts(text, [node["string"] for node in self._words(text)])
        cuts = sorted({0, *starts, len(text)})
        return [text[a:b] for a, b in pairwise(cuts)]

    def _words(self, text: str) -> list[Any]:
        with self._lock:  # the library keeps one analyser
            nodes: list[Any] = self._library.run_frontend(_POINT.sub("点", text))
        return nodes


def phonemes(kana: str) -> str:
    """Phonemes of a reading in katakana; what is no kana has none."""
    out = ""
    i = 0
    while i < len(kana):
        pair, single = kana[i : i + 2], kana[i]
        if len(pair) == 2 and pair in _SOUNDS:
            out += _SOUNDS[pair]
            i += 2
            continue
        out += "ɴ" if single == "ン" else _SOUNDS.get(single, "")
        i += 1
    return out


def _assimilated(symbols: str) -> str:
    """ɴ sounds like what follows it."""
    out = list(symbols)
    for i, c in enumerate(out):
        after = symbols[i + 1 : i + 3].strip()[:1] if c == "ɴ" else ""
        if after and symbols[i + 1] != " ":
            out[i] = next((nasal for first, nasal in _NASALS if after in first), "ɴ")
    return "".join(out)


def _tight(symbols: str, said: str, mark: bool) -> bool:
    """True where no blank stands between two words: before marks, and beside a stop (ッ)."""
    if not said:
        return True
    if mark:
        return said not in OPENERS
    return symbols[-1] in OPENERS + "ʔ" or said.startswith(("ʔ", "ː"))


def _starts(text: str, surfaces: Sequence[str]) -> list[int]:
    """Where each surface begins in the text: the library widens letters and renames digits."""
    plain = [(d, i) for i, c in enumerate(text) for d in normalize("NFKC", c)]
    said = [(d, n) for n, surface in enumerate(surfaces) for d in normalize("NFKC", surface)]
    matcher = SequenceMatcher(None, [d for d, _ in plain], [d for d, _ in said], autojunk=False)
    # A surface whose first character is not found begins where the one before it ended.
    first = {n: k for k, (_, n) in reversed(list(enumerate(said)))}
    places: dict[int, int] = {}
    for a, b, size in matcher.get_matching_blocks():
        places |= {b + k: plain[a + k][1] for k in range(size)}
    starts: list[int] = []
    end = 0
    for n in range(len(surfaces)):
        k = first.get(n)
        start = end if k is None or k not in places else max(end, places[k])
        starts.append(start if n else 0)
        while k is not None and k < len(said) and said[k][1] == n:
            end = max(end, places[k] + 1) if k in places else end
            k += 1
    return starts
