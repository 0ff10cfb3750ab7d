# ruff: noqa: RUF001 - phonetic symbols are meant
"""How late the stated times of phonemes are against the sound itself.

python -m training.mouth.clock DATA

Hiss should be where s is said to be, the level of vowels where vowels are, a dip where stops are:
the shift at which sound and times fit best is how far the times are off. It needs no lip sync.
"""

import argparse
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.mouth.noises import RATE

STEP = 80
"""Samples: 5 ms."""
WINDOW = 320
FURTHEST = 30
MOST = 120
GROUPS = {"hiss": "szʃʒʧʤ", "vowels": "ɑæʌɛAIOQWYiɪuʊəɔɜᵊᵻ", "stops": "pbtdkɡ"}

Array = NDArray[np.float64]


def tracks(sound: NDArray[np.float32]) -> dict[str, Array]:
    """What each group of phonemes should raise, in decibels every 5 ms."""
    padded = np.pad(sound, (WINDOW // 2, WINDOW))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::STEP]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)) ** 2
    hertz = np.fft.rfftfreq(WINDOW, 1 / RATE)

    def level(low: float, high: float) -> Array:
        inside = power[:, (hertz > low) & (hertz < high)]
        return np.asarray(10 * np.log10(inside.sum(axis=1) + 1e-7), np.float64)

    middle = level(250, 2500)
    return {"hiss": level(3800, 8000) - middle, "vowels": middle, "stops": -level(0, 8000)}


def lateness(paths: list[Path]) -> dict[str, int]:
    """Milliseconds by which the stated times follow the sound, for each group that is spoken."""
    pairs: dict[str, list[tuple[Array, Array]]] = {name: [] for name in GROUPS}
    for path in paths:
        with np.load(path) as held:
            symbols, times = held["symbols"].tolist(), held["times"] * RATE / STEP
            heard = tracks(held["sound"].astype(np.float32) / 32768)
        span = slice(max(FURTHEST, int(times[0, 0])), int(times[-1, 1]) - FURTHEST)
        for name, group in GROUPS.items():
            stated = np.zeros(len(heard[name]))
            for symbol, (start, end) in zip(symbols, times, strict=True):
                if symbol in group:
                    stated[round(float(start)) : round(float(end))] = 1
            shifts = range(-FURTHEST, FURTHEST + 1)
            shifted = np.stack([np.roll(heard[name], s)[span] for s in shifts])
            pairs[name].append((shifted, stated[span]))
    out = {}
    for name, found in pairs.items():
        sounds = np.concatenate([s for s, _ in found], axis=1)
        stated = np.concatenate([s for _, s in found])
        if not stated.any():
            continue
        fit = [np.corrcoef(row, stated)[0, 1] for row in sounds]
        out[name] = (int(np.argmax(fit)) - FURTHEST) * 1000 * STEP // RATE
    return out


def main() -> None:
    """Print a row for each held-out voice."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("data", type=Path)
    given = options.parse_args()
    print(
        "| voice | " + " | ".join(f"{name}, ms late" for name in GROUPS) + " |\n|---|---|---|---|"
    )
    paths = sorted(given.data.glob("held-*.npz"))
    for voice, files in groupby(paths, key=lambda path: path.stem.split("-")[1]):
        found = lateness(list(files)[:MOST])
        cells = (f"{found[name]:+d}" if name in found else "" for name in GROUPS)
        print(f"| {voice} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
