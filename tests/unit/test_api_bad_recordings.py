"""Recordings that cannot be used are refused and leave nothing behind."""

from collections.abc import Callable

import httpx
import numpy as np
import pytest

from tests.conftest import Stored, check_refusal, nothing_is_left
from tests.fakes import png, tone, wav

SOUNDS: list[tuple[str, Callable[[], bytes], str, int]] = [
    ("empty", lambda: b"", "unreadable_audio", 422),
    ("text", lambda: b"not a recording " * 99, "unreadable_audio", 422),
    ("a picture", png, "unreadable_audio", 422),
    ("header only", lambda: wav(tone())[:44], "unreadable_audio", 422),
    ("truncated", lambda: wav(tone(4))[:20_000], "unreadable_audio", 422),
    ("silent", lambda: wav(np.zeros(32_000, np.float32)), "silent_audio", 422),
    ("over-long", lambda: wav(tone(25, 8000), 8000), "too_large", 413),
]


@pytest.mark.parametrize(
    ("make", "code", "status"), [row[1:] for row in SOUNDS], ids=[row[0] for row in SOUNDS]
)
async def test_a_recording_that_cannot_be_used_is_refused(
    client: httpx.AsyncClient, stored: Stored, make: Callable[[], bytes], code: str, status: int
) -> None:
    answer = await client.post(
        "/v1/videos", data={"avatar": "mira"}, files={"audio": ("a.wav", make())}
    )
    check_refusal(answer, code, "audio", status)
    await nothing_is_left(client, stored)
