"""A segment's file: coded pictures and the sound that belongs to them, in fragmented MP4."""

import heapq
import io
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, Final

import av
from av.container import OutputContainer
from av.packet import Packet

from deployments.encode import aac
from deployments.encode.engine import SegmentTask
from deployments.encode.heard import final_sound
from media.timegrid import TimeGrid

MOVFLAGS: Final = "+delay_moov+frag_custom+default_base_moof+frag_discont+skip_trailer"
"""delay_moov keeps the edit list for AAC priming; frag_discont puts a segment's fragment at its
absolute time, so that the fragments of segments coded apart follow each other."""

DELAY: Final = 2
"""Pictures by which decoding runs ahead of showing: the most that x264 reorders by."""


def muxed(
    task: SegmentTask,
    add_video: Callable[[OutputContainer], av.VideoStream],
    coded: Callable[[av.VideoStream], Iterator["Packet[Any]"]],
) -> bytes:
    """Init and fragment of one segment; both tracks on the job's absolute time.

    `coded` gives the packets of the stream that `add_video` adds, in the order of decoding; when
    each is decoded is set here.
    """
    grid = TimeGrid(task.fps)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4", options={"movflags": MOVFLAGS}) as file:
        video = add_video(file)
        audio = aac.add_stream(file)
        file.start_encoding()
        first, stop = grid.sample(task.start), grid.sample(task.stop)
        sound = aac.packets(audio.codec_context, final_sound(task), first, stop, task.last)
        for packet in sound:
            packet.stream = audio
        for packet in heapq.merge(_spaced(coded(video), task), sound, key=_decoding_time):
            file.mux(packet)
    return buffer.getvalue()


def _spaced(coded: Iterator["Packet[Any]"], task: SegmentTask) -> Iterator["Packet[Any]"]:
    """Packets decoded evenly, DELAY ahead.

    The init tells how far, and is one for all segments. An encoder's own times do not do: x264
    does not run ahead in a segment of one picture or two.
    """
    for number, packet in enumerate(coded, task.start - DELAY):
        packet.dts = number
        yield packet


def _decoding_time(packet: "Packet[Any]") -> Fraction:
    return Fraction(packet.dts or 0) * Fraction(packet.time_base or 1)
