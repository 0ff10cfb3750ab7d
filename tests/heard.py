"""What a player hears of a file of speech."""

import io

import av
import numpy as np

from media.pcm import from_pcm
from media.sound import Samples


def heard(name: str, data: bytes) -> tuple[int, Samples]:
    """Sample rate and samples of a file in one of the formats of speech, decoded by FFmpeg."""
    if name == "pcm":
        return 24_000, from_pcm(data)
    with av.open(io.BytesIO(data)) as file:
        stream = file.streams.audio[0]
        assert stream.channels == 1
        form = av.AudioResampler("flt", "mono", stream.rate)
        frames = [out for frame in file.decode(stream) for out in form.resample(frame)]
        return stream.rate, np.concatenate([frame.to_ndarray()[0] for frame in frames])
