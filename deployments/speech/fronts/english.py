"""English, American and British, by hibari's pronouncing dictionaries (misaki's, Apache-2.0)."""

import json
from collections.abc import Mapping, Sequence
from importlib import resources

from hibari.g2p import G2P

from deployments.speech.pieces import ENGLISH, Rules
from deployments.speech.reading import Reading, can_be_read, read


class English:
    """Reads English text."""

    language = "English"
    rules: Rules = ENGLISH

    def __init__(self, *, british: bool = False) -> None:
        self._g2p = G2P(british=british)
        # Opens the network for unknown words now, not in the first request.
        self._g2p.oov  # noqa: B018

    def can_be_read(self, word: str) -> bool:
        """True when something in the word has a pronunciation."""
        return can_be_read(word)

    def read(self, words: Sequence[str]) -> Reading:
        """Phonemes of a piece."""
        return read(self._g2p, words)


def read_vocabulary() -> Mapping[str, int]:
    """Number of each phoneme in Kokoro's and hibari's networks."""
    text = (resources.files("hibari") / "assets" / "vocab.json").read_text(encoding="utf-8")
    vocabulary: Mapping[str, int] = json.loads(text)
    return vocabulary
