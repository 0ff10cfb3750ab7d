"""Engines by which a voice is copied in seconds: tones in place of speech."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.engines import Toner


class Tones(Toner):
    """Takes up voices that PitchCloner has made, beside an engine that speaks."""

    @classmethod
    def load(  # type: ignore[override]  # among several engines none has options of its own
        cls, files: Mapping[str, Path], *, threads: int
    ) -> Self:
        return super().load(files, threads=threads, notes=os.devnull)

    def warm_up(self) -> None:
        """There is nothing to warm."""
