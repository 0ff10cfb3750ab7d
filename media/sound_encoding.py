"""Sound coded while it comes, into formats that play from their first bytes on.

Nothing is written that only the end knows: WAV says that its length is open (RIFF sizes of
0xFFFFFFFF), FLAC leaves its total out, MP3 has no Xing header, AAC comes in ADTS frames, Opus in
Ogg pages (RFC 7845). MP3, FLAC and Opus say that AI made it (`media.marks`).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, Protocol

import av
import numpy as np

from media import aac
from media.marks import TAG, SourceType
from media.pcm import to_16_bits, to_pcm
from media.sound import Samples

RATE: Final = 24_000
"""Samples a second in every format, as OpenAI's API has them: voices have nothing above 12 kHz."""


@dataclass(frozen=True, slots=True)
class Format:
    """What a file is told by over HTTP, and how FFmpeg makes it."""

    media_type: str
    muxer: str = ""
    """Empty: the samples themselves, 16 bits each."""
    codec: str = ""
    samples: str = ""
    """The form in which the codec takes samples."""
    bit_rate: int = 0
    gain: float = 1.0
    """Makes up for what the codec takes of the level."""
    options: Mapping[str, str] = field(default_factory=dict)
    muxer_options: Mapping[str, str] = field(default_factory=dict)


FORMATS: Final[Mapping[str, Format]] = {
    "mp3": Format(
        *("audio/mpeg", "mp3", "libmp3lame", "fltp", 96_000),
        # No reservoir of bits: a frame is whole when it leaves.
        options={"reservoir": "0"},
        gain=1 / 0.95,  # LAME's own presets take that, and FFmpeg lets nobody say otherwise
        muxer_options={"write_xing": "0", "id3v2_version": "4", "metadata_header_padding": "0"},
    ),
    "opus": Format(
        *("audio/ogg", "ogg", "libopus", "flt", 64_000),
        muxer_options={"page_duration": "100000"},  # microseconds; by itself a page lasts 1 s
    ),
    "aac": Format(
        *("audio/aac", "adts", "aac", "fltp", 64_000),
        options=aac.OPTIONS,
    ),
    "flac": Format(
        "audio/flac", "flac", "flac", "s16", muxer_options={"metadata_header_padding": "0"}
    ),
    "wav": Format("audio/wav"),
    "pcm": Format("audio/pcm"),
}
"""By the name that requests give them."""

_OPEN: Final = 0xFFFFFFFF
_AT_ONCE: Final = {"flush_packets": "1", "fflags": "+bitexact"}
"""Packets go out when they are coded; the same sound gives the same bytes."""


class SoundEncoder(Protocol):
    """Takes mono samples of RATE, gives bytes. One user at a time; encoding blocks."""

    def encode(self, samples: Samples) -> bytes:
        """Add samples. Returns the bytes that can leave now; there may be none yet."""

    def end(self) -> bytes:
        """The bytes that are left, once no sound follows."""


def open_encoder(name: str) -> SoundEncoder:
    """An encoder of one of FORMATS."""
    if FORMATS[name].muxer:
        return _Coded(FORMATS[name])
    return _Plain(wav_header() if name == "wav" else b"")


def encode_whole(name: str, samples: Samples) -> bytes:
    """A whole file at once."""
    encoder = open_encoder(name)
    return encoder.encode(samples) + encoder.end()


def wav_header(rate: int = RATE) -> bytes:
    """The head of a mono 16-bit WAV file whose length is open."""
    form = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    return b"".join(
        [
            *(b"RIFF", struct.pack("<I", _OPEN), b"WAVE"),
            *(b"fmt ", struct.pack("<I", len(form)), form),
            *(b"data", struct.pack("<I", _OPEN)),
        ]
    )


@dataclass(slots=True)
class _Plain:
    header: bytes

    def encode(self, samples: Samples) -> bytes:
        header, self.header = (self.header, b"") if len(samples) else (b"", self.header)
        return header + to_pcm(samples)

    def end(self) -> bytes:
        header, self.header = self.header, b""
        return header


@dataclass(slots=True)
class _Sink:
    """A file that only grows at its end, as far as FFmpeg can tell."""

    written: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes) -> int:
        self.written += data
        return len(data)

    def taken(self) -> bytes:
        data = bytes(self.written)
        self.written.clear()
        return data


class _Coded:
    """One of FFmpeg's formats."""

    def __init__(self, form: Format) -> None:
        self._form = form
        self._sink = _Sink()
        self._at = 0
        self._file = av.open(
            self._sink,
            "w",
            format=form.muxer,
            container_options={**_AT_ONCE, **form.muxer_options},
        )
        self._file.metadata[TAG] = SourceType.MADE.uri  # ADTS has no place for it
        stream: Any = self._file.add_stream(
            form.codec, rate=RATE, layout="mono", options=dict(form.options)
        )
        self._stream: av.AudioStream = stream
        self._stream.codec_context.format = form.samples
        if form.bit_rate:
            self._stream.bit_rate = form.bit_rate

    def encode(self, samples: Samples) -> bytes:
        if len(samples):
            self._file.mux(self._stream.encode(self._frame(samples)))
        return self._sink.taken()

    def end(self) -> bytes:
        self._file.mux(self._stream.encode(None))
        self._file.close()
        return self._sink.taken()

    def _frame(self, samples: Samples) -> av.AudioFrame:
        values: Any = (
            to_16_bits(samples)
            if self._form.samples == "s16"
            else samples * np.float32(self._form.gain)
        )
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(values[None]), format=self._form.samples, layout="mono"
        )
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), self._at
        self._at += len(samples)
        return frame
