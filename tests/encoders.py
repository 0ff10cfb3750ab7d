"""Both encode engines, for what is asked of each alike."""

from typing import Final

import pytest

from deployments.encode.ffmpeg import FFmpeg
from deployments.encode.pyav import PyAV

Engine = type[PyAV] | type[FFmpeg]
BOTH: Final = pytest.mark.parametrize("engine", [PyAV, FFmpeg])


def name(engine: Engine) -> str:
    """As a config names it."""
    return f"{engine.__module__}:{engine.__name__}"
