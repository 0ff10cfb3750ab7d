"""The decoder of recordings, as it runs in its limited process."""

from collections.abc import Iterator
from io import BytesIO

import numpy as np

from media import sound_decoding
from media.decoder_child import answer_of
from media.recording import SENTENCES, decode_recording
from media.timegrid import SOUND_RATE
from tests.fuzz.doors import refusal, shut, was_taken
from tests.fuzz.target import Target
from tests.hostile.writers import matroska, mp4, pcm_samples, with_ogg_sum
from tests.sound_files import KINDS, encoded, tone, wav

MOST = 5 * SOUND_RATE
LOUDEST = 16.0
"""Float files may pass full scale eight times, and a filter a clipped peak."""
FAULTS = {*SENTENCES, "too_long", "undecodable"}


def one_input(data: bytes) -> bool:
    """Decode; what comes out must be what the report says, and numbers."""
    output = BytesIO()
    with shut():
        source = BytesIO(with_right_sums(data))
        answer = answer_of(sound_decoding, source, output, {"max_samples": MOST})
    if not was_taken(answer, FAULTS):
        return False
    samples = np.frombuffer(output.getbuffer(), np.float32)
    assert 0 < len(samples) == answer["report"]["samples"] <= MOST
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= LOUDEST
    return True


def with_right_sums(data: bytes) -> bytes:
    """An Ogg whose pages have the sums that belong to them: others are passed over."""
    if not data.startswith(b"OggS"):
        return data
    pages = data.split(b"OggS")[1:]
    return b"".join(_summed(b"OggS" + page) for page in pages)


def _summed(page: bytes) -> bytes:
    laces = page[27 : 27 + page[26]] if len(page) > 26 else b""
    end = 27 + len(laces) + sum(laces)
    return with_ogg_sum(page[:end]) + page[end:] if 27 <= end <= len(page) else page


def seeds() -> Iterator[bytes]:
    """Every container and codec."""
    for kind in KINDS:
        yield encoded(kind, tone(0.1))
    yield wav(np.stack([tone(0.01)] * 6, axis=1))
    yield wav(tone(0.02).astype(np.float64))
    yield mp4(pcm_samples(0.02))
    yield matroska(pcm_samples(0.02))
    yield encoded("webm opus", tone(0.1), live="1")
    yield encoded("ogg opus", tone(0.05)) + encoded("ogg opus", tone(0.05))


def in_production(data: bytes) -> str:
    """The code by which the service refuses it, or ""."""
    return refusal(lambda: decode_recording(with_right_sums(data), max_seconds=MOST / SOUND_RATE))


TOKENS = (
    *(b"RIFF", b"RF64", b"WAVE", b"fmt ", b"data", b"ds64", b"LIST", b"ID3\x04", b"APIC", b"Xing"),
    *(b"Info", b"fLaC", b"OggS", b"OpusHead", b"OpusTags", b"\x01vorbis", b"\x03vorbis"),
    *(b"\x05vorbis", b"ftyp", b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"stts"),
    *(b"stsc", b"stsz", b"stco", b"co64", b"elst", b"esds", b"mp4a", b"alac", b"dref", b"url "),
    *(b"alis", b"moof", b"traf", b"trun", b"tfhd", b"sidx", b"cmov", b"\x1a\x45\xdf\xa3", b"\xa3"),
    *(b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b", b"\x1f\x43\xb6\x75", b"\x6d\x80", b"A_OPUS"),
    *(b"\xff\xf1", b"\xff\xfb", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"),
)

TARGET = Target(one_input, seeds, limit=20.0, tokens=TOKENS, in_production=in_production)
