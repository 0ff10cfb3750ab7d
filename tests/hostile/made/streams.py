"""FLAC, MP3, AAC and Ogg: frames and pages behind one another."""

import struct

import numpy as np

from tests.hostile.made.spoiling import of
from tests.hostile.writers import ogg_page, with_ogg_sum
from tests.sound_files import encoded


def flac_bomb(frames: int) -> bytes:
    """One frame of silence again and again: some 14 bytes for a tenth of a second each."""
    file = encoded("flac", np.zeros(48_000, np.float32))
    first = file.index(b"\xff\xf8")
    second = file.index(b"\xff\xf8", first + 2)
    return file[:first] + file[first:second] * frames


def flac_with(*blocks: bytes) -> bytes:
    file = of("flac")
    return file[:42] + b"".join(blocks) + file[42:]


def with_cover(frame: bytes) -> bytes:
    """An MP3 behind a tag that holds one frame."""
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    sound = of("mp3")
    return b"ID3\x04\0\0" + size + frame + sound[sound.index(b"\xff\xfb") :]


def xing_that_lies(frames: int) -> bytes:
    file = of("mp3", 2.0)
    at = max(file.find(b"Xing"), file.find(b"Info"))
    return file[: at + 8] + struct.pack(">I", frames) + file[at + 12 :]


def adts(channels: int = 1, rate_index: int = 3, payload: bytes = b"") -> bytes:
    """A frame of AAC that may hold nothing (ISO/IEC 13818-7, 6.2)."""
    size = 7 + len(payload)
    head = 0xFFF1 << 40 | 1 << 38 | rate_index << 34 | channels << 30 | size << 13 | 0x7FF << 2
    return head.to_bytes(7) + payload


def opus_head(channels: int, *, family: int = 0) -> bytes:
    mapping = bytes([channels, 0, *range(channels)]) if family else b""
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, channels, 312, 48_000, 0, family)
    return ogg_page(1, head + mapping) + ogg_page(1, b"OpusTags" + bytes(8), flags=0, n=1)


def loud_opus() -> bytes:
    """Opus that asks to be made louder by 128 dB."""
    file = of("ogg opus")
    end = file.index(b"OggS", 4)
    head = bytearray(file[:end])
    at = head.index(b"OpusHead") + 16
    head[at : at + 2] = struct.pack("<h", 32_767)
    return with_ogg_sum(bytes(head)) + file[end:]


def many_streams(count: int) -> bytes:
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, 0, 48_000, 0, 0)
    return b"".join(ogg_page(n, head) for n in range(count))


def backwards() -> bytes:
    """Pages whose times go back before the beginning."""
    return opus_head(1) + b"".join(
        ogg_page(1, b"\xf8\xff\xfe", flags=0, granule=-(10**15) * n, n=n + 2) for n in range(50)
    )
