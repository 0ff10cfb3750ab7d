"""Engines with scripted behaviour, loaded by a line of config like any other."""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from deployments.cloning.engine import Cloned
from deployments.lipsync.engine import LipsyncCall
from deployments.lipsync.mouth import MouthReader
from deployments.lipsync.repair import Repairer
from deployments.lipsync.warp import GAIN, Warp, WarpPortrait
from deployments.speech.engine import Voice
from deployments.speech.hibari import Hibari
from media.errors import AvatarError
from media.face import Picture, Portrait
from media.patch import Frame, Patch
from media.sound import Samples, Sound, Speech, Word
from media.timegrid import HEARING_RATE, SOUND_RATE, TimeGrid


class WatchedWarp(Warp):
    """The embedded lip sync, which notes what it is asked in a file and may be slow."""

    def __init__(self, reader: MouthReader, repairer: Repairer, notes: str, delay: float) -> None:
        super().__init__(reader, repairer, GAIN)
        self._notes = Path(notes)
        self._delay = delay

    @classmethod
    def load(  # type: ignore[override]  # an engine's options are its own
        cls, files: Mapping[str, Path], *, threads: int, notes: str, delay: float = 0.0
    ) -> Self:
        repairer = Repairer.load(threads=threads)
        return cls(MouthReader.load(None, threads=threads), repairer, notes, delay)

    def prepare(self, portrait: Portrait) -> WarpPortrait:
        self._note("prepare")
        return super().prepare(portrait)

    def frames(self, calls: Sequence[tuple[WarpPortrait, LipsyncCall]]) -> list[list[Frame]]:
        self._note(f"batch {len(calls)}")
        time.sleep(self._delay)
        return super().frames(calls)

    def _note(self, words: str) -> None:
        with self._notes.open("a") as file:
            file.write(f"{os.getpid()} {words}\n")


class WatchedHibari:
    """The embedded voice, which notes each piece that it speaks in a file."""

    weights = Hibari.weights

    def __init__(self, hibari: Hibari, notes: str) -> None:
        self._hibari = hibari
        self._notes = Path(notes)
        self.check = hibari.check
        self.voices = hibari.voices

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, notes: str) -> Self:
        return cls(Hibari.load(files, threads=threads), notes)

    def speak(self, text: str, voice: str, speed: float = 1.0, first: int = 0) -> Iterator[Speech]:
        for piece in self._hibari.speak(text, voice, speed, first):
            with self._notes.open("a") as file:
                file.write("piece\n")
            yield piece


class Flasher:
    """Lip sync that shows what it was asked: each frame's number, and a flash where a click is.

    The upper 16 rows of a picture of 128 columns: 16 squares for the bits of the number, the
    highest first, and below them a bar that is white in the frame that a click is heard in.
    """

    weights = ()
    SQUARE = 8
    CLICK = 0.4

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int) -> Self:
        return cls()

    def prepare(self, portrait: Portrait) -> None:
        assert portrait.rgb.shape[1] == 16 * self.SQUARE

    def frames(self, calls: Sequence[tuple[None, LipsyncCall]]) -> list[list[Frame]]:
        return [[self._frame(call, n) for n in range(call.start, call.stop)] for _, call in calls]

    def _frame(self, call: LipsyncCall, n: int) -> Frame:
        grid = TimeGrid(call.fps)
        shown = call.sound.window(grid.sample(n, HEARING_RATE), grid.sample(n + 1, HEARING_RATE))
        planes = np.full((3 * self.SQUARE, 16 * self.SQUARE), 128, np.uint8)
        bits = np.array([n >> bit & 1 for bit in range(15, -1, -1)], np.uint8)
        planes[: self.SQUARE] = np.repeat(30 + 190 * bits, self.SQUARE)
        planes[self.SQUARE : 2 * self.SQUARE] = 220 if shown.samples.max() > self.CLICK else 30
        return Frame((Patch(0, 0, planes),))


class Clicker:
    """Speech that is a hum with clicks; its pieces have lengths that are no whole frames."""

    weights = ()
    voices = (Voice("click", "Click", ("en",), "none", "Apache-2.0", 0.0),)
    SECONDS = (0.777, 1.3331, 2.0007, 0.5, 3.1234, 1.9)

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int) -> Self:
        return cls()

    def speak(self, text: str, voice: str, speed: float = 1.0, first: int = 0) -> Iterator[Speech]:
        for seconds in self.SECONDS[first:]:
            samples = clicking(seconds, (seconds / 2,), SOUND_RATE)
            yield Speech(samples, SOUND_RATE, (Word("click", seconds / 2, seconds / 2 + 0.01),))


def clicking(seconds: float, clicks: Sequence[float], rate: int) -> Samples:
    """A soft hum with a click of 2 ms around each of the times."""
    times = np.arange(round(seconds * rate)) / rate
    samples = 0.05 * np.sin(2 * np.pi * 220 * times)
    for click in clicks:
        first, last = np.searchsorted(times, (click - 0.001, click + 0.001))
        samples[first:last] += 0.7 * np.cos(np.pi * 500 * (times[first:last] - click)) ** 2
    return samples.astype(np.float32)


class Toner:
    """Speaks each word as a tone; a voice that it takes up has the pitch that it was made with."""

    weights = ()

    def __init__(self, voices: Sequence[Voice], pitch: float, notes: str) -> None:
        self.voices = voices
        self._pitch = pitch
        self._notes = notes

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, notes: str) -> Self:
        stock = Voice("tone", "Tone", ("en-US",), "none", "Apache-2.0", 0.0, "toner")
        return cls((stock,), 200.0, notes)

    def with_voice(self, voice: Voice, data: bytes) -> "Toner":
        with Path(self._notes).open("a") as file:
            file.write(f"adopted {voice.id}\n")
        return Toner((voice,), json.loads(data)["pitch"], self._notes)

    def check(self, text: str, voice: str) -> int:
        assert voice == self.voices[0].id
        return 1

    def speak(self, text: str, voice: str, speed: float = 1.0, first: int = 0) -> Iterator[Speech]:
        if first:
            return
        seconds = 0.4 * len(text.split()) / speed
        times = np.arange(round(seconds * SOUND_RATE)) / SOUND_RATE
        samples = (0.3 * np.sin(2 * np.pi * self._pitch * times)).astype(np.float32)
        words = [Word(word, 0.4 * n, 0.4 * n + 0.4) for n, word in enumerate(text.split())]
        yield Speech(samples, SOUND_RATE, tuple(words))


class PitchCloner:
    """Makes voices that have a sample's pitch; refuses samples at 1 kHz."""

    weights = ()
    STEPS = 20

    def __init__(self, delay: float, notes: str) -> None:
        self._delay = delay
        self._notes = notes

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, delay: float, notes: str) -> Self:
        return cls(delay, notes)

    def check(self, sample: Sound, language: str) -> None:
        if abs(_pitch(sample) - 1000) < 5:
            raise AvatarError("unusable_sample", "This is a test tone.", param="sample")

    def clone(self, sample: Sound, language: str, seed: int = 0) -> Iterator[float | Cloned]:
        with Path(self._notes).open("a") as file:
            file.write(f"{os.getpid()}\n")
        for n in range(self.STEPS):
            yield n / self.STEPS
            time.sleep(self._delay / self.STEPS)
        data = json.dumps({"pitch": _pitch(sample)}).encode()
        yield Cloned(data, "toner", (language,), 0.0, 0.9, False, "Apache-2.0")


def _pitch(sound: Sound) -> float:
    """Hertz of the strongest tone."""
    spectrum = np.abs(np.fft.rfft(sound.samples))
    return float(np.argmax(spectrum) * sound.rate / len(sound.samples))


class Awaited:
    """An engine whose one file may come later; notes how often it has inferred."""

    weights = ("first", "second")

    def __init__(self, file: Path) -> None:
        self.file = file
        self.inferred = 0

    @classmethod
    def weights_for(cls, options: Mapping[str, object]) -> tuple[str, ...]:
        return ()

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, file: str) -> Self:
        if not Path(file).is_file():
            raise AvatarError("weights_missing", f"{Path(file).name} is missing: put it there.")
        return cls(Path(file))

    def warm_up(self) -> None:
        self.inferred += 1

    def peak_mb(self) -> int:
        return 1234


class RedCorner:
    """A check of pictures whose score is how red the first pixel is; it looks at two alone."""

    weights = ()

    def __init__(self) -> None:
        self.looks = 0
        self.warmed = 0

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int) -> Self:
        return cls()

    def warm_up(self) -> None:
        self.warmed += 1

    def prepare(self, picture: Picture) -> NDArray[np.float32]:
        return picture[0, :2].astype(np.float32)

    def score(self, prepared: NDArray[np.float32]) -> float:
        self.looks += 1
        return float(prepared[0, 0] / 255)
