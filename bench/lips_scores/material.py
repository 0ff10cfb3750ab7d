"""The fixed set: who speaks, and what. All of it comes from packages and the project's weights."""

import asyncio
import io
import wave
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import skimage.data

import gallery
from bench.lips_scores.clip import Track
from bench.lips_scores.views import sized_pictures, turned_pictures
from deployments.in_a_row import InARow
from media.face import Picture, Portrait
from media.framing import frame_portrait
from media.recording import decode_recording
from media.resample import resample
from media.sound import Phone, Samples, Sound
from media.timegrid import HEARING_RATE, SOUND_RATE
from serve.jobs.faces import portrait_of
from training.mouth.voices import RATE as VOICE_RATE
from training.mouth.voices import heard

SIZE: Final = (512, 512)
REST: Final = 0.8
"""Seconds of silence before and after what is said."""
SENTENCES: Final = (
    "My father bought five blue boats, and these people loved them all.",
    "Please move the big apple pie off the table before you leave.",
    "Bob saw a few women who had come to watch the evening film.",
    "Maybe the farmer will show you how warm the water can be.",
)
"""Each holds m, b, p, f, v, open and round vowels, "ee" and "l" or "th"."""
PROMPTS: Final = (
    ("bearded man", "an old man with a grey beard and glasses"),
    ("smiling woman", "a young woman with dark hair, smiling with open mouth"),
)
PROMPT_SEED: Final = 5
SPEAKERS: Final = ("amara", "walter")
"""The gallery's faces that speak in every voice."""
_LONGEST_RECORDING: Final = 30.0


def gallery_portraits(stages: InARow, count: int | None = None) -> Mapping[str, Portrait]:
    """The gallery's faces, or the first so many."""
    chosen = gallery.avatars()[:count]
    return {avatar.id: portrait(stages, gallery.picture(avatar.id)) for avatar in chosen}


def painted_portraits(stages: InARow) -> Mapping[str, Portrait]:
    """Faces from prompts."""
    engine = stages.engine("Portrait")
    return {name: portrait(stages, engine.paint(text, PROMPT_SEED).rgb) for name, text in PROMPTS}


def photographed_portraits(stages: InARow) -> Mapping[str, Portrait]:
    """A real smile with teeth (NASA, public domain; 92 px wide), as it is, close, and tilted."""
    data = skimage.data.astronaut()  # type: ignore[no-untyped-call]  # ships no types
    picture = np.asarray(data, np.uint8)
    turn = cv2.getRotationMatrix2D((225.0, 125.0), 15.0, 1.0)
    tilted = cv2.warpAffine(picture, turn, (512, 512), borderMode=cv2.BORDER_REFLECT)
    return {
        "astronaut": portrait(stages, picture),
        "astronaut, close": portrait(stages, picture[10:240, 110:340]),
        "astronaut, tilted": portrait(stages, np.asarray(tilted, np.uint8)),
    }


def viewed_portraits(stages: InARow) -> Mapping[str, Portrait]:
    """Heads turned to the side, a very small and a very large face."""
    pictures = {**turned_pictures(), **sized_pictures()}
    return {name: portrait(stages, picture) for name, picture in pictures.items()}


def portrait(stages: InARow, picture: Picture) -> Portrait:
    """A picture's face, framed as a video of SIZE frames it."""
    found = asyncio.run(portrait_of(stages, picture, None, param="avatar"))
    return frame_portrait(found.rgb, found.face, SIZE, max(SIZE))


def spoken(stages: InARow, name: str, text: str, *, speed: float = 1.0) -> Track:
    """A sentence in the embedded voice, rest before and after it."""
    sounds, phones = [np.zeros(int(REST * SOUND_RATE), np.float32)], []
    for piece in stages.engine("Speech").speak(text, "heart", speed):
        start = sum(map(len, sounds)) / SOUND_RATE
        # The network gives pauses to the phones beside them; the mouth rests there.
        for phone in heard(resample(piece.samples, SOUND_RATE, VOICE_RATE), piece.phones):
            phones.append(Phone(phone.symbol, phone.start + start, phone.end + start))
        sounds.append(piece.samples)
    sounds.append(np.zeros(int(REST * SOUND_RATE), np.float32))
    (voice,) = (v for v in stages.engine("Speech").voices if v.id == "heart")
    samples = np.concatenate(sounds) * np.float32(10 ** (voice.gain_db / 20))
    return Track(name, Sound(samples, SOUND_RATE), tuple(phones))


def voices(stages: InARow, text: str) -> list[Track]:
    """One sentence in five voices and two poor recordings; all but the first are decoded files.

    A voice is lower or higher by being read at another rate, its tempo kept by the speed at which
    it is spoken.
    """
    plain = spoken(stages, "heart", text)
    return [
        plain,
        *(
            recorded(name, spoken(stages, name, text, speed=tempo / pitch), pitch)
            for name, pitch, tempo in (
                ("deep", 0.8, 1.0),
                ("high", 1.25, 1.0),
                ("slow", 1.0, 0.75),
                ("quick", 1.1, 1.3),
            )
        ),
        recorded("hiss at 15 dB", with_hiss(plain, 15.0), 1.0),
        recorded("telephone", plain, 1.0, rate=8000),
    ]


def with_hiss(track: Track, decibels: float) -> Track:
    """White noise below the speech by so much, in the pauses as well."""
    samples = track.sound.samples
    loud = samples[np.abs(samples) > 0.01 * np.abs(samples).max()]
    size = float(np.sqrt(np.mean(loud**2))) * 10 ** (-decibels / 20)
    noise = np.random.default_rng(8).standard_normal(len(samples)).astype(np.float32) * size
    return replace(track, sound=Sound((samples + noise).astype(np.float32), SOUND_RATE))


def recorded(name: str, track: Track, pitch: float, *, rate: int = SOUND_RATE) -> Track:
    """A track through a WAV file of `rate` and the decoder of uploads, raised in pitch."""
    samples = resample(track.sound.samples, SOUND_RATE, rate)
    sound = decode_recording(
        wav(samples, round(rate * pitch)), max_seconds=_LONGEST_RECORDING, param="recordings"
    )
    phones = tuple(Phone(p.symbol, p.start / pitch, p.end / pitch) for p in track.phones)
    return Track(name, sound, phones)


def wav(samples: Samples, rate: int) -> bytes:
    """A 16-bit mono WAV file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return out.getvalue()


def recordings(folder: Path) -> list[Track]:
    """All recordings of a folder, by name, rest before and after each.

    `.npz` files as training.mouth.data writes them bring their phones' times; any other file is
    decoded as an upload and is scored against its level alone.
    """
    tracks = []
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        if path.suffix == ".npz":
            tracks.append(_timed(path))
        else:
            sound = decode_recording(path, max_seconds=_LONGEST_RECORDING, param="recordings")
            tracks.append(_rested(Track(path.stem, sound)))
    return tracks


def _timed(path: Path) -> Track:
    with np.load(path) as kept:
        samples = kept["sound"].astype(np.float32) / 32768
        spans = zip(kept["symbols"].tolist(), kept["times"].tolist(), strict=True)
        phones = tuple(Phone(symbol, start, end) for symbol, (start, end) in spans)
    sound = Sound(resample(samples, HEARING_RATE, SOUND_RATE), SOUND_RATE)
    return _rested(Track(path.stem, sound, phones))


def _rested(track: Track) -> Track:
    quiet = np.zeros(int(REST * SOUND_RATE), np.float32)
    phones = tuple(Phone(p.symbol, p.start + REST, p.end + REST) for p in track.phones)
    return Track(
        track.name,
        Sound(np.concatenate([quiet, track.sound.samples, quiet]), SOUND_RATE),
        phones,
    )
