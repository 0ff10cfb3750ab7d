"""An encoder that takes its frames at a set pace and codes nothing anew.

So what is measured is all that lies round it: directors, routers, records, artifacts.
"""

import os
import time
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Self

from deployments.encode.canvas import Canvas
from deployments.encode.engine import SegmentTask
from deployments.encode.feed import CALL_FRAMES
from deployments.encode.pyav import PyAV
from media.patch import Frame


class PacedEncode(PyAV):
    """Pulls frames like any encoder, and gives fragments that were encoded once.

    The first replica that is asked for some frames encodes them and keeps the file for all; every
    job of this measurement has the same frames, so they fit.
    """

    kept: Path
    pace: float
    known: dict[str, bytes]

    @classmethod
    def load(  # type: ignore[override]  # an engine's options are its own
        cls, files: Mapping[str, Path], *, threads: int, kept: str, pace: float = 0.0
    ) -> Self:
        """`kept` is a folder; `pace` in seconds of video a second, 0 for no delay."""
        engine = super().load(files, threads=threads, preset="ultrafast", crf=23.0)
        engine.kept, engine.pace, engine.known = Path(kept), pace, {}
        engine.kept.mkdir(parents=True, exist_ok=True)
        return engine

    def encode(self, canvas: Canvas, task: SegmentTask, frames: Iterator[Frame]) -> bytes:
        """Pull, wait, and give the fragment. Each call's frames are waited for while at turn."""
        pulled = []
        for frame in frames:
            pulled.append(frame)
            if len(pulled) % CALL_FRAMES == 0:
                self._wait(CALL_FRAMES, task.fps)
        self._wait(len(pulled) % CALL_FRAMES, task.fps)
        return self._fragment(canvas, task, pulled)

    def _wait(self, frames: int, fps: Fraction) -> None:
        if self.pace and frames:
            time.sleep(frames / float(fps) / self.pace)

    def _fragment(self, canvas: Canvas, task: SegmentTask, frames: list[Frame]) -> bytes:
        rate = f"{task.fps.numerator}-{task.fps.denominator}"
        name = f"{canvas.width}x{canvas.height}-{rate}-{task.start}-{task.stop}-{task.last}.mp4"
        if name not in self.known:
            file = self.kept / name
            if not file.exists():
                part = self.kept / f"{name}.{os.getpid()}"
                part.write_bytes(super().encode(canvas, task, iter(frames)))
                part.rename(file)
            self.known[name] = file.read_bytes()
        return self.known[name]
