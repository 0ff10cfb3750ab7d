"""Real sound files for the tests of decoding, ordinary and hostile."""

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float32]

KINDS: dict[str, tuple[str, str, str]] = {
    "wav": ("wav", "pcm_s16le", "mono"),
    "wav 24 bit": ("wav", "pcm_s24le", "mono"),
    "wav 8 bit": ("wav", "pcm_u8", "mono"),
    "wav float": ("wav", "pcm_f32le", "mono"),
    "wav a-law": ("wav", "pcm_alaw", "mono"),
    "wav mu-law": ("wav", "pcm_mulaw", "mono"),
    "mp3": ("mp3", "libmp3lame", "mono"),
    "m4a": ("ipod", "aac", "mono"),
    "m4a lossless": ("ipod", "alac", "mono"),
    "aac": ("adts", "aac", "mono"),
    "ogg vorbis": ("ogg", "vorbis", "stereo"),
    "ogg opus": ("ogg", "libopus", "mono"),
    "flac": ("flac", "flac", "mono"),
    "webm opus": ("webm", "libopus", "mono"),
    "matroska vorbis": ("matroska", "vorbis", "stereo"),
    "matroska aac": ("matroska", "aac", "mono"),
}
"""Container, encoder and channels of everything that an upload may be."""


def tone(seconds: float, rate: int = 48_000, frequency: float = 440.0) -> Signal:
    """A tone of a third of full scale."""
    times = np.arange(round(seconds * rate)) / rate
    return (np.sin(2 * np.pi * frequency * times) / 3).astype(np.float32)


def clicks(seconds: float, rate: int = 48_000, every: float = 0.5) -> Signal:
    """Short bursts of 2 kHz at every half second, to see when things are heard."""
    times = np.arange(round(seconds * rate)) / rate
    since = (times + every / 2) % every - every / 2
    return (0.8 * np.exp(-((since / 0.004) ** 2)) * np.cos(4000 * np.pi * since)).astype(np.float32)


def encoded(kind: str, signal: Signal, rate: int = 48_000, **options: str) -> bytes:
    """A mono signal as a file of one of KINDS."""
    container, codec, layout = KINDS[kind]
    channels = np.stack([signal] * (2 if layout == "stereo" else 1))
    return muxed(container, codec, channels, layout, rate, film=False, **options)


def muxed(
    container: str,
    codec: str,
    channels: Signal,
    layout: str,
    rate: int = 48_000,
    *,
    film: bool = False,
    **options: str,
) -> bytes:
    """A file of channels (n, samples); with `film`, behind a moving picture."""
    target = BytesIO()
    # Bit for bit the same each time: muxers number streams and tracks at random.
    options = {"fflags": "+bitexact", **options}
    with av.open(target, "w", format=container, options=options) as out:
        picture: Any = None
        if film:
            picture = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        stream: Any = out.add_stream(codec, rate=rate, options={"strict": "-2"})
        stream.layout = layout
        if picture is not None:
            for n in range(25 * channels.shape[1] // rate):
                frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), n % 256, np.uint8))
                frame.pts = n
                out.mux(picture.encode(frame))
            out.mux(picture.encode(None))
        _encode(out, stream, channels, layout, rate)
    return target.getvalue()


def _encode(out: Any, stream: Any, channels: Signal, layout: str, rate: int) -> None:
    size = stream.codec_context.frame_size or 1024
    # The encoder's own rate may differ (Opus knows five); its format always may.
    resampler = av.AudioResampler(stream.format.name, layout, stream.rate, frame_size=size)
    for first in range(0, channels.shape[1], 4096):
        # One plane: of eight, PyAV would count more than there are.
        block = channels[:, first : first + 4096].T.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, "flt", layout)
        frame.sample_rate, frame.pts = rate, first
        for ready in resampler.resample(frame):
            out.mux(stream.encode(ready))
    for ready in resampler.resample(None):
        out.mux(stream.encode(ready))
    out.mux(stream.encode(None))


def faststart(signal: Signal, folder: Path) -> bytes:
    """An M4A whose index stands in front, as for the web."""
    path = folder / "faststart.m4a"
    with av.open(str(path), "w", format="ipod", options={"movflags": "+faststart"}) as out:
        stream: Any = out.add_stream("aac", rate=48_000)
        stream.layout = "mono"
        _encode(out, stream, signal[np.newaxis], "mono", 48_000)
    return path.read_bytes()


def wav(samples: NDArray[Any], rate: int = 48_000, *, says: int | None = None) -> bytes:
    """A WAV of float32 or int16 samples (n,) or (n, channels), which may misstate its length."""
    channels = samples.shape[1] if samples.ndim == 2 else 1
    width = samples.dtype.itemsize
    data = samples.tobytes()
    layout = struct.pack(
        "<HHIIHH",
        3 if samples.dtype.kind == "f" else 1,
        channels,
        rate,
        rate * channels * width,
        channels * width,
        8 * width,
    )
    length = len(data) if says is None else says
    return (
        b"RIFF"
        + struct.pack("<I", min(2**32 - 1, 36 + length))
        + b"WAVEfmt "
        + struct.pack("<I", len(layout))
        + layout
        + b"data"
        + struct.pack("<I", length)
        + data
    )
