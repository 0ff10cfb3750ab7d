"""The sound track as AAC packets on an absolute grid of 1,024 samples.

Packet p of the track, decoded, gives the samples [1024 (p - 1), 1024 p): packet 0 is the encoder's
priming (its presentation time is -1024). A segment codes PREROLL packets more than it owns and
drops them, so that its packets are those of one long pass (the filter bank's overlap and the
encoder's adaptive state have settled).
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.container import OutputContainer
from av.packet import Packet

from media.aac import OPTIONS
from media.sound import Samples, Sound
from media.timegrid import SOUND_RATE

PACKET = 1024
"""Samples a packet."""

PREROLL = 8
"""Packets coded and dropped before a segment's own: two are not enough, eight are (measured)."""

BIT_RATE = 96_000


def owned(first: int, stop: int) -> tuple[int, int]:
    """Packets [p, q) that belong to the samples [first, stop) of a segment."""
    begin = 0 if first == 0 else -(-first // PACKET) + 1
    end = -(-stop // PACKET) + 1
    return begin, max(begin, end)


def add_stream(file: OutputContainer) -> av.AudioStream:
    """The sound's stream of a new file."""
    stream = file.add_stream("aac", rate=SOUND_RATE, layout="mono", options=dict(OPTIONS))
    stream.bit_rate = BIT_RATE
    return stream


def packets(
    encoder: AudioCodecContext, sound: Sound, first: int, stop: int, last: bool
) -> "list[Packet[Any]]":
    """The packets that the samples [first, stop) own, times in samples of the track.

    `sound` must reach PREROLL + 1 packets before `first` and two packets past `stop`, or to the
    track's ends. The last packet of the track is shortened to end with its samples.
    """
    begin, end = owned(first, stop)
    origin = max(0, begin - 1 - PREROLL)
    samples = sound.window(origin * PACKET, stop if last else end * PACKET).samples
    coded = [packet for block in _blocks(samples) for packet in encoder.encode(block)]
    coded += encoder.encode(None)
    kept = coded[begin - origin : end - origin]
    for number, packet in enumerate(kept, begin):
        packet.pts = packet.dts = (number - 1) * PACKET
        packet.duration = PACKET
        packet.time_base = Fraction(1, SOUND_RATE)
    if last and kept:
        kept[-1].duration = min(PACKET, max(1, stop - int(kept[-1].pts or 0)))
    return kept


def _blocks(samples: Samples) -> Iterator[av.AudioFrame]:
    for at in range(0, len(samples), PACKET):
        block = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[None, at : at + PACKET]), format="fltp", layout="mono"
        )
        block.sample_rate = SOUND_RATE
        block.pts = at
        block.time_base = Fraction(1, SOUND_RATE)
        yield block
