"""The gain of each of Kokoro's voices, into the file beside the engine.

    python -m bench.voices_gains [VOICE ...]

Each voice speaks four sentences of its language and its shortest one. The gain brings all of them
to -16 LUFS as near as can be: its worst sentence is as little off as one gain allows, the limiter
behind it. Figures are printed; without names all voices are measured.
"""

import json
import sys
from pathlib import Path
from typing import Final

import numpy as np

import deployments.speech
from bench.voices import speak
from bench.voices_sentences import SENTENCES
from deployments.loading import EngineConfig, load_engine
from deployments.speech.kokoro_voices import STOCK
from media.limiter import louden
from media.loudness import TARGET_LUFS, integrated_loudness, speech_gain
from media.sound import Sound
from media.timegrid import SOUND_RATE
from serve.settings import Settings

FILE: Final = Path(deployments.speech.__file__).with_name("kokoro_gains.json")
CHOSEN: Final = (0, 1, 3, 6, 9)
"""Sentences that are spoken."""


def nearest_gain(sounds: list[Sound]) -> tuple[float, float]:
    """The gain in dB, and how far off the worst sentence is with it, in LU."""
    whole = Sound(np.concatenate([sound.samples for sound in sounds]), SOUND_RATE)
    middle = speech_gain(whole)
    worst: dict[float, float] = {}
    for step in np.arange(-2.0, 2.01, 0.5):
        gain = round(middle + float(step), 1)
        reached = [integrated_loudness(louden(sound, gain)) for sound in sounds]
        worst[gain] = max(abs(loudness - TARGET_LUFS) for loudness in reached)
    return min(worst.items(), key=lambda item: item[1])


def main() -> None:
    """Measure, print and write, voice by voice: a run that broke off loses nothing."""
    names = sys.argv[1:] or [voice.id for voice in STOCK]
    languages = {voice.languages[0] for voice in STOCK if voice.id in names}
    config = EngineConfig(
        engine="deployments.speech.kokoro:Kokoro",
        threads=2,
        options={"languages": ",".join(sorted(languages))},
    )
    engine = load_engine(config, Settings())
    for voice in engine.voices:
        if voice.id not in names:
            continue
        sentences = SENTENCES[voice.languages[0]]
        sounds = [speak(engine, voice, sentences[n]) for n in CHOSEN]
        gain, off = nearest_gain(sounds)
        gains = {**json.loads(FILE.read_text()), voice.id: gain}
        FILE.write_text(json.dumps(dict(sorted(gains.items())), indent=2) + "\n")
        print(f"{voice.id}: {gain} dB, at most {off:.1f} LU off", flush=True)


if __name__ == "__main__":
    main()
