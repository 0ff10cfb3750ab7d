"""How loud the voices speak, and the gain each is to have: `python -m bench.voices`.

A fixed set of texts, from one word to half a minute. The gain that is printed brings all of them in
a row to -16 LUFS, as near as it can without that one of them is more than NEAR away from it, the
limiter behind it; it stands in the engine (`Voice.gain_db`). Then what the video's sound has with
the engine's gain: its loudness by FFmpeg's meter, and its true peak after AAC coding and decoding.
"""

from typing import Final

import numpy as np
from obstore.store import MemoryStore

from bench.material import SENTENCES, text_of
from bench.metering import coded, meter
from deployments.in_a_row import InARow
from deployments.speech.engine import SpeechEngine, Voice
from media.limiter import louden
from media.loudness import TARGET_LUFS, integrated_loudness, speech_gain
from media.sound import Sound
from media.timegrid import SOUND_RATE
from serve.commands.private import LOCAL_CONFIG
from serve.settings import Settings
from serve.storage.artifacts import Artifacts

TEXTS: Final = (
    "Hello!",
    "Yes.",
    "What?",
    "No, thank you.",
    "Good morning, everybody.",
    "Hello! Nice to meet you.",
    "Stop! Don't do that!",
    "A, B, C, D, E, F, G.",
    "I whispered so that nobody could hear us in the dark house.",
    "Dr. Smith paid $5 million at 7:30 pm on 12 March 2024, he said.",
    *SENTENCES,
    text_of(30),
)
"""English; a voice of another language needs texts of its own."""


NEAR: Final = 1.9
"""LU: a voice may be 2 off."""


def speak(engine: SpeechEngine, voice: Voice, text: str) -> Sound:
    """A text as the engine gives it."""
    pieces = engine.speak(text, voice.id)
    return Sound(np.concatenate([piece.samples for piece in pieces]), SOUND_RATE)


def fitting_gain(sounds: list[Sound]) -> float:
    """Decibels that bring the whole to the target, or as near as the loudest and softest let it."""
    whole = Sound(np.concatenate([sound.samples for sound in sounds]), SOUND_RATE)
    first = round(speech_gain(whole), 1)
    for step in sorted(np.arange(-3.0, 3.1, 0.1), key=abs):
        gain = round(first + float(step), 1)
        reached = [integrated_loudness(louden(sound, gain)) for sound in sounds]
        if max(abs(loudness - TARGET_LUFS) for loudness in reached) <= NEAR:
            return gain
    raise SystemExit("no gain fits all texts")


def main() -> None:
    """Measure and print."""
    stages = InARow.from_config(LOCAL_CONFIG, Settings(), Artifacts(MemoryStore()))
    engine: SpeechEngine = stages.engine("Speech")
    for voice in engine.voices:
        sounds = [speak(engine, voice, text) for text in TEXTS]
        print(f"\n{voice.id}: gain {fitting_gain(sounds)} dB; the engine has {voice.gain_db}\n")
        print("| text | s | LUFS as spoken | in the video | dBTP in the video |")
        print("|---|---|---|---|---|")
        for text, sound in zip(TEXTS, sounds, strict=True):
            loudness, peak = meter(coded(louden(sound, voice.gain_db)))
            print(
                f"| {text[:40]} | {sound.seconds:.1f} | {integrated_loudness(sound):.1f} "
                f"| {loudness:.1f} | {peak:.1f} |"
            )


if __name__ == "__main__":
    main()
