"""Spoils clean speech the way rooms, microphones and codecs do, without moving it in time."""

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
    makers = (coloured, hum, music, swelling, music)
    noise = makers[n % len(makers)](6 * RATE, chance)
    return noise / np.float32(np.sqrt(np.mean(noise**2)) + 1e-9)


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
    return np.clip(loud, -limit, limit).astype(np.float32)


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
    return _filtered(sound, knots, gains)


def band(sound: Array, chance: Chance) -> Array:
    """Telephone, cheap microphone, or muffled."""
    low = chance.uniform(80, 350)
    high = chance.uniform(2800, 6500)
    knots = np.array([0, low * 0.6, low, high, high * 1.15, 8000.0])
    return _filtered(sound, knots, np.array([-50, -30, 0, 0, -40, -60.0]))


def companded(sound: Array) -> Array:
    """Eight bits of mu-law, as on a telephone (ITU-T G.711's curve)."""
    peak = float(np.abs(sound).max()) + 1e-9
    x = sound / peak
    y = np.sign(x) * np.log1p(255 * np.abs(x)) / np.log(256)
    y = np.round(y * 127) / 127
    return (peak * np.sign(y) * np.expm1(np.abs(y) * np.log(256)) / 255).astype(np.float32)


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


def coloured(samples: int, chance: Chance) -> Array:
    """White to brown noise with a random tone."""
    knots = np.array([0, 60, 300, 1000, 3000, 8000.0])
    slope = chance.uniform(-7, 1)
    gains = slope * np.log2(np.maximum(knots, 30) / 1000) + chance.normal(0, 3, len(knots))
    return _filtered(chance.standard_normal(samples).astype(np.float32), knots, gains)


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


def babble(others: Array, samples: int, chance: Chance) -> Array:
    """Several voices at once, none of them close."""
    out = np.zeros(samples, np.float32)
    for _ in range(chance.integers(3, 7)):
        out += np.resize(np.roll(others, chance.integers(len(others))), samples) * chance.uniform(
            0.4, 1
        )
    return out


def breath(samples: int, chance: Chance) -> Array:
    """Breaths: soft noise round 1 to 4 kHz that swells and falls."""
    out = np.zeros(samples, np.float32)
    at = int(chance.uniform(0, 0.8) * RATE)
    while at < samples:
        n = int(chance.uniform(0.25, 0.9) * RATE)
        knots = np.array([0, 300, chance.uniform(700, 2000), 4000, 8000.0])
        puff = _filtered(
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


def swelling(samples: int, chance: Chance) -> Array:
    """Traffic, wind: noise that comes and goes."""
    return coloured(samples, chance) * swell(samples, chance)


def swell(samples: int, chance: Chance) -> Array:
    """A slowly changing level."""
    knots = chance.uniform(-20, 0, samples // 8000 + 2)
    curve = np.interp(np.arange(samples), np.arange(len(knots)) * 8000.0, knots)
    return (10 ** (curve / 20)).astype(np.float32)


def _filtered(sound: Array, hertz: NDArray[np.float64], gains: NDArray[np.float64]) -> Array:
    size = fft.next_fast_len(len(sound), real=True)
    curve = 10 ** (np.interp(fft.rfftfreq(size, 1 / RATE), hertz, gains) / 20)
    spectrum = fft.rfft(sound, size) * curve.astype(np.float32)
    return fft.irfft(spectrum, size)[: len(sound)].astype(np.float32)
