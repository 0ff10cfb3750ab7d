# ruff: noqa: RUF001 - phonetic symbols are meant
"""Speech of an engine that training never hears: a Piper voice, with its phonemes' times.

Piper (VITS) reads espeak's phonemes, here spelled from ours, so that espeak is not needed. Its
engine is GPL: a network run for figures only, nothing of it is shipped.
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from hibari.g2p import G2P
from scipy.signal import resample_poly

from deployments.speech.network import with_output
from deployments.speech.reading import read
from deployments.speech.timing import Timed, phones_of
from training.mouth.voices import RATE, Utterance, heard

FRAME = 256
"""Samples at Piper's own rate that one unit of its durations stands for."""
DURATIONS = "/Ceil_output_0"
SCALES = (0.667, 1.0, 0.8)
"""Piper's own variation of the sound, tempo, and variation of the durations."""
LATE = 0.015
"""Seconds by which its durations place phonemes behind the sound (measured by clock.py)."""

SPELLED = {
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "əʊ", "W": "aʊ", "Y": "ɔɪ", "ʤ": "dʒ", "ʧ": "tʃ",
    "ᵊ": "ə", "T": "ɾ", "ɑ": "ɑː", "i": "iː", "u": "uː", "ɔ": "ɔː", "ɜ": "ɜː",
}  # fmt: skip
"""Our symbols that espeak's American English writes otherwise."""


class Piper:
    """One voice. The network draws its noises itself, seeded: a run from the start repeats."""

    def __init__(self, model: Path) -> None:
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = settings.inter_op_num_threads = 1
        ort.set_seed(1)
        network = with_output(model.read_bytes(), DURATIONS)
        self.session = ort.InferenceSession(network, settings, providers=["CPUExecutionProvider"])
        about = json.loads(model.with_name(f"{model.name}.json").read_text(encoding="utf-8"))
        self.ids: dict[str, list[int]] = about["phoneme_id_map"]
        self.rate = int(about["audio"]["sample_rate"])
        self.g2p: Any = G2P(british=False)

    def say(self, text: str) -> Utterance:
        """Speak a sentence; a blank's time goes half to either neighbour."""
        symbols = [c for c in read(self.g2p, text.split()).symbols if self._known(c)]
        ids, owners = list(self.ids["^"]), [-1]
        for n, symbol in enumerate(symbols):
            for sign in SPELLED.get(symbol, symbol):
                ids += [*self.ids["_"], *self.ids[sign]]
                owners += [-1, n]
        ids += [*self.ids["_"], *self.ids["$"]]
        owners += [-1, -1]
        feed = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(SCALES, np.float32),
        }
        sound, durations = self.session.run(None, feed)
        ends = np.cumsum(durations.ravel()) * FRAME / self.rate
        timed = _timed(symbols, owners, np.concatenate([[0.0], ends]).tolist())
        sound = resample_poly(sound.ravel(), 160, self.rate * 160 // RATE).astype(np.float32)
        return Utterance(sound, heard(sound, phones_of(timed)))

    def _known(self, symbol: str) -> bool:
        return all(sign in self.ids for sign in SPELLED.get(symbol, symbol))


def _timed(symbols: list[str], owners: list[int], edges: list[float]) -> list[Timed]:
    """Each symbol from the middle of the blank before it to the middle of the one behind it."""
    middles = [(a + b) / 2 - LATE for a, b in pairwise(edges)]
    out = []
    for n, symbol in enumerate(symbols):
        own = [i for i, owner in enumerate(owners) if owner == n]
        out.append(Timed(symbol, 0, middles[own[0] - 1], middles[own[-1] + 1]))
    return out
