"""One server for all end-to-end tests."""

import io
import wave
from collections.abc import Iterator

import numpy as np
import pytest

from deployments.speech.hibari import Hibari
from tests.server import Server, running_server
from tests.weights import weights


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="package")
def recording() -> bytes:
    """A spoken sentence as a 22.05 kHz stereo WAV file."""
    voice = Hibari.load(weights("hibari-heart"), threads=1)
    samples = np.concatenate(
        [p.samples for p in voice.speak("This was recorded elsewhere.", "heart")]
    )
    slower = np.interp(
        np.arange(0, len(samples), 48_000 / 22_050), np.arange(len(samples)), samples
    )
    pcm = (np.repeat(slower, 2) * 32767).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(22_050)
        file.writeframes(pcm.tobytes())
    return out.getvalue()
