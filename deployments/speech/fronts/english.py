# ruff: noqa: RUF001 - phonetic symbols are meant
"""English, American and British, by hibari's pronouncing dictionaries (misaki's, Apache-2.0)."""

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Final

from hibari.g2p import G2P

from deployments.speech.fronts.english_signs import RULES
from deployments.speech.ipa import Replaced
from deployments.speech.pieces import ENGLISH, Rules
from deployments.speech.reading import Reading, can_be_read, read

_BOTH: Final[Replaced] = (
    ("ʦ", "ts"), ("ʣ", "dz"), ("e", "ɛ"), ("r", "ɹ"), ("ʍ", "w"), ("x", "k"), ("ʔ", "t"),
)  # fmt: skip
_AMERICAN: Final[Replaced] = (
    *_BOTH, ("ɜː", "ɜɹ"), ("ɜɹɹ", "ɜɹ"), ("ɚ", "əɹ"), ("ː", ""), ("Q", "O"), ("o", "O"),
    ("ɾ", "T"), ("ɒ", "ɑ"), ("a", "æ"),
)  # fmt: skip
_BRITISH: Final[Replaced] = (
    *_BOTH, ("ɛə", "ɛː"), ("ɜɹ", "ɜː"), ("ɚ", "ə"), ("O", "Q"), ("o", "Q"), ("æ", "a"),
)  # fmt: skip
"""As misaki's dictionaries write both kinds of English."""


class English:
    """Reads English text."""

    language = "English"
    ipa: Replaced
    rules: Rules = ENGLISH

    def __init__(self, *, british: bool = False) -> None:
        self._g2p = G2P(british=british)
        self.ipa = _BRITISH if british else _AMERICAN
        # Opens the network for unknown words now, not in the first request.
        self._g2p.oov  # noqa: B018

    def can_be_read(self, word: str) -> bool:
        """True when something in the word has a pronunciation."""
        return can_be_read(word)

    def read(self, words: Sequence[str]) -> Reading:
        """Phonemes of a piece."""
        return read(self._g2p, words, RULES)


def read_vocabulary() -> Mapping[str, int]:
    """Number of each phoneme in Kokoro's and hibari's networks."""
    text = (resources.files("hibari") / "assets" / "vocab.json").read_text(encoding="utf-8")
    vocabulary: Mapping[str, int] = json.loads(text)
    return vocabulary
