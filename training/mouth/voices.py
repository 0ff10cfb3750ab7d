"""Speech whose phonemes' times are known to the sample, from the networks' own durations."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from hibari import dsp
from hibari.g2p import G2P
from numpy.typing import NDArray

from deployments.speech.network import with_output
from deployments.speech.reading import read
from deployments.speech.timing import LATE, Timed, phones_of
from media.sound import Phone

RATE = 24_000
FRAME = 600
HEARD = 0.01
"""Share of a sentence's loudest moment below which it is silent."""


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """24 kHz sound and its phonemes; pauses are where no phoneme is."""

    sound: NDArray[np.float32]
    phones: tuple[Phone, ...]


class Speaker:
    """One of the two families of voices; both read misaki's phonemes."""

    def __init__(self, model: Path, durations: str, vocabulary: Path, styles: Path | None) -> None:
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = settings.inter_op_num_threads = 1
        network = with_output(model.read_bytes(), durations)
        self.session = ort.InferenceSession(network, settings, providers=["CPUExecutionProvider"])
        table = json.loads(vocabulary.read_text(encoding="utf-8"))
        self.vocabulary: dict[str, int] = table.get("vocab", table)
        self.styles = styles
        self.rules: dict[bool, Any] = {}

    def say(self, text: str, voice: str, speed: float) -> Utterance:
        """Speak a sentence; the voice "heart" is hibari's, others are Kokoro's."""
        british = voice.startswith("b")
        if british not in self.rules:
            self.rules[british] = G2P(british=british)
        symbols = [
            c for c in read(self.rules[british], text.split()).symbols if c in self.vocabulary
        ]
        ids = np.array([[0, *(self.vocabulary[c] for c in symbols), 0]], np.int64)
        pace = np.array([speed], np.float32)
        if self.styles is None:
            *spectrum, durations = self.session.run(None, {"ids": ids, "speed": pace})
            sound = dsp.synth(*(part[0] for part in spectrum), np.random.default_rng(len(symbols)))
        else:
            table = np.fromfile(self.styles / f"{voice}.bin", np.float32).reshape(-1, 256)
            feed = {"tokens": ids, "style": table[len(symbols)][None], "speed": pace}
            sound, durations = self.session.run(None, feed)
            sound = sound.ravel()
        ends = np.cumsum(durations.ravel()) * FRAME / RATE - LATE
        timed = [Timed(c, 0, float(ends[i]), float(ends[i + 1])) for i, c in enumerate(symbols)]
        return Utterance(sound, heard(sound, phones_of(timed)))


def heard(sound: NDArray[np.float32], phones: tuple[Phone, ...]) -> tuple[Phone, ...]:
    """Phones cut back to where there is sound: the networks give pauses to their neighbours.

    Only silences of .12 s and more are pauses; shorter ones are the closures of stops.
    """
    size = RATE // 100
    blocks = sound[: len(sound) // size * size].reshape(-1, size)
    level = np.sqrt(np.mean(blocks**2, axis=1))
    quiet = np.concatenate([[False], level < HEARD * level.max(), [False]])
    edges = np.flatnonzero(np.diff(quiet.astype(int)))
    pauses = [
        (a / 100, b / 100) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 12
    ]
    out = []
    for phone in phones:
        start, end = phone.start, phone.end
        for a, b in pauses:
            if a <= start < b:
                start = min(end, b)
            if a < end <= b:
                end = max(start, a)
            elif start < a and b < end:
                # A pause inside: the phoneme is heard on the longer side of it.
                start, end = (start, a) if a - start >= end - b else (b, end)
        if end - start > 0.005:
            out.append(Phone(phone.symbol, start, end))
    return tuple(out)
