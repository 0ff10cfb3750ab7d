"""The final MP4 from its segments: packets copied, never coded again."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
from av.container import OutputContainer
from av.packet import Packet

from media.subtitles import Cue, to_timed_text
from media.timegrid import SOUND_RATE

_CLOCK: Final = Fraction(1, 1000)
_OPTIONS: Final = {
    "movflags": "+faststart",
    # Edit lists are measured by this clock. By FFmpeg's own, of milliseconds, a track ended up to
    # half of one early, and players left out a last packet that began behind that end.
    "movie_timescale": str(SOUND_RATE),
}


@dataclass(frozen=True, slots=True)
class TextTrack:
    """Captions inside the file, as players list them."""

    cues: Sequence[Cue]
    """In order; none lasts longer than the video."""
    language: str
    """ISO 639-2/T."""


def assemble(fragments: Path, target: Path, text: TextTrack | None = None) -> None:
    """Copy a fragmented MP4 (init and all fragments in a row) into a faststart MP4.

    Both tracks keep their times, the sound its edit list for the encoder's priming. `text` becomes
    a third track (3GPP timed text); FFmpeg's muxer fills the gaps between cues.
    """
    with (
        av.open(fragments, format="mp4") as source,
        av.open(target, "w", format="mp4", options=dict(_OPTIONS)) as file,
    ):
        pairs = {
            stream.index: file.add_stream_from_template(stream, opaque=True)
            for stream in source.streams
        }
        captions = deque(_packets(file, text) if text else ())
        for packet in source.demux():
            if packet.dts is None:
                continue
            packet.stream = pairs[packet.stream_index]
            while captions and _seconds(captions[0]) <= _seconds(packet):
                file.mux(captions.popleft())
            file.mux(packet)
        file.mux(list(captions))


def _packets(file: OutputContainer, text: TextTrack) -> "list[Packet[Any]]":
    """The cues as packets of a new stream of the file."""
    stream: Any = file.add_stream("mov_text")
    stream.metadata["language"] = text.language
    stream.time_base = stream.codec_context.time_base = _CLOCK
    # FFmpeg's encoder opens with a header in the language of SSA; from it comes the track's style.
    stream.codec_context.subtitle_header = b"[Script Info]\nScriptType: v4.00+\n"
    packets = []
    for cue in text.cues:
        packet: Packet[Any] = Packet(to_timed_text(cue))
        packet.pts = packet.dts = cue.start
        packet.duration, packet.time_base = cue.end - cue.start, _CLOCK
        packet.stream = stream
        packets.append(packet)
    return packets


def _seconds(packet: "Packet[Any]") -> Fraction:
    return Fraction(packet.dts or 0) * Fraction(packet.time_base or 1)
