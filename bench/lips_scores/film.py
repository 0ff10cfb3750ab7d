"""Makes clips: a lip sync engine's patches painted on the canvas, as encode paints them.

Frames are taken before H.264, so that the scores speak of the lip sync alone.
"""

import inspect
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np

from bench.lips_scores.clip import Clip, Curve, Track
from deployments.encode.canvas import Painter, make_canvas
from deployments.encode.engine import SegmentTask
from deployments.encode.feed import calls
from deployments.lipsync.mouth import MouthReader
from deployments.loading import EngineConfig, engine_class
from media.colour import to_rgb
from media.face import Picture, Portrait
from media.patch import Frame, Patch
from media.resample import hearing
from media.timegrid import TimeGrid

FPS: Final = Fraction(25)
SEED: Final = 3


def film(engine: Any, portrait: Portrait, track: Track, asked: Curve, name: str) -> Clip:
    """The clip of a portrait that speaks a track, life off.

    Args:
        engine: A LipsyncEngine.
        portrait: Who speaks, framed as the video shall be.
        track: What is heard.
        asked: Openings that lead the engine at the track's frames, see `asked_openings`.
        name: What the clip is called in tables.
    """
    painter = Painter(make_canvas(portrait))
    still = to_rgb(painter.paint(Frame()))
    pictures: list[Picture] = []
    patches: list[Patch] = []
    for frame in frames_of(engine, engine.prepare(portrait), track):
        pictures.append(to_rgb(painter.paint(frame)))
        patches += frame.patches
    left, top = min(p.x for p in patches), min(p.y for p in patches)
    right, bottom = max(p.x + p.width for p in patches), max(p.y + p.height for p in patches)
    box = (left, top, right - left, bottom - top)
    return Clip(name, portrait, still, tuple(pictures), box, FPS, track, asked)


def frames_of(engine: Any, prepared: Any, track: Track, *, life: bool = False) -> Iterator[Frame]:
    """The engine's frames of a whole track, asked for by calls as encode asks."""
    count = TimeGrid(FPS).frames_of(len(track.sound.samples))
    for call in calls(SegmentTask("", FPS, 0, count, True, track.sound, SEED, life)):
        yield from engine.frames([(prepared, call)])[0]


def asked_openings(config: EngineConfig, track: Track) -> Curve:
    """Opening at each frame that the embedded network hears, times the engine's `gain`."""
    count = TimeGrid(FPS).frames_of(len(track.sound.samples))
    seconds = np.arange(count) / float(FPS)
    default = inspect.signature(engine_class(config).load).parameters.get("gain")
    gain = float(config.options.get("gain", default.default if default else 1.0))
    return np.asarray(MouthReader.load().curves(hearing(track.sound), seconds).opening * gain)


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of processor time; with one thread they are milliseconds of a quiet core."""

    prepare_ms: float
    frame_ms: float
    frame_ms_life: float


def cost(engine: Any, portrait: Portrait, track: Track) -> Cost:
    """What preparing a portrait costs, and a frame of it with life off and on, warm."""
    began = time.process_time()
    prepared = engine.prepare(portrait)
    prepare_ms = 1e3 * (time.process_time() - began)
    list(frames_of(engine, prepared, track))
    spent = []
    for life in (False, True):
        began = time.process_time()
        count = sum(1 for _ in frames_of(engine, prepared, track, life=life))
        spent.append(1e3 * (time.process_time() - began) / count)
    return Cost(prepare_ms, *spent)
