"""Bodies of requests: forms and JSON."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from media.errors import AvatarError
from serve.api.schemas import AvatarRequest, VideoRequest
from serve.api.uploads import Upload, received
from tests.fuzz.target import Target

LIMIT = 4_096
FORM = "multipart/form-data; boundary=b"
LOOP = asyncio.new_event_loop()


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as far as bodies are read from it."""

    headers: Mapping[str, str]
    pieces: tuple[bytes, ...]

    async def stream(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece


def one_input(data: bytes) -> bool:
    """The first byte chooses the kind, and in how large pieces it comes."""
    if not data:
        return False
    return LOOP.run_until_complete(_receive(data[0], data[1:]))


async def _receive(choice: int, body: bytes) -> bool:
    kind = "application/json" if choice & 1 else FORM
    size = (1, 7, 64, LIMIT)[choice >> 1 & 3]
    pieces = tuple(body[n : n + size] for n in range(0, len(body), size))
    request: Any = Sent({"content-type": kind}, pieces)
    files: list[Upload] = []
    try:
        async with received(request, files=("avatar_image", "audio", "image"), limit=LIMIT) as got:
            files += [value for value in got.values.values() if isinstance(value, Upload)]
            assert all(os.fstat(file.file.fileno()).st_size == file.size for file in files)
            got.parse(VideoRequest if choice & 8 else AvatarRequest)
    except AvatarError as error:
        assert error.code in ("invalid_request", "too_large")
        assert len(error.message) < 400
        return False
    finally:
        assert all(file.file.closed for file in files)
    return True


def _form(*fields: tuple[str, str]) -> bytes:
    parts = [f"--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n"
             for head, body in fields]  # fmt: skip
    return ("".join(parts) + "--b--\r\n").encode()


def seeds() -> list[bytes]:
    """Good ones, in pieces of all sizes."""
    form = _form(
        ('name="text"', "Hello."),
        ('name="avatar"', "mira"),
        ('name="metadata"', '{"a": "b"}'),
    )
    upload = _form(('name="image"; filename="me.png"', "\x89PNG"), ('name="name"', "Me"))
    word = b'{"text": "Hi.", "avatar": "mira", "speed": 1.5, "seed": 7, "metadata": {"a": "b"}}'
    return [
        *(bytes([size << 1 | 8]) + form for size in range(4)),
        *(bytes([size << 1]) + upload for size in range(4)),
        *(bytes([size << 1 | 9]) + word for size in range(4)),
        b"\x01" + b'{"prompt": "a man", "name": "x"}',
    ]


TOKENS = (
    *(b"--b\r\n", b"--b--\r\n", b"Content-Disposition: form-data; ", b'name="', b'filename="'),
    *(b"filename*=utf-8''", b"\r\n\r\n", b"Content-Transfer-Encoding: base64", b"Content-Type: "),
    *(
        b'"text"',
        b'"avatar"',
        b'"audio"',
        b'"image"',
        b"null",
        b"true",
        b"1e999",
        b"NaN",
        b"\\ud800",
    ),
    *(b"[[[[", b'{"', b'"size"', b'"fps"', b"29.97", b"1280x720"),
)

TARGET = Target(one_input, seeds, limit=2.0, tokens=TOKENS)
