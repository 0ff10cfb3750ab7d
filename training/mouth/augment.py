"""Spoils clean speech the way rooms, microphones and codecs do, without moving it in time."""

import numpy as np
from scipy import fft

from training.mouth.noises import RATE, Array, Chance, background, breath, clicks, filtered, swell


def spoil(speech: Array, others: Array, bank: list[Array], chance: Chance) -> Array:
    """Room, tone, band, noise and level at random. `others` is someone else's speech."""
    sound = speech
    if chance.random() < 0.35:
        sound = room(sound, chance)
    if chance.random() < 0.6:
        sound = tone(sound, chance)
    level = rms_of_speech(sound)
    if chance.random() < 0.75:
        noise = background(len(sound), others, bank, chance)
        snr = chance.uniform(3, 40) if chance.random() < 0.8 else chance.uniform(-2, 6)
        sound = sound + noise * np.float32(level * 10 ** (-snr / 20))
    if chance.random() < 0.2:
        sound = band(sound, chance)
    if chance.random() < 0.1:
        sound = companded(sound)
    if chance.random() < 0.1:
        sound = sound + clicks(len(sound), chance) * np.float32(level * chance.uniform(1, 8))
    return at_level(sound, level, chance)


def only_noise(samples: int, bank: list[Array], chance: Chance) -> Array:
    """Sound in which nobody speaks: rooms, hums, music, breath, clicks, or nothing at all."""
    kind = chance.random()
    if kind < 0.1:
        return np.zeros(samples, np.float32)
    sound = background(samples, None, bank, chance)
    if kind < 0.35:
        sound = sound * 0.2 + breath(samples, chance)
    elif kind < 0.5:
        sound = sound * 0.1 + clicks(samples, chance) * 4
    elif kind < 0.6:
        sound = sound * swell(samples, chance)
    return (sound * 10 ** (chance.uniform(-75, -18) / 20)).astype(np.float32)


def rms_of_speech(sound: Array) -> float:
    """Level of the louder half of the 20 ms blocks."""
    blocks = sound[: len(sound) // 320 * 320].reshape(-1, 320)
    power = np.sort(np.mean(blocks.astype(np.float64) ** 2, axis=1))
    return float(np.sqrt(np.mean(power[len(power) // 2 :]) + 1e-12))


def at_level(sound: Array, level: float, chance: Chance) -> Array:
    """Speech at -42 to -12 dBFS, sometimes clipped."""
    gain = 10 ** (chance.uniform(-42, -12) / 20) / level
    loud = sound * np.float32(gain)
    limit = 0.999 if chance.random() > 0.05 else 0.25
    return np.asarray(np.clip(loud, -limit, limit), np.float32)


def room(sound: Array, chance: Chance) -> Array:
    """Direct sound, early reflections and a decaying tail of .1 to .7 s."""
    seconds = chance.uniform(0.1, 0.7)
    n = int(seconds * RATE)
    tail = chance.standard_normal(n) * 10 ** (-3 * np.arange(n) / n)
    tail[: int(0.002 * RATE)] = 0
    tail *= 10 ** (chance.uniform(-20, -4) / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    size = fft.next_fast_len(len(sound) + n, real=True)
    heard = fft.rfft(sound, size) * fft.rfft(tail.astype(np.float32), size)
    return fft.irfft(heard, size)[: len(sound)].astype(np.float32)


def tone(sound: Array, chance: Chance) -> Array:
    """A random smooth equaliser: tilt and a few broad bumps, zero phase."""
    knots = np.array([0, 150, 400, 1000, 2500, 5000, 8000.0])
    gains = np.cumsum(chance.normal(0, 2.5, len(knots)))
    gains -= gains.mean()
    return filtered(sound, knots, gains)


def band(sound: Array, chance: Chance) -> Array:
    """Telephone, cheap microphone, or muffled."""
    low = chance.uniform(80, 350)
    high = chance.uniform(2800, 6500)
    knots = np.array([0, low * 0.6, low, high, high * 1.15, 8000.0])
    return filtered(sound, knots, np.array([-50, -30, 0, 0, -40, -60.0]))


def companded(sound: Array) -> Array:
    """Eight bits of mu-law, as on a telephone (ITU-T G.711's curve)."""
    peak = float(np.abs(sound).max()) + 1e-9
    x = sound / peak
    y = np.sign(x) * np.log1p(255 * np.abs(x)) / np.log(256)
    y = np.round(y * 127) / 127
    return np.asarray(peak * np.sign(y) * np.expm1(np.abs(y) * np.log(256)) / 255, np.float32)
