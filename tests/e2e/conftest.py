"""One server for all end-to-end tests."""

import io
import wave
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from deployments.speech.hibari import Hibari
from tests.receiver import SECRET
from tests.server import Server, running_server
from tests.weights import weights


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The embedded profile as it comes; webhooks may go to receivers of the tests' own."""
    with ExitStack() as running:
        with pytest.MonkeyPatch.context() as starting:
            starting.setenv("AVATAR_WEBHOOK_SECRET", SECRET)
            starting.setenv("AVATAR_WEBHOOK_HTTP", "true")
            starting.setenv("AVATAR_WEBHOOK_PRIVATE", "true")
            server = running.enter_context(running_server(tmp_path_factory.mktemp("data")))
        yield server


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
