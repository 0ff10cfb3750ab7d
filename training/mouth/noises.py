"""Sounds in which nobody speaks: the noises that training knows."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

RATE = 16_000

Array = NDArray[np.float32]
Chance = np.random.Generator


def backgrounds(count: int, chance: Chance) -> list[Array]:
    """Noises of six seconds, of level 1, to be mixed and shifted."""
    return [one_background(n, chance) for n in range(count)]


def one_background(n: int, chance: Chance) -> Array:
    """A new noise of six seconds; `n` chooses its kind."""
    noise = KINDS[n % len(KINDS)](6 * RATE, chance)
    return np.asarray(noise / (np.sqrt(np.mean(noise**2)) + 1e-9), np.float32)


def background(samples: int, others: Array | None, bank: list[Array], chance: Chance) -> Array:
    """One or two kinds of noise, of level 1; babble where `others` is given."""
    out = np.zeros(samples, np.float32)
    for _ in range(1 + int(chance.random() < 0.3)):
        if others is not None and chance.random() < 0.15:
            noise = babble(others, samples, chance)
        else:
            noise = bank[int(chance.integers(len(bank)))]
            noise = np.resize(np.roll(noise, chance.integers(len(noise))), samples)
        out += noise * np.float32(chance.uniform(0.4, 1) / np.sqrt(np.mean(noise**2) + 1e-9))
    return out / np.float32(np.sqrt(np.mean(out**2)) + 1e-9)


def babble(others: Array, samples: int, chance: Chance) -> Array:
    """Several voices at once, none of them close."""
    out = np.zeros(samples, np.float32)
    for _ in range(chance.integers(3, 7)):
        out += np.resize(np.roll(others, chance.integers(len(others))), samples) * chance.uniform(
            0.4, 1
        )
    return out


def coloured(samples: int, chance: Chance) -> Array:
    """White to brown noise with a random tone."""
    knots = np.array([0, 60, 300, 1000, 3000, 8000.0])
    slope = chance.uniform(-7, 1)
    gains = slope * np.log2(np.maximum(knots, 30) / 1000) + chance.normal(0, 3, len(knots))
    return filtered(chance.standard_normal(samples).astype(np.float32), knots, gains)


def hum(samples: int, chance: Chance) -> Array:
    """Mains or a fan: steady harmonics."""
    t = np.arange(samples) / RATE
    base = chance.choice([50.0, 60.0, 100.0, 120.0, chance.uniform(80, 400)])
    out = np.zeros(samples)
    for k in range(1, 12):
        out += chance.uniform(0, 1) / k * np.sin(2 * np.pi * (base * k * t + chance.random()))
    return out.astype(np.float32) + 0.05 * coloured(samples, chance)


def music(samples: int, chance: Chance) -> Array:
    """Chords and a melody of plucked and held tones, with a beat now and then."""
    out = np.zeros(samples + RATE)
    beat = chance.uniform(0.12, 0.5)
    root = chance.uniform(80, 350)
    for n in range(int(samples / RATE / beat) + 1):
        at = int(n * beat * RATE)
        for _ in range(chance.integers(1, 4)):
            length = int(chance.uniform(0.1, 1.0) * RATE)
            t = np.arange(length) / RATE
            pitch = root * 2 ** (chance.choice([0, 2, 4, 5, 7, 9, 11, 12, 16, 19]) / 12)
            wobble = chance.uniform(0, 0.004) * np.sin(2 * np.pi * 5.5 * t)
            shape = np.exp(-t * chance.uniform(0.5, 8)) * np.minimum(1, t / 0.01)
            phase = 2 * np.pi * pitch * t + wobble * pitch
            note = sum(chance.uniform(0, 1) / k * np.sin(k * phase) for k in range(1, 7))
            stop = min(len(out), at + length)
            out[at:stop] += (note * shape)[: stop - at]
        if chance.random() < 0.3:
            drum = chance.standard_normal(800) * np.exp(-np.arange(800) / 150)
            out[at : at + 800] += 1.5 * drum[: len(out) - at]
    return out[:samples].astype(np.float32)


def swelling(samples: int, chance: Chance) -> Array:
    """Traffic, wind: noise that comes and goes."""
    return coloured(samples, chance) * swell(samples, chance)


def grains(samples: int, chance: Chance) -> Array:
    """Crackle, rattle, gravel: a few kinds of short knocks, two to five hundred a second."""
    out = 0.02 * coloured(samples, chance)
    size = fft.next_fast_len(samples + RATE // 10, real=True)
    t = np.arange(RATE // 10) / RATE
    for _ in range(chance.integers(1, 4)):
        rate = 10 ** chance.uniform(0.3, 2.7)
        struck = chance.random(samples) < rate / RATE
        hits = np.where(struck, chance.exponential(size=samples), 0)
        ring = np.sin(2 * np.pi * 10 ** chance.uniform(2.3, 3.8) * t)
        knock = chance.standard_normal(len(t)) * chance.uniform(0, 1) + ring * chance.uniform(0, 1)
        knock *= np.exp(-t * 10 ** chance.uniform(1.5, 3.0))
        heard = fft.irfft(fft.rfft(hits, size) * fft.rfft(knock, size), size)[:samples]
        out += heard / (np.sqrt(np.mean(heard**2)) + 1e-6) * chance.uniform(0.3, 1)
    return out.astype(np.float32)


def texture(samples: int, chance: Chance) -> Array:
    """Bands of noise that flicker each on its own, slowly or as fast as speech."""
    out = 0.02 * coloured(samples, chance)
    for _ in range(chance.integers(2, 8)):
        middle = 10 ** chance.uniform(2.0, 3.85)
        knots = middle * np.array([0.0, 0.5, 0.8, 1.25, 2.0])
        noise = chance.standard_normal(samples).astype(np.float32)
        pulse = flicker(samples, 10 ** chance.uniform(-0.3, 1.6), chance)
        out += filtered(noise, knots, np.array([-60, -40, 0, 0, -40.0])) * pulse
    return out


def tones(samples: int, chance: Chance) -> Array:
    """Whistles, buzzers, machines: tones with overtones that wander and come and go."""
    out = 0.01 * coloured(samples, chance)
    for _ in range(chance.integers(1, 4)):
        count = samples // RATE * int(chance.integers(1, 8)) + 2
        walk = chance.uniform(0, 0.5) * np.cumsum(chance.standard_normal(count)) / np.sqrt(count)
        pitch = 10 ** chance.uniform(1.9, 3.6) * np.exp(np.clip(walk, -0.7, 0.7))
        steady = np.interp(np.linspace(0, count - 1, samples), np.arange(count), pitch)
        phase = 2 * np.pi * np.cumsum(steady) / RATE
        rich = chance.uniform(0.2, 2.5)
        note = sum(chance.uniform(0, 1) / k**rich * np.sin(k * phase) for k in range(1, 8))
        out += note * flicker(samples, 10 ** chance.uniform(-0.3, 1.3), chance)
    return out.astype(np.float32)


def breath(samples: int, chance: Chance) -> Array:
    """Breaths: soft noise round 1 to 4 kHz that swells and falls."""
    out = np.zeros(samples, np.float32)
    at = int(chance.uniform(0, 0.8) * RATE)
    while at < samples:
        n = int(chance.uniform(0.25, 0.9) * RATE)
        knots = np.array([0, 300, chance.uniform(700, 2000), 4000, 8000.0])
        puff = filtered(
            chance.standard_normal(n).astype(np.float32), knots, np.array([-40, -12, 0, -6, -20.0])
        )
        puff *= np.hanning(n).astype(np.float32)
        stop = min(samples, at + n)
        out[at:stop] += puff[: stop - at] * np.float32(chance.uniform(0.5, 2))
        at += n + int(chance.uniform(0.3, 1.5) * RATE)
    return out


def clicks(samples: int, chance: Chance) -> Array:
    """Keys, taps and pops."""
    out = np.zeros(samples + 400, np.float32)
    for _ in range(chance.integers(1, 12)):
        at = chance.integers(0, samples)
        n = chance.integers(20, 400)
        out[at : at + n] += chance.standard_normal(n) * np.exp(-np.arange(n) / (n / 5))
    return out[:samples]


def swell(samples: int, chance: Chance) -> Array:
    """A slowly changing level."""
    knots = chance.uniform(-20, 0, samples // 8000 + 2)
    curve = np.interp(np.arange(samples), np.arange(len(knots)) * 8000.0, knots)
    return (10 ** (curve / 20)).astype(np.float32)


def flicker(samples: int, rate: float, chance: Chance) -> Array:
    """A level that changes `rate` times a second, by up to 40 dB."""
    count = int(samples / RATE * rate) + 3
    levels = chance.uniform(-chance.uniform(3, 40), 0, count)
    curve = np.interp(np.arange(samples), np.arange(count) * RATE / rate, levels)
    return (10 ** (curve / 20)).astype(np.float32)


def filtered(sound: Array, hertz: NDArray[np.float64], gains: NDArray[np.float64]) -> Array:
    """Gains in decibels at some frequencies, zero phase."""
    size = fft.next_fast_len(len(sound), real=True)
    curve = 10 ** (np.interp(fft.rfftfreq(size, 1 / RATE), hertz, gains) / 20)
    spectrum = fft.rfft(sound, size) * curve.astype(np.float32)
    return fft.irfft(spectrum, size)[: len(sound)].astype(np.float32)


KINDS = (coloured, hum, music, swelling, grains, texture, tones, texture)
"""The noises that training knows."""
