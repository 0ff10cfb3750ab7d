"""Engines with scripted behaviour, loaded by a line of config like any other."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from deployments.lipsync.engine import LipsyncCall
from deployments.lipsync.mouth import MouthReader
from deployments.lipsync.repair import Repairer
from deployments.lipsync.warp import GAIN, Warp, WarpPortrait
from media.face import Portrait
from media.patch import Frame


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
