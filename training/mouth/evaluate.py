# ruff: noqa: RUF001 - phonetic symbols are meant
"""Measures a network on voices, an engine (where data.py spoke it) and noises never trained on.

python -m training.mouth.evaluate DATA [--model mouth.onnx]
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.mouth import MouthCurves, MouthReader
from media.sound import Sound
from training.mouth.augment import band, rms_of_speech, room
from training.mouth.noises import RATE, background, backgrounds, breath
from training.mouth.targets import LEAD, LIPS_SHUT, NAMES, targets
from training.mouth.unheard import unheard_noise

Array = NDArray[np.float32]

LEVEL = 0.1
SHUT = 0.02
"""An opening below this is a closed mouth."""
FRAME_HOPS = 4
"""A frame at 25 a second."""
PAUSE = 1.0
SPEECH_MOVES = 0.0040
"""Mean change of the opening from hop to hop in held-out speech: what noise is compared to."""
COMPARED = tuple(k for k, name in enumerate(NAMES) if name != "voice")
WIDE_VOWELS = "ɑæʌɛAIOW"
VOWELS = WIDE_VOWELS + "iɪuʊəɔɒɜQYᵊᵻa"
WHOLE_FAMILIES = ("heart", "piper")
"""Voices that have rows of their own; the rest are "others"."""


class Tally:
    """Figures gathered over utterances."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Array, Array]] = []
        self.shut: list[bool] = []
        self.shut_near: list[bool] = []
        self.wrongly_shut: list[bool] = []
        self.vowels: list[bool] = []
        self.still: list[float] = []
        self.moved: list[tuple[float, float]] = []

    def add(self, curves: MouthCurves, wanted: Array, phones: Sequence[tuple[str, float]]) -> None:
        """One utterance that began PAUSE seconds into the track."""
        given = np.stack([getattr(curves, NAMES[k]) for k in COMPARED], axis=1)
        self.pairs.append((given, wanted[: len(given), list(COMPARED)]))
        for symbol, middle in phones:
            at = round((middle + PAUSE - LEAD) * 100)
            opening = float(curves.opening[at])
            if symbol in LIPS_SHUT:
                near = curves.opening[max(0, at - FRAME_HOPS) : at + FRAME_HOPS + 1]
                self.shut.append(opening < SHUT)
                self.shut_near.append(float(near.min()) < SHUT)
            if symbol in VOWELS:
                self.wrongly_shut.append(opening < SHUT)
            if symbol in WIDE_VOWELS:
                self.vowels.append(float(curves.opening[max(0, at - 5) : at + 6].max()) > 2 * SHUT)
        rest = int(PAUSE * 100)
        self.still.append(float(curves.opening[20 : rest - 20].max()))
        speed = np.abs(np.diff(curves.opening))
        self.moved.append((float(speed[: rest - 20].mean()), float(speed[rest:-rest].mean())))

    def line(self) -> str:
        """One row of the table."""
        given = np.concatenate([g for g, _ in self.pairs])
        wanted = np.concatenate([w for _, w in self.pairs])
        r = [np.corrcoef(given[:, i], wanted[:, i])[0, 1] for i in range(len(COMPARED))]
        size = given[:, 0].std() / wanted[:, 0].std()
        idle, active = np.mean(self.moved, axis=0)
        return (
            f"{' | '.join(f'{each:.3f}' for each in r)} | {size:.2f} | "
            f"{best_shift(given[:, 0], wanted[:, 0]) * 10:+d} | {np.mean(self.shut):.1%} | "
            f"{np.mean(self.shut_near):.1%} | "
            f"{np.mean(self.wrongly_shut):.1%} | {np.mean(self.vowels):.1%} | "
            f"{max(self.still):.4f} | {idle / active:.3f}"
        )


def best_shift(given: Array, wanted: Array) -> int:
    """Hops by which the given curve is late (positive) where it fits best."""
    scores = {}
    for shift in range(-10, 11):
        a = given[10 + shift : len(given) - 10 + shift]
        scores[shift] = np.corrcoef(a, wanted[10 : len(wanted) - 10])[0, 1]
    return max(scores, key=lambda s: scores[s])


def read(reader: MouthReader, sound: Array) -> MouthCurves:
    """Curves at 100 Hz of a whole track."""
    times = np.arange(len(sound) // 160) / 100
    return reader.curves(Sound(sound, RATE), times)


def conditions(chance: np.random.Generator) -> dict[str, Callable[[Array], Array]]:
    """Ways in which held-out speech is spoiled."""
    bank = backgrounds(25, chance)

    def noisy(snr: float) -> Callable[[Array], Array]:
        def add(sound: Array) -> Array:
            noise = background(len(sound), None, bank, chance)
            return sound + noise * np.float32(rms_of_speech(sound) * 10 ** (-snr / 20))

        return add

    def strange(snr: float) -> Callable[[Array], Array]:
        def add(sound: Array) -> Array:
            noise = unheard_noise(int(chance.integers(5)), len(sound), chance)
            return sound + noise * np.float32(rms_of_speech(sound) * 10 ** (-snr / 20))

        return add

    return {
        "clean": lambda sound: sound,
        "noise, 20 dB": noisy(20),
        "noise, 10 dB": noisy(10),
        "room": lambda sound: room(sound, chance),
        "telephone": lambda sound: band(sound, chance),
        "20 dB softer": lambda sound: sound * np.float32(0.1),
        "unheard noise, 20 dB": strange(20),
        "unheard noise, 10 dB": strange(10),
    }


def speech(reader: MouthReader, folder: Path) -> None:
    """The table over held-out lines and voices."""
    print(
        "| voices | sound | opening r | width r | closure r | teeth r | bared r | tongue r | size "
        "| late ms | m b p shut | in a frame | vowels shut | vowels open | pause | pause moves |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    )
    for who in (*WHOLE_FAMILIES, "others"):
        for name, spoil in conditions(np.random.default_rng(3)).items():
            tally = Tally()
            for path in sorted(folder.glob("held-*.npz")):
                voice = path.stem.split("-")[1]
                if (voice if voice in WHOLE_FAMILIES else "others") != who:
                    continue
                with np.load(path) as held:
                    symbols, times = held["symbols"].tolist(), held["times"]
                    sound = held["sound"].astype(np.float32) / 32768
                quiet = np.zeros(int(PAUSE * RATE), np.float32)
                track = np.concatenate(
                    [quiet, sound * np.float32(LEVEL / rms_of_speech(sound)), quiet]
                )
                wanted = targets(symbols, times + PAUSE, len(track) / RATE)
                phones = list(zip(symbols, times.mean(axis=1).tolist(), strict=True))
                tally.add(read(reader, spoil(track)), wanted, phones)
            if tally.pairs:
                print(f"| {who} | {name} | {tally.line()} |", flush=True)


def silence(reader: MouthReader) -> None:
    """How far the mouth moves when nobody speaks."""
    chance = np.random.default_rng(4)
    bank = backgrounds(50, chance)
    size = 5 * RATE
    turns = iter(range(10_000))

    def strange(gain: float) -> Array:
        return unheard_noise(next(turns), size, chance) * np.float32(gain)

    print(
        "\n| nobody speaks | widest opening | 99 % | share of time over .02 "
        "| the same, first half second | moves |\n|---|---|---|---|---|---|"
    )
    kinds: dict[str, Callable[[], Array]] = {
        "digital silence": lambda: np.zeros(size, np.float32),
        "noise at -60 dBFS": lambda: background(size, None, bank, chance) * np.float32(1e-3),
        "noise at -40 dBFS": lambda: background(size, None, bank, chance) * np.float32(1e-2),
        "noise at -20 dBFS": lambda: background(size, None, bank, chance) * np.float32(1e-1),
        "breaths at -40 dBFS": lambda: breath(size, chance) * np.float32(1e-2),
        "unheard noise at -40 dBFS": lambda: strange(1e-2),
        "unheard noise at -20 dBFS": lambda: strange(1e-1),
    }
    for name, make in kinds.items():
        clips = np.stack([read(reader, make()).opening for _ in range(20)])
        opening, early = clips[:, 50:], clips[:, :50]
        print(
            f"| {name} | {opening.max():.4f} | {np.quantile(opening, 0.99):.4f} "
            f"| {np.mean(opening > SHUT):.2%} | {np.mean(early > SHUT):.2%} "
            f"| {np.abs(np.diff(clips)).mean() / SPEECH_MOVES:.3f} |",
            flush=True,
        )


def cost(reader: MouthReader) -> None:
    """Milliseconds a frame for calls of 32 frames at 25 fps, sound to shapes."""
    chance = np.random.default_rng(5)
    sound = Sound((chance.standard_normal(4 * RATE) * 0.1).astype(np.float32), RATE)
    times = 1.0 + np.arange(32) / 25
    spent = []
    for _ in range(60):
        begin = time.perf_counter()
        reader.curves(sound, times)
        spent.append(time.perf_counter() - begin)
    print(f"\n{np.median(spent) / 32 * 1e3:.3f} ms a frame (32 frames a call, one thread)")


def main() -> None:
    """Print all figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("data", type=Path)
    options.add_argument("--model", type=Path)
    given = options.parse_args()
    reader = MouthReader.load(given.model, threads=1)
    speech(reader, given.data)
    silence(reader)
    cost(reader)


if __name__ == "__main__":
    main()
