"""Good sound, and other bytes in its files."""

from functools import lru_cache

from tests.sound_files import encoded, tone

SECOND = (tone(1.0) * 32767).astype("<i2").tobytes()
"""A second of 16-bit samples."""


@lru_cache(maxsize=8)
def of(kind: str, seconds: float = 1.0) -> bytes:
    return encoded(kind, tone(seconds))


def patched(file: bytes, mark: bytes, at: int, data: bytes) -> bytes:
    """The file with other bytes, `at` behind where a mark is first seen."""
    start = file.index(mark) + len(mark) + at
    return file[:start] + data + file[start + len(data) :]
