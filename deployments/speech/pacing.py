"""Speech faster or slower at the same pitch, for networks that know one pace only."""

from fractions import Fraction

import av
import numpy as np

from media.sound import Samples


def paced(samples: Samples, rate: int, speed: float) -> Samples:
    """Mono samples said `speed` times as fast (0.5 to 2), by FFmpeg's `atempo`.

    The filter overlaps and adds stretches where they fit each other best (WSOLA). The same samples
    give the same result.
    """
    if speed == 1.0 or not len(samples):
        return samples
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        sample_rate=rate, format="flt", layout="mono", time_base=Fraction(1, rate)
    )
    tempo = graph.add("atempo", f"{speed:.4f}")
    sink = graph.add("abuffersink")
    source.link_to(tempo)
    tempo.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(samples, np.float32)[None], format="flt", layout="mono"
    )
    frame.sample_rate = rate
    frame.pts = 0
    graph.push(frame)
    graph.push(None)
    out: list[Samples] = []
    while True:
        try:
            pulled = graph.pull()
        except (av.error.EOFError, av.error.BlockingIOError):
            break
        out.append(np.asarray(pulled.to_ndarray(), np.float32).ravel())
    return np.concatenate(out) if out else np.zeros(0, np.float32)
