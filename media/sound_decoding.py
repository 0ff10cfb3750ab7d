"""Decodes one hostile recording to mono PCM by FFmpeg (PyAV). Runs in the limited process only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

import av
import av.audio.codeccontext
import av.audio.stream
import av.subtitles.codeccontext
import av.subtitles.stream
import av.video.codeccontext
import av.video.stream
import numpy as np
from av.audio.frame import format_dtypes
from av.audio.plane import AudioPlane
from av.error import FFmpegError
from numpy.typing import NDArray

from media import containers
from media.fault import DecodingError
from media.timegrid import SOUND_RATE

# Nothing can be imported once decoding has begun. PyAV imports a kind of stream when it meets the
# first one; here all kinds are imported beforehand.

Mono = NDArray[np.float32]

CODECS: Final = frozenset(
    {
        *("aac", "alac", "flac", "libopus", "libvorbis", "mp3", "mp3float", "opus", "vorbis"),
        *("pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le"),
        *("pcm_s32le", "pcm_f32be", "pcm_f32le", "pcm_f64le"),
    }
)
"""Decoders that may be opened; FFmpeg has hundreds more, many old and little looked after."""

MIN_RATE, MAX_RATE = 4_000, 192_000

MISSING_SHARE: Final = 0.1
MISSING_SECONDS: Final = 0.5
"""A recording counts as cut short when more than this share and this long is missing."""

BATCH_SECONDS: Final = 0.5

LOUDEST: Final = 8.0
"""Float files may pass full scale; 18 dB over it is no sound any more."""

CANCELLED: Final = 1e-4
"""Channels whose mix has less than this of their energy are each other's inverse."""

WEIGHTS: Final = {"FL": 0.7071, "FR": 0.7071, "FC": 1.0, "BC": 0.5, "LFE": 0.0}
SIDE_WEIGHT: Final = 0.5
"""Mono downmix of ITU-R BS.775, annex 4, table 2; every other channel counts as a surround one."""


@dataclass(slots=True)
class Tally:
    """What was seen on the way through the file."""

    missing: float
    """Share of the file that its structure promises and that is not there."""
    seconds: float = 0.0
    packets: int = 0
    bad_packets: int = 0
    promised: float | None = None
    torn: bool = False
    channel_energy: float = 0.0
    mono_energy: float = 0.0

    @property
    def cancelled(self) -> bool:
        """True when there is sound in the channels and next to none in their sum."""
        return self.channel_energy > 0 and self.mono_energy < CANCELLED * self.channel_energy


def decode(source: IO[bytes], output: IO[bytes], options: dict[str, Any]) -> dict[str, Any]:
    """Write the recording as float32 mono samples at SOUND_RATE; the report counts them.

    `options`: max_samples, beyond which decoding stops with the fault "too_long".
    """
    av.logging.set_level(av.logging.PANIC)
    name = containers.container_of(source)
    tally = Tally(containers.missing_share(source, name))
    try:
        samples = _pass(source, output, name, options["max_samples"], tally, first_only=False)
    except FFmpegError:
        raise DecodingError("cut_short" if tally.missing else "undecodable") from None
    except DecodingError as error:
        # What names the tracks may be what is missing.
        torn = tally.missing and error.fault in ("no_sound", "unknown_codec")
        raise DecodingError("cut_short") if torn else error from None
    if not samples:  # so few that none is left at another rate
        raise DecodingError("undecodable")
    _require_whole(source, name, tally)
    if tally.cancelled:
        # One channel is wired the wrong way round: a common fault that headphones hide.
        output.seek(0)
        output.truncate()
        samples = _pass(source, output, name, options["max_samples"], Tally(0.0), first_only=True)
    return {"samples": samples, "container": name}


def _pass(
    source: IO[bytes],
    output: IO[bytes],
    name: str,
    most: int,
    tally: Tally,
    *,
    first_only: bool,
) -> int:
    """Decode all of it once, to the end or to where it is too long."""
    source.seek(0)
    samples = 0
    with av.open(
        source,
        "r",
        format=name,
        metadata_errors="replace",
        container_options={
            "codec_whitelist": ",".join(sorted(CODECS)),
            "format_whitelist": "wav,ogg,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,flac,aac,mp3",
            "protocol_whitelist": "none",
        },
    ) as container:
        stream = _stream(container)
        tally.promised = _promised(container, stream, tally.missing)
        for block in _at_sound_rate(_mono(container, stream, tally, first_only)):
            samples += len(block)
            if samples > most:
                raise DecodingError("too_long")
            output.write(block.data)
    return samples


def _promised(container: Any, stream: Any, missing: float) -> float | None:
    """Seconds that the file says it lasts, where that tells what is missing of its sound."""
    name = container.format.name
    if name == "flac" and stream.duration:
        return float(stream.duration * stream.time_base)
    # A whole film may be longer than its sound.
    if missing > MISSING_SHARE and name.startswith(("matroska", "mov")) and container.duration:
        return float(container.duration / av.time_base)
    return None


def _stream(container: Any) -> Any:
    """The first audio stream whose codec is allowed."""
    if not container.streams.audio:
        raise DecodingError("no_sound")
    for stream in container.streams.audio:
        if stream.codec_context is not None and stream.codec_context.codec.name in CODECS:
            stream.thread_type = "NONE"
            return stream
    raise DecodingError("unknown_codec")


def _mono(
    container: Any, stream: Any, tally: Tally, first_only: bool
) -> Iterator[tuple[Mono, int]]:
    """Blocks of mono samples with their rates, as the file has them."""
    for frames in _batches(_frames(container, stream, tally)):
        channels = np.concatenate([_channels(frame) for frame in frames], axis=1)
        weights = np.zeros(len(channels), np.float32) if first_only else _weights(frames[0])
        if first_only:
            weights[0] = 1.0
        mono: Mono = weights @ channels
        tally.channel_energy += float(np.square(channels).sum()) / len(channels)
        tally.mono_energy += float(np.square(mono).sum())
        yield mono, frames[0].sample_rate


def _batches(frames: Iterator[Any]) -> Iterator[list[Any]]:
    """About BATCH_SECONDS of frames of one kind each: a frame alone holds 20 ms."""
    batch: list[Any] = []
    kind, samples = None, 0
    for frame in frames:
        if batch and (_kind(frame) != kind or samples >= BATCH_SECONDS * frame.sample_rate):
            yield batch
            batch, samples = [], 0
        kind = _kind(frame)
        batch.append(frame)
        samples += frame.samples
    if batch:
        yield batch


def _kind(frame: Any) -> tuple[int, str, str]:
    return frame.sample_rate, frame.layout.name, frame.format.name


def _frames(container: Any, stream: Any, tally: Tally) -> Iterator[Any]:
    last = b""
    for packet in container.demux(stream):
        tally.packets += 1
        last = bytes(packet) if container.format.name == "aac" and packet.size else last
        try:
            frames = packet.decode()
        except FFmpegError:
            tally.bad_packets += 1
            continue
        for frame in frames:
            if not MIN_RATE <= frame.sample_rate <= MAX_RATE:
                raise DecodingError("unusual_rate")
            tally.seconds += frame.samples / frame.sample_rate
            yield frame
    tally.torn = bool(last) and containers.adts_frame_bytes(last) > len(last)


def _channels(frame: Any) -> NDArray[np.float32]:
    """Samples as float32 of shape (channels, n), cleaned of what is no number."""
    data = _planes(frame)
    if not frame.format.is_planar:
        data = data.reshape(-1, frame.layout.nb_channels).T
    if data.dtype == np.uint8:
        return (data.astype(np.float32) - np.float32(128)) / np.float32(128)
    if data.dtype.kind == "i":
        return data.astype(np.float32) / np.float32(-float(np.iinfo(data.dtype).min))
    clean = np.nan_to_num(data, nan=0.0, posinf=0.0, neginf=0.0)
    channels: NDArray[np.float32] = np.clip(clean, -LOUDEST, LOUDEST).astype(np.float32)
    return channels


def _planes(frame: Any) -> NDArray[Any]:
    """The frame's planes, shape (planes, values).

    PyAV's own way to them (18.1) counts on to a null pointer, which FFmpeg puts behind seven planes
    and not behind more: it reads beyond them, and dies of it or not.
    """
    planes, values = frame.layout.nb_channels, frame.samples
    if not frame.format.is_planar:
        planes, values = 1, planes * values
    dtype = np.dtype(format_dtypes[frame.format.name])
    buffers: list[Any] = [AudioPlane(frame, n) for n in range(planes)]
    return np.stack([np.frombuffer(buffer, dtype, values) for buffer in buffers])


def _weights(frame: Any) -> NDArray[np.float32]:
    """Share of each channel in the mix; the shares add up to 1, so that nothing overflows."""
    names = [channel.name for channel in frame.layout.channels]
    weights = np.array([WEIGHTS.get(name, SIDE_WEIGHT) for name in names], np.float32)
    if len(names) != frame.layout.nb_channels or len(names) <= 2 or not weights.sum():
        weights = np.ones(frame.layout.nb_channels, np.float32)
    shares: NDArray[np.float32] = weights / weights.sum()
    return shares


def _at_sound_rate(blocks: Iterator[tuple[Mono, int]]) -> Iterator[Mono]:
    """The same sound at SOUND_RATE; a file may change its rate on the way (chained Ogg)."""
    rate, resampler = 0, None
    for samples, block_rate in blocks:
        if block_rate != rate:
            yield from _resampled(resampler, None)
            rate = block_rate
            resampler = av.AudioResampler("flt", "mono", SOUND_RATE)
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], "flt", "mono")
        frame.sample_rate = rate
        yield from _resampled(resampler, frame)
    yield from _resampled(resampler, None)


def _resampled(resampler: Any, frame: Any) -> Iterator[Mono]:
    for out in resampler.resample(frame) if resampler is not None else ():
        if out is not None:
            yield out.to_ndarray()[0]


def _require_whole(source: IO[bytes], name: str, tally: Tally) -> None:
    """Refuse a recording of which clearly less arrived than its container promises."""
    if not tally.seconds:
        raise DecodingError("undecodable")
    if tally.torn or tally.missing >= containers.UNKNOWN:
        raise DecodingError("cut_short")
    promised = containers.mp3_seconds(source) if name == "mp3" else tally.promised
    if promised is None or name in ("matroska", "mov"):
        good_packets = max(1, tally.packets - tally.bad_packets)
        by_bytes = tally.seconds * (1 / (1 - tally.missing) + tally.bad_packets / good_packets)
        promised = max(by_bytes, promised or 0.0)
    if promised - tally.seconds > max(MISSING_SECONDS, MISSING_SHARE * promised):
        raise DecodingError("cut_short")
