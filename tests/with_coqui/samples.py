"""A kept sample of somebody who hums."""

import numpy as np

from deployments.speech.engine import Voice
from media.voice_sample import VoiceSample, pack

RATE = 22_050


def hummed(pitch: float = 140.0, seconds: float = 7.0) -> bytes:
    time = np.arange(round(seconds * RATE)) / RATE
    tones = sum(np.sin(2 * np.pi * pitch * n * time) / n for n in range(1, 9))
    wobble = 0.6 + 0.4 * np.sin(2 * np.pi * 3 * time)
    return pack(VoiceSample((0.1 * tones * wobble).astype(np.float32), RATE, "en"))


def cloned(engine: str, language: str = "en") -> Voice:
    return Voice("voice_1", "Me", (language,), "unknown", "", 0.0, engine)
