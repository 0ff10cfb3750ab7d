"""What the encode engines cost: `python -m bench.encode`. The ffmpeg one needs its extra.

A gallery face speaks at 512 x 512, 25 fps; its patches are made beforehand. Each engine encodes the
same segments in turn: a first one of half a second, and one of ten seconds. Wall and CPU time a
frame, children's included, are medians over the rounds; PSNR is of the painted frames.
"""

import argparse
import asyncio
import io
import json
import os
import platform
import resource
import statistics
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from obstore.store import MemoryStore

from bench.material import avatar_picture, text_of
from deployments.encode.canvas import Painter, make_canvas
from deployments.encode.engine import SegmentTask
from deployments.encode.feed import calls
from deployments.encode.ffmpeg import FFmpeg
from deployments.encode.pyav import PyAV
from deployments.in_a_row import InARow
from media.face import Portrait
from media.framing import frame_portrait
from media.patch import Frame
from media.sound import Sound
from media.timegrid import SOUND_RATE
from serve.commands.private import LOCAL_CONFIG
from serve.jobs import faces
from serve.settings import Settings
from serve.storage.artifacts import Artifacts

RESULTS: Final = Path(__file__).parent / "results" / "encode.json"
FPS: Final = Fraction(25)
SEGMENTS: Final = {"first, 0.5 s": 12, "later, 10 s": 250}


async def material(size: tuple[int, int] = (512, 512)) -> tuple[Portrait, Sound, list[Frame]]:
    """The canvas, ten seconds of speech, and the patches of its frames."""
    stages = InARow.from_config(LOCAL_CONFIG, Settings(), Artifacts(MemoryStore()))
    found = await faces.portrait_of(stages, avatar_picture(), None, param="avatar")
    canvas = frame_portrait(found.rgb, found.face, size, max(size))
    spoken = [piece.samples async for piece in stages.speak(text_of(14), "heart", 1.0)]
    sound = Sound(np.concatenate(spoken)[: 11 * SOUND_RATE], SOUND_RATE)
    lipsync = stages.engine("Lipsync")
    prepared = lipsync.prepare(canvas)
    task = SegmentTask("", FPS, 0, max(SEGMENTS.values()), False, sound, life=True)
    return canvas, sound, [f for call in calls(task) for f in lipsync.frames([(prepared, call)])[0]]


def _cpu() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        for usage in (resource.getrusage(who),)
    )


def _psnr(data: bytes, portrait: Portrait, frames: list[Frame]) -> float:
    painter = Painter(make_canvas(portrait))
    with av.open(io.BytesIO(data)) as file:
        shown = (picture.to_ndarray().astype(float) for picture in file.decode(video=0))
        errors = [
            float(np.mean((painter.paint(frame) - picture) ** 2))
            for frame, picture in zip(frames, shown, strict=True)
        ]
    return 10 * float(np.log10(255**2 / np.mean(errors)))


def measure(rounds: int) -> dict[str, Any]:
    """By engine and segment: ms of wall and CPU a frame, kbit a second, PSNR."""
    portrait, sound, frames = asyncio.run(material())
    engines = {"pyav": PyAV.load({}, threads=1), "ffmpeg": FFmpeg.load({}, threads=1)}
    canvas = engines["pyav"].prepare(portrait)
    spent: dict[tuple[str, str], list[tuple[float, float]]] = {}
    rows: dict[str, Any] = {name: {"encoder": e.about()} for name, e in engines.items()}
    for n in range(rounds + 1):
        for segment, count in SEGMENTS.items():
            for name, engine in engines.items():
                task = SegmentTask("", FPS, 0, count, False, sound)
                wall, cpu = time.perf_counter(), _cpu()
                data = engine.encode(canvas, task, _again(frames[:count]))
                took = 1e3 * (time.perf_counter() - wall) / count, 1e3 * (_cpu() - cpu) / count
                if n:  # the first round warms
                    spent.setdefault((name, segment), []).append(took)
                    continue
                rows[name][segment] = {
                    "kbit_a_second": round(len(data) * 8 * 25 / count / 1e3),
                    "psnr_db": round(_psnr(data, portrait, frames[:count]), 2),
                }
    for (name, segment), took in spent.items():
        for kind, column in zip(("wall", "cpu"), zip(*took, strict=True), strict=True):
            rows[name][segment][f"{kind}_ms_a_frame"] = round(statistics.median(column), 3)
    return rows


def _again(frames: list[Frame]) -> Iterator[Frame]:
    yield from frames


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="measured rounds")
    arguments = parser.parse_args()
    rows = measure(arguments.rounds)
    print("| engine | segment | wall ms a frame | CPU ms a frame | kbit/s | PSNR dB |")
    print("|---|---|---|---|---|---|")
    for name, row in rows.items():
        for segment in SEGMENTS:
            of = row[segment]
            print(
                f"| {name} | {segment} | {of['wall_ms_a_frame']} | {of['cpu_ms_a_frame']} "
                f"| {of['kbit_a_second']} | {of['psnr_db']} |"
            )
    told = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, shared",
        "python": platform.python_version(),
        "arguments": vars(arguments),
        "engines": rows,
    }
    RESULTS.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
