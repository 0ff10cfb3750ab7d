"""Segments as H.264 and AAC in fragmented MP4, through PyAV."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, Self

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext

from deployments.encode.canvas import Canvas, Painter, make_canvas
from deployments.encode.engine import SegmentTask
from deployments.encode.h264 import BT709, LIMITED, NVENC, PRESET, Chosen, Quality, choose, options
from deployments.encode.heard import warm_filters
from deployments.encode.muxing import muxed
from media.errors import AvatarError
from media.face import Portrait
from media.patch import Frame

_TRIED_SIDE = 256
"""Of the picture that an encoder is tried on; NVENC takes none much smaller."""


class PyAV:
    """Constant quality, one closed GOP a segment, BT.709 tagged, no program but this one."""

    weights: ClassVar[Sequence[str]] = ()

    def __init__(self, threads: int, quality: Quality, chosen: Chosen) -> None:
        self._threads = threads
        self._chosen = chosen
        self._options = options(chosen.encoder, quality)

    @classmethod
    def load(
        cls,
        files: Mapping[str, Path],
        *,
        threads: int,
        preset: str = PRESET,
        crf: float = 17.0,
        max_rate: int = 4_000_000,
        encoder: str = "auto",
    ) -> Self:
        """Choose the encoder: `auto` is the card's where there is one that works, else x264.

        `max_rate` in bits a second bounds busy pictures. Raises AvatarError `invalid_request` for
        `encoder: h264_nvenc` where it cannot be opened.
        """
        del files
        quality = Quality(preset, crf, max_rate)

        def fault_of(name: str) -> str | None:
            return _fault(name, options(name, quality))

        return cls(threads, quality, choose(encoder, fault_of))

    def warm_up(self) -> None:
        """Build the sound's filters; x264 has nothing to warm."""
        warm_filters()

    def about(self) -> dict[str, str]:
        """The encoder that runs, and a note where another one was hoped for."""
        return self._chosen.about()

    def prepare(self, portrait: Portrait) -> Canvas:
        """Convert the portrait once."""
        return make_canvas(portrait)

    def encode(self, canvas: Canvas, task: SegmentTask, frames: Iterator[Frame]) -> bytes:
        """Init and fragment of one segment; both tracks on the job's absolute time.

        Raises AvatarError `overloaded` where the card's encoder is taken.
        """

        def add_video(file: OutputContainer) -> av.VideoStream:
            return self._video_stream(file, canvas, task.fps)

        def coded(video: av.VideoStream) -> Iterator["Packet[Any]"]:
            for picture in _pictures(canvas, task, frames):
                yield from video.encode(picture)
            yield from video.encode(None)

        return muxed(task, add_video, coded)

    def _video_stream(self, file: OutputContainer, canvas: Canvas, fps: Fraction) -> av.VideoStream:
        name = self._chosen.encoder
        video = file.add_stream(name, rate=fps, options=dict(self._options))
        assert isinstance(video, av.VideoStream)  # noqa: S101 - both names are of video encoders
        video.width, video.height, video.pix_fmt = canvas.width, canvas.height, "yuv420p"
        context = video.codec_context
        context.time_base = 1 / fps
        context.thread_count = self._threads
        _tag(context)
        if name == NVENC:
            _open(context)
        return video


def _tag(context: VideoCodecContext) -> None:
    context.color_range, context.colorspace = LIMITED, BT709
    context.color_primaries, context.color_trc = BT709, BT709


def _open(context: VideoCodecContext) -> None:
    """Open the card's encoder, of which only so many run at once."""
    try:
        context.open()
    except av.FFmpegError as error:
        raise AvatarError(
            "overloaded", "The card's video encoder takes no more at the moment: try again."
        ) from error


def _fault(name: str, opts: Mapping[str, str]) -> str | None:
    """Why an encoder codes no picture here; None where it does."""
    try:
        context = av.CodecContext.create(name, "w")
        assert isinstance(context, VideoCodecContext)  # noqa: S101 - names are of video encoders
        context.width = context.height = _TRIED_SIDE
        context.pix_fmt, context.time_base = "yuv420p", Fraction(1, 25)
        context.options = dict(opts)
        _tag(context)
        picture = av.VideoFrame(_TRIED_SIDE, _TRIED_SIDE, "yuv420p")
        picture.pts, picture.time_base = 0, Fraction(1, 25)
        packets = [*context.encode(picture), *context.encode(None)]
    except (av.FFmpegError, ValueError) as error:  # ValueError: not built into these libraries
        return str(getattr(error, "strerror", None) or "not built in").lower()
    return None if packets else "it gave no picture"


def _pictures(
    canvas: Canvas, task: SegmentTask, frames: Iterator[Frame]
) -> Iterator[av.VideoFrame]:
    """The frames, in turn, in one picture that shares the painter's memory.

    It has no buffer that libav could hold on to, so an encoder that wants to keep one copies it.
    """
    painter = Painter(canvas, labelled=task.label)
    picture = av.VideoFrame.from_numpy_buffer(painter.planes, format="yuv420p")
    picture.time_base = 1 / task.fps
    picture.color_range, picture.colorspace = LIMITED, BT709
    for number, frame in enumerate(frames, task.start):
        painter.paint(frame)
        picture.pts = number
        yield picture
