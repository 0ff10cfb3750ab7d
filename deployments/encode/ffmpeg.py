"""Segments as H.264 and AAC in fragmented MP4, the pictures coded by the system's ffmpeg."""

import io
import shutil
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet

from deployments.encode.canvas import Canvas, Painter, make_canvas
from deployments.encode.engine import SegmentTask
from deployments.encode.h264 import NVENC, PRESET, Chosen, Quality, choose, options
from deployments.encode.heard import warm_filters
from deployments.encode.muxing import muxed
from deployments.encode.piped import ProgramFailed, run_piped
from media.errors import AvatarError
from media.face import Portrait
from media.patch import Frame

_TAGS: Final = {"color_range": "tv", "colorspace": "bt709"}
_OUT_TAGS: Final = {**_TAGS, "color_primaries": "bt709", "color_trc": "bt709"}
_TRIED_SIDE: Final = 256


class FFmpeg:
    """Frames go to an ffmpeg process by a pipe; sound and file are made as by the engine PyAV."""

    weights: ClassVar[Sequence[str]] = ()

    def __init__(self, program: str, threads: int, quality: Quality, chosen: Chosen) -> None:
        self._program = program
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
        encoder: str = "libx264",
        program: str = "ffmpeg",
    ) -> Self:
        """Find the program, and try its encoder on a small picture.

        Raises AvatarError `weights_missing` where the program, ffmpeg-python or the encoder is
        missing, `invalid_request` for `encoder: h264_nvenc` where it cannot be opened.
        """
        del files
        found = shutil.which(program)
        if found is None:
            raise _missing(
                f"The program {program} is missing: install it (`apt install ffmpeg`), or use the "
                "engine deployments.encode.pyav:PyAV, which needs none."
            )
        quality = Quality(preset, crf, max_rate)

        def fault_of(name: str) -> str | None:
            return cls(found, threads, quality, Chosen(name))._fault()

        chosen = choose(encoder, fault_of)
        fault = None if chosen.encoder == NVENC else fault_of(chosen.encoder)
        if fault is not None:
            raise _missing(
                f"{program} cannot encode by {chosen.encoder} ({fault}): install one that can "
                "(`apt install ffmpeg`)."
            )
        return cls(found, threads, quality, chosen)

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

        What `frames` raises ends the process. Raises AvatarError `internal` with what ffmpeg said,
        `overloaded` where the card's encoder is taken.
        """
        painter = Painter(canvas, labelled=task.label)
        planes = (np.ascontiguousarray(painter.paint(frame)) for frame in frames)
        command = self._command(canvas.width, canvas.height, task.fps)
        try:
            coded = run_piped(command, planes)
        except ProgramFailed as failed:
            raise self._error(failed) from None
        with av.open(io.BytesIO(coded), "r", format="mp4") as source:
            template = source.streams.video[0]
            packets = [packet for packet in source.demux(template) if packet.size]

            def add_video(file: OutputContainer) -> av.VideoStream:
                video = file.add_stream_from_template(template, opaque=True)
                video.time_base = 1 / task.fps
                # As measured in the template; the init of all segments is one.
                video.codec_context.bit_rate = 0
                return video

            return muxed(task, add_video, lambda video: _placed(packets, video, task))

    def _command(self, width: int, height: int, fps: Fraction) -> list[str]:
        """The command line. Nothing but its two pipes is open to it."""
        import ffmpeg  # type: ignore[import-untyped]  # an extra that ships no types

        pictures = ffmpeg.input(
            "pipe:0",
            format="rawvideo",
            pix_fmt="yuv420p",
            video_size=(width, height),
            framerate=str(fps),
            protocol_whitelist="pipe",
            **_TAGS,
        )
        coded = ffmpeg.output(
            pictures,
            "pipe:1",
            format="mov",
            # A file that can be written to a pipe: nothing in it is gone back to.
            movflags="+empty_moov+default_base_moof+frag_every_frame",
            vcodec=self._chosen.encoder,
            pix_fmt="yuv420p",
            threads=self._threads,
            protocol_whitelist="pipe",
            **_OUT_TAGS,
            **self._options,
        ).global_args("-hide_banner", "-nostdin", "-nostats", "-loglevel", "error")
        command: list[str] = coded.compile(cmd=self._program)
        return command

    def _fault(self) -> str | None:
        """Why the encoder codes no picture here; None where it does."""
        grey = np.full((_TRIED_SIDE * 3 // 2, _TRIED_SIDE), 128, np.uint8)
        try:
            command = self._command(_TRIED_SIDE, _TRIED_SIDE, Fraction(25))
            return None if run_piped(command, iter([grey])) else "it gave no picture"
        except ImportError:
            raise _missing(
                'ffmpeg-python is missing: `pip install "avatar-serve[ffmpeg]"`.'
            ) from None
        except ProgramFailed as failed:
            return str(failed)

    def _error(self, failed: ProgramFailed) -> AvatarError:
        if self._chosen.encoder == NVENC and not failed.output:
            return AvatarError(
                "overloaded", "The card's video encoder takes no more at the moment: try again."
            )
        return AvatarError("internal", f"ffmpeg could not encode the video ({failed}).")


def _placed(
    packets: "list[Packet[Any]]", video: av.VideoStream, task: SegmentTask
) -> Iterator["Packet[Any]"]:
    """The coded pictures in the order of decoding, shown at their place on the job's time."""
    if len(packets) != task.stop - task.start:
        raise AvatarError(
            "internal", f"ffmpeg gave {len(packets)} of {task.stop - task.start} pictures."
        )
    times = [_frames(packet, task.fps) for packet in packets]
    shift = task.start - min(times)
    for packet, shown in zip(packets, times, strict=True):
        packet.pts = shown + shift
        packet.duration, packet.time_base = 1, 1 / task.fps
        packet.stream = video
        yield packet


def _frames(packet: "Packet[Any]", fps: Fraction) -> int:
    return round((packet.pts or 0) * Fraction(packet.time_base or 1) * fps)


def _missing(sentence: str) -> AvatarError:
    return AvatarError("weights_missing", sentence)
