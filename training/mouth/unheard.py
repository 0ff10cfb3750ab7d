"""Noises of kinds that training never makes: for figures only."""

import numpy as np
from scipy import signal

from training.mouth.noises import RATE, Array, Chance


def unheard_noise(n: int, samples: int, chance: Chance) -> Array:
    """A noise of level 1; `n` chooses its kind."""
    makers = (rain, motor, siren, birds, applause)
    noise = makers[n % len(makers)](samples, chance)
    return np.asarray(noise / np.sqrt(np.mean(noise**2) + 1e-12), np.float32)


def rain(samples: int, chance: Chance) -> Array:
    """Drops: hundreds a second, each a short ring of its own pitch, over a soft hiss."""
    out = 0.03 * chance.standard_normal(samples + 400)
    t = np.arange(400) / RATE
    for at in chance.integers(0, samples, samples * 300 // RATE):
        pitch, fall = chance.uniform(1200, 7000), chance.uniform(150, 900)
        out[at : at + 400] += (
            chance.exponential() * np.exp(-t * fall) * np.sin(2 * np.pi * pitch * t)
        )
    return out[:samples].astype(np.float32)


def motor(samples: int, chance: Chance) -> Array:
    """An engine: bursts at a rate that wanders, ringing in its own box."""
    wander = signal.resample(chance.uniform(-0.3, 0.3, samples // RATE + 4), samples)
    turns = np.cumsum(chance.uniform(25, 90) * (1 + wander)) / RATE
    pulses = np.exp(-12 * (turns % 1)) * chance.standard_normal(samples)
    low, high = sorted(chance.uniform(120, 2500, 2))
    box = signal.butter(2, [low, high + 200], "bandpass", fs=RATE, output="sos")
    return (signal.sosfilt(box, pulses) + 0.02 * pulses).astype(np.float32)


def siren(samples: int, chance: Chance) -> Array:
    """Two tones in turn, or one that howls up and down."""
    t = np.arange(samples) / RATE
    low, rate = chance.uniform(350, 800), chance.uniform(0.4, 3)
    sweep = np.sin(2 * np.pi * rate * t + chance.uniform(0, 6))
    sweep = np.sign(sweep) if chance.random() < 0.5 else sweep
    phase = 2 * np.pi * np.cumsum(low * (1.25 + 0.25 * sweep)) / RATE
    tones = sum(chance.uniform(0.2, 1) / k * np.sin(k * phase) for k in range(1, 6))
    return np.asarray(tones, np.float32)


def birds(samples: int, chance: Chance) -> Array:
    """Chirps: fast sweeps between 1.5 and 7 kHz, in rows."""
    out = 0.002 * chance.standard_normal(samples + RATE)
    at = 0.0
    while at < samples:
        start, stop = chance.uniform(1500, 7000, 2)
        n = int(chance.uniform(0.03, 0.15) * RATE)
        phase = 2 * np.pi * np.cumsum(np.linspace(start, stop, n)) / RATE
        for turn in range(chance.integers(1, 6)):
            first = int(at) + turn * int(1.4 * n)
            out[first : first + n] += (np.sin(phase) * np.hanning(n))[: max(0, len(out) - first)]
        at += chance.uniform(0.2, 1.2) * RATE
    return out[:samples].astype(np.float32)


def applause(samples: int, chance: Chance) -> Array:
    """A crowd that claps: each pair of hands with its own pace and ring."""
    out = 0.01 * chance.standard_normal(samples + 2 * RATE)
    for _ in range(60):
        pace, pitch = chance.uniform(0.2, 0.35), chance.uniform(700, 2500)
        n = int(0.02 * RATE)
        t = np.arange(n) / RATE
        clap = np.exp(-t * 250) * (chance.standard_normal(n) + 2 * np.sin(2 * np.pi * pitch * t))
        at = chance.uniform(0, pace) * RATE
        while at < samples:
            out[int(at) : int(at) + n] += clap * chance.uniform(0.1, 1)
            at += pace * chance.uniform(0.9, 1.1) * RATE
    return out[:samples].astype(np.float32)
