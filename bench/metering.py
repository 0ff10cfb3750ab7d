"""Loudness and true peak as FFmpeg's ebur128 filter measures them: not by our own code."""

import io

import av
import numpy as np

from deployments.encode import aac
from media.sound import Sound


def coded(sound: Sound) -> Sound:
    """What a player hears of 48 kHz sound: through AAC and back, in time with it."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as file:
        stream = aac.add_stream(file)
        file.start_encoding()
        for packet in aac.packets(stream.codec_context, sound, 0, len(sound.samples), last=True):
            packet.stream = stream
            file.mux(packet)
    buffer.seek(0)
    with av.open(buffer) as source:
        decoded = np.concatenate([frame.to_ndarray()[0] for frame in source.decode(audio=0)])
    return Sound(decoded[: len(sound.samples)], sound.rate)


def meter(sound: Sound) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP (EBU R 128, Tech 3341)."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        sample_rate=sound.rate, format="flt", layout="mono", time_base=f"1/{sound.rate}"
    )
    # Mono is measured as the recommendation defines one channel; R 128's dual mono adds 3 dB.
    filters = graph.add("ebur128", "peak=true:metadata=1")
    sink = graph.add("abuffersink")
    source.link_to(filters)
    filters.link_to(sink)
    graph.configure()
    # The meter speaks in steps of 0.1 s, and gates blocks of 0.4 s.
    padded = np.concatenate([sound.samples, np.zeros(sound.rate // 2, np.float32)])
    frame = av.AudioFrame.from_ndarray(padded[np.newaxis], "flt", "mono")
    frame.sample_rate, frame.pts = sound.rate, 0
    graph.push(frame)
    graph.push(None)
    loudness, peak = -np.inf, 0.0
    while True:
        try:
            seen = graph.pull().metadata
        except (av.error.EOFError, av.error.BlockingIOError):
            return loudness, 20 * float(np.log10(peak)) if peak else -np.inf
        loudness = float(seen.get("lavfi.r128.I", loudness))
        peak = max(peak, float(seen.get("lavfi.r128.true_peak", 0.0)))
