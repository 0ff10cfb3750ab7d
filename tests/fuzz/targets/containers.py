"""What is read of a sound file before FFmpeg sees it."""

import math
from io import BytesIO

from media import containers
from media.fault import DecodingError
from tests.fuzz.target import Target
from tests.fuzz.targets import sounds


def one_input(data: bytes) -> bool:
    """Tell the container, and what is missing by each of them."""
    source = BytesIO(data)
    for name in ("wav", "mov", "matroska", "ogg", "flac", "mp3", "aac"):
        assert 0 <= containers.missing_share(source, name) <= containers.UNKNOWN
    seconds = containers.mp3_seconds(source)
    assert seconds is None or (math.isfinite(seconds) and seconds >= 0)
    assert 0 <= containers.adts_frame_bytes(data) < 2**13
    try:
        return bool(containers.container_of(source))
    except DecodingError as error:
        assert error.fault in ("empty", "unknown_format")
        return False


TARGET = Target(one_input, sounds.seeds, limit=2.0, tokens=sounds.TOKENS)
