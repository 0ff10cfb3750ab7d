"""Segments as H.264 and AAC in fragmented MP4, through PyAV."""

import heapq
import io
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Self

import av
from av.container import OutputContainer
from av.packet import Packet

from deployments.encode import aac
from deployments.encode.canvas import Canvas, Painter, make_canvas
from deployments.encode.engine import SegmentTask
from media.face import Portrait
from media.patch import Frame
from media.timegrid import TimeGrid

BT709 = 1
LIMITED = 1

MOVFLAGS = "+delay_moov+frag_custom+default_base_moof+frag_discont+skip_trailer"
"""delay_moov keeps the edit list for AAC priming; frag_discont puts a segment's fragment at its
absolute time, so that the fragments of segments coded apart follow each other."""


class X264:
    """libx264 at a constant rate factor, one closed GOP a segment, BT.709 tagged."""

    weights: ClassVar[Sequence[str]] = ()

    def __init__(self, threads: int, preset: str, crf: float, max_rate: int) -> None:
        self._threads = threads
        self._options = {
            "preset": preset,
            "crf": f"{crf:g}",
            "maxrate": str(max_rate),
            "bufsize": str(max_rate),
            # A longer look ahead gives still parts their quality in the first frame, once for all.
            "x264-params": "scenecut=0:keyint=infinite:open-gop=0:stitchable=1:rc-lookahead=30",
        }

    @classmethod
    def load(
        cls,
        files: Mapping[str, Path],
        *,
        threads: int,
        preset: str = "veryfast",
        crf: float = 17.0,
        max_rate: int = 4_000_000,
    ) -> Self:
        """Remember how to encode; `max_rate` in bits a second bounds busy pictures."""
        del files
        return cls(threads, preset, crf, max_rate)

    def prepare(self, portrait: Portrait) -> Canvas:
        """Convert the portrait once."""
        return make_canvas(portrait)

    def encode(self, canvas: Canvas, task: SegmentTask, frames: Iterator[Frame]) -> bytes:
        """Init and fragment of one segment; both tracks on the job's absolute time."""
        grid = TimeGrid(task.fps)
        buffer = io.BytesIO()
        with av.open(buffer, "w", format="mp4", options={"movflags": MOVFLAGS}) as file:
            video = self._video_stream(file, canvas, task.fps)
            audio = aac.add_stream(file)
            file.start_encoding()
            first, stop = grid.sample(task.start), grid.sample(task.stop)
            sound = aac.packets(audio.codec_context, task.final_sound(), first, stop, task.last)
            for packet in sound:
                packet.stream = audio
            pictures = _pictures(canvas, task, frames)
            coded = (packet for picture in pictures for packet in video.encode(picture))
            for packet in heapq.merge(chain(coded, _rest(video)), sound, key=_decoding_time):
                file.mux(packet)
        return buffer.getvalue()

    def _video_stream(self, file: OutputContainer, canvas: Canvas, fps: Fraction) -> av.VideoStream:
        video = file.add_stream("libx264", rate=fps, options=dict(self._options))
        video.width, video.height, video.pix_fmt = canvas.width, canvas.height, "yuv420p"
        context = video.codec_context
        context.time_base = 1 / fps
        context.thread_count = self._threads
        context.color_range, context.colorspace = LIMITED, BT709
        context.color_primaries, context.color_trc = BT709, BT709
        return video


def _pictures(
    canvas: Canvas, task: SegmentTask, frames: Iterator[Frame]
) -> Iterator[av.VideoFrame]:
    painter = Painter(canvas)
    for number, frame in enumerate(frames, task.start):
        picture = av.VideoFrame.from_ndarray(painter.paint(frame), format="yuv420p")
        picture.pts, picture.time_base = number, 1 / task.fps
        picture.color_range, picture.colorspace = LIMITED, BT709
        yield picture


def _rest(video: av.VideoStream) -> Iterator["Packet[Any]"]:
    yield from video.encode(None)


def _decoding_time(packet: "Packet[Any]") -> Fraction:
    return Fraction(packet.dts or 0) * Fraction(packet.time_base or 1)
