"""Voices as files: a kept sample, and Kokoro's styles."""

import numpy as np

from deployments.speech.kokoro_styles import ROWS, STYLE, read_styles, write_styles
from media.errors import AvatarError
from media.voice_sample import VoiceSample, pack, unpack
from tests.fuzz.target import Target

STYLES = write_styles(np.zeros((ROWS, STYLE), np.float32))
HEADER = len(STYLES) - 4 * ROWS * STYLE


def one_input(data: bytes) -> bool:
    """The first byte says which of the two it is; a table of styles has only its header fuzzed."""
    kind, file = data[:1], data[1:]
    try:
        if kind == b"s":
            assert read_styles(file + STYLES[HEADER:]).shape == (ROWS, STYLE)
        else:
            sample = unpack(file)
            assert np.isfinite(sample.samples).all()
    except AvatarError as error:
        assert error.code == "invalid_request"
        return False
    except ValueError:
        return False
    return True


def seeds() -> list[bytes]:
    """Good ones."""
    sample = VoiceSample(np.zeros(64, np.float32), 24_000, "en-US")
    return [b"s" + STYLES[:HEADER], b"v" + pack(sample)]


TOKENS = (
    *(b"\x93NUMPY", b"'descr'", b"'<f4'", b"'|O'", b"'fortran_order'", b"'shape'", b"(510, 256)"),
    *(b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"pcm.npy", b"format.npy"),
    *(b"rate.npy", b"language.npy", b"<i2", b"<U5", b"(64,)", b"(9999999999999,)"),
)

TARGET = Target(one_input, seeds, limit=2.0, tokens=TOKENS)
