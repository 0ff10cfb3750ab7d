"""What marking costs: `python -m bench.credentials`.

A gallery face speaks for ten seconds at 512 x 512, 25 fps; half an hour of it is the same packets
over and over. Both files, a picture and a voice's sample are signed, each in a process of its own
that signs nothing else: wall and CPU time are medians over the rounds, memory is what the process's
peak grew by. The visible label's cost a frame is told, too. Figures go to
bench/results/credentials.json.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from bench.encode import FPS, SEGMENTS, material
from deployments.encode.canvas import Painter, make_canvas
from deployments.encode.engine import SegmentTask
from deployments.encode.pyav import PyAV
from media.credentials import Claim, Maker
from media.face import Portrait
from media.marks import SourceType
from media.mux import assemble
from media.patch import Frame
from media.picture import encode_webp
from media.sound import Sound
from media.sound_encoding import RATE, encode_whole
from serve.marking.signer import open_credentials
from serve.settings import Settings

RESULTS: Final = Path(__file__).parent / "results" / "credentials.json"
TYPES: Final = {".mp4": "video/mp4", ".webp": "image/webp", ".mp3": "audio/mpeg"}
CLAIM: Final = Claim(
    SourceType.MADE,
    [Maker(stage, "Engine", ("weights",)) for stage in ("portrait", "speech", "lipsync", "encode")],
)
HALF_AN_HOUR: Final = 180
"""Times that ten seconds are repeated."""


def files(folder: Path, portrait: Portrait, sound: Sound, frames: list[Frame]) -> dict[str, Path]:
    """What is signed, by what it is called."""
    engine = PyAV.load({}, threads=1)
    count = max(SEGMENTS.values())
    task = SegmentTask("", FPS, 0, count, True, sound)
    fragments = folder / "fragments.mp4"
    fragments.write_bytes(engine.encode(engine.prepare(portrait), task, iter(frames[:count])))
    made = {
        "video, 10 s": folder / "short.mp4",
        "video, 30 min": folder / "long.mp4",
        "picture, 512 x 512": folder / "picture.webp",
        "sample, 3 s": folder / "sample.mp3",
    }
    assemble(fragments, made["video, 10 s"])
    repeat(made["video, 10 s"], made["video, 30 min"], HALF_AN_HOUR)
    made["picture, 512 x 512"].write_bytes(encode_webp(portrait.rgb, source=SourceType.MADE))
    tone = 0.2 * np.sin(np.arange(3 * RATE) / 20)
    made["sample, 3 s"].write_bytes(encode_whole("mp3", tone.astype(np.float32)))
    return made


def repeat(source: Path, target: Path, times: int) -> None:
    """The packets of a file over and over, as a faststart MP4; each track goes on at its end."""
    with (
        av.open(source) as file,
        av.open(target, "w", format="mp4", options={"movflags": "+faststart"}) as out,
    ):
        pairs = {s.index: out.add_stream_from_template(s, opaque=True) for s in file.streams}
        packets = [p for p in file.demux() if p.dts is not None and p.pts is not None]
        # Muxing changes a packet's times.
        kept = [(p, p.time_base, p.dts, p.pts, p.duration, p.stream_index) for p in packets]
        length = {n: sum(k[4] or 0 for k in kept if k[5] == n) for n in pairs}
        for n in range(times):
            for packet, base, dts, pts, duration, index in kept:
                shift = n * length[index]
                packet.time_base, packet.duration = base, duration
                packet.dts, packet.pts, packet.stream = dts + shift, pts + shift, pairs[index]
                out.mux(packet)


def sign(path: Path, rounds: int) -> dict[str, float]:
    """Sign a file again and again; medians in ms, and by how many MB the peak of memory grew."""
    kind = TYPES[path.suffix]
    target = path.with_name(f"signed{path.suffix}")
    settings = Settings(data_dir=path.parent)
    work: Callable[[], object] = lambda: open_credentials(settings).sign_file(  # noqa: E731
        path, target, kind, CLAIM
    )
    if kind != "video/mp4":  # what is small is signed in memory
        data = path.read_bytes()
        work = lambda: open_credentials(settings).sign(data, kind, CLAIM)  # noqa: E731
    work()  # opens the library
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark falls to what is used now
    before = _status("VmRSS")
    wall, cpu = [], []
    for _ in range(rounds):
        began, used = time.perf_counter(), time.process_time()
        work()
        wall.append(1e3 * (time.perf_counter() - began))
        cpu.append(1e3 * (time.process_time() - used))
    peak = _status("VmHWM")
    return {
        "bytes": path.stat().st_size,
        "wall_ms": round(statistics.median(wall), 2),
        "cpu_ms": round(statistics.median(cpu), 2),
        "peak_mb": round(peak),
        "grew_mb": round(peak - before, 1),
    }


def _status(name: str) -> float:
    """MB of memory, as the kernel counts it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024


def label(portrait: Portrait, frames: list[Frame]) -> float:
    """Milliseconds that the visible label adds to a frame."""
    canvas = make_canvas(portrait)
    took = {}
    for labelled in (False, True, False, True):
        painter = Painter(canvas, labelled=labelled)
        began = time.perf_counter()
        for frame in frames:
            painter.paint(frame)
        took[labelled] = 1e3 * (time.perf_counter() - began) / len(frames)
    return round(took[True] - took[False], 3)


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--sign", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.sign:
        print(json.dumps(sign(arguments.sign, arguments.rounds)))
        return
    portrait, sound, frames = asyncio.run(material())
    rows: dict[str, Any] = {}
    print("| what | MB | wall, ms | CPU, ms | peak of the process, MB | grew by, MB |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, path in files(Path(folder), portrait, sound, frames).items():
            command = [sys.executable, "-m", "bench.credentials", "--sign", str(path)]
            command += ["--rounds", str(arguments.rounds)]
            row = json.loads(subprocess.check_output(command))
            rows[name] = row
            print(
                f"| {name} | {row['bytes'] / 1e6:.2f} | {row['wall_ms']} | {row['cpu_ms']} "
                f"| {row['peak_mb']} | {row['grew_mb']} |"
            )
    added = label(portrait, frames)
    print(f"\nThe visible label adds {added} ms to a frame.")
    told = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, shared",
        "python": platform.python_version(),
        "rounds": arguments.rounds,
        "signed": rows,
        "label_ms_a_frame": added,
    }
    RESULTS.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
