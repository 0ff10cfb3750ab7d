"""Peak memory of a short and a long video: `python -m bench.memory [text|recording …]`.

For each kind a server of its own, warmed by two short videos; then a video of ten seconds and one
of half an hour. The proportional memory of all its processes, Ray's shared memory included, is
sampled five times a second. Figures go to bench/results/memory.json, the plot to
docs/images/memory.svg; the command fails where the long video's peak is more than 5 % over the
short one's.
"""

import argparse
import io
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import av
import httpx
import numpy as np
from obstore.store import MemoryStore

from bench.material import avatar_id, text_of
from bench.memory_plot import draw
from bench.pipeline import server
from bench.processes import memory_by_process, repeated, tree
from deployments.in_a_row import InARow
from media.sound import Samples
from media.timegrid import SOUND_RATE
from serve.commands.private import LOCAL_CONFIG
from serve.settings import Settings
from serve.storage.artifacts import Artifacts

RESULTS: Final = Path(__file__).parent / "results" / "memory.json"
PLOT: Final = Path(__file__).parents[1] / "docs" / "images" / "memory.svg"
EVERY: Final = 0.2
SHORT: Final = 10.0
ALLOWED: Final = 1.05
SETTLE: Final = 3.0
RANGE: Final = 1 << 20
KINDS: Final = ("text", "recording")


@dataclass
class Watch:
    """Memory over time: seconds, bytes; and by process at the highest."""

    samples: list[tuple[float, int]] = field(default_factory=list)
    at_peak: dict[str, int] = field(default_factory=dict)
    peak: int = 0
    _processes: list[int] = field(default_factory=list)

    def take(self, root: int, began: float) -> None:
        """Look once; new processes are seen within a second."""
        if len(self.samples) % round(1 / EVERY) == 0:
            self._processes = tree(root)
        found = memory_by_process(self._processes)
        total = sum(found.values())
        self.samples.append((round(time.perf_counter() - began, 2), total))
        if total > self.peak:
            self.peak, self.at_peak = total, found


@contextmanager
def watched(root: int) -> Iterator[Watch]:
    """Sample a tree's memory while the block runs."""
    watch, began = Watch(), time.perf_counter()
    with repeated(lambda: watch.take(root, began), EVERY):
        yield watch


class Material:
    """Texts and recordings of any length; the recordings are the text, spoken."""

    def __init__(self) -> None:
        stages = InARow.from_config(LOCAL_CONFIG, Settings(), Artifacts(MemoryStore()))
        pieces = stages.engine("Speech").speak(text_of(30.0), "heart")
        self._spoken: Samples = np.concatenate([piece.samples for piece in pieces])

    def request(self, kind: str, seconds: float) -> dict[str, Any]:
        """The part of a request that says what is heard."""
        if kind == "text":
            return {"fields": {"text": text_of(seconds)}}
        samples = np.resize(self._spoken, int(seconds * SOUND_RATE))
        words = {"transcript": text_of(seconds)}
        return {"fields": words, "files": {"audio": ("said.m4a", _m4a(samples))}}


def _m4a(samples: Samples) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ipod") as file:
        stream = file.add_stream("aac", rate=SOUND_RATE, layout="mono")
        stream.bit_rate = 64_000
        for start in range(0, len(samples), 1024):
            block = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], "fltp", "mono")
            block.sample_rate, block.pts = SOUND_RATE, start
            file.mux(stream.encode(block))
        file.mux(stream.encode(None))
    return buffer.getvalue()


def make(url: str, what: dict[str, Any], size: str) -> dict[str, Any]:
    """A video over HTTP, followed to its end and fetched as a client would, piece by piece."""
    fields = {"avatar": avatar_id(), "size": size, "life": "false", **what["fields"]}
    with httpx.Client(base_url=url, timeout=300, trust_env=False) as http:
        # A form in both cases: `files` makes it one of several parts.
        files = what.get("files") or {"text": (None, fields.pop("text"))}
        job = http.post("/v1/videos", data=fields, files=files).raise_for_status().json()
        with http.stream("GET", job["urls"]["events"], timeout=None) as answer:
            for _ in answer.iter_lines():
                pass
        over: dict[str, Any] = http.get(job["urls"]["self"]).json()
        if over["status"] != "completed":
            raise SystemExit(f"{over['status']}: {over['error']}")
        over["bytes"] = _fetch(http, over["urls"]["video"])
        http.delete(over["urls"]["self"])
    return over


def _fetch(http: httpx.Client, url: str) -> int:
    """Read a file by ranges, as players do; how many bytes it has.

    Serve's proxy takes in whatever an answer holds at once, however slowly its client reads: asked
    for whole, a file lies in memory once in the ingress and once in the proxy until it is sent.
    """
    size, at = 1, 0
    while at < size:
        answer = http.get(url, headers={"range": f"bytes={at}-{at + RANGE - 1}"}).raise_for_status()
        size = int(answer.headers["content-range"].rpartition("/")[2])
        at += len(answer.content)
    return at


def measure(material: Material, kind: str, long: float, size: str) -> dict[str, Any]:
    """Both lengths of one kind, on a server of their own."""
    found: dict[str, Any] = {}
    with server() as (url, root):
        for _ in range(2):
            make(url, material.request(kind, SHORT), size)
        for name, seconds in (("short", SHORT), ("long", long)):
            what = material.request(kind, seconds)
            time.sleep(SETTLE)
            with watched(root) as watch:
                began = time.perf_counter()
                job = make(url, what, size)
            found[name] = {
                "seconds": job["seconds"],
                "frames": job["frames"],
                "wall": round(time.perf_counter() - began, 1),
                "video_bytes": job["bytes"],
                "peak_bytes": watch.peak,
                "at_peak": watch.at_peak,
                "samples": watch.samples,
            }
            print(
                f"{kind}, {job['seconds']:.0f} s of {size}: {watch.peak / 1e6:.0f} MB at most, "
                f"made in {found[name]['wall']:.0f} s",
                flush=True,
            )
    found["ratio"] = round(found["long"]["peak_bytes"] / found["short"]["peak_bytes"], 4)
    return found


def main() -> None:
    """Measure, write, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help=f"{' or '.join(KINDS)}; both without one")
    parser.add_argument("--minutes", type=float, default=30.0, help="of the long video")
    parser.add_argument("--size", default="256x256")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    out: Path = arguments.out
    results: dict[str, Any] = json.loads(out.read_text()) if out.exists() else {}
    results["machine"] = f"{os.cpu_count()} cores, {platform.machine()}"
    material, failed = Material(), False
    for kind in arguments.kinds or KINDS:
        # A little less than the limit, which counts a recording's samples.
        found = measure(material, kind, 60 * arguments.minutes - 1, arguments.size)
        results[f"{kind} {arguments.size}"] = found
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(results) + "\n")
        print(f"{kind}: {found['ratio']:.3f} times the short one's peak", flush=True)
        failed |= found["ratio"] > ALLOWED
    if out == RESULTS:
        PLOT.write_text(draw(results))
    if failed:
        raise SystemExit(f"more than {ALLOWED:g} times")


if __name__ == "__main__":
    main()
