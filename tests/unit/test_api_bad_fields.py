"""A field that cannot be served is refused at once and by its name; nothing is left behind."""

import json
from string import ascii_letters
from typing import Any

import httpx
import pytest

from serve.api.services import Services
from serve.jobs import records
from tests.conftest import Stored, check_refusal, nothing_is_left
from tests.fakes import FakeStages

OK: dict[str, Any] = {"avatar": "mira", "text": "Hello."}

JSON_TABLE: list[tuple[str, Any, str, str | None]] = [
    ("nothing", {}, "invalid_request", "avatar"),
    ("no face", {"text": "Hi."}, "invalid_request", "avatar"),
    ("two faces", OK | {"avatar_prompt": "a man"}, "invalid_request", "avatar_prompt"),
    ("no speech", {"avatar": "mira"}, "invalid_request", "text"),
    ("a file's name", OK | {"audio": "hello.wav"}, "invalid_request", "audio"),
    ("a link", {"text": "Hi.", "avatar_image": "//x/y"}, "invalid_request", "avatar_image"),
    ("empty text", OK | {"text": ""}, "empty_text", "text"),
    ("blank text", OK | {"text": " \n\t "}, "empty_text", "text"),
    ("emoji only", OK | {"text": "😀🎉👍"}, "empty_text", "text"),
    ("100,000 characters", OK | {"text": "word " * 20_000}, "text_too_long", "text"),
    ("100,000 emoji", OK | {"text": "😀" * 100_000}, "text_too_long", "text"),
    ("unknown voice", OK | {"voice": "nobody"}, "unknown_voice", "voice"),
    ("unknown language", OK | {"language": "tlh"}, "unknown_voice", "language"),
    ("voice of another", OK | {"voice": "jun", "language": "en"}, "invalid_request", "language"),
    ("unknown avatar", OK | {"avatar": "nobody"}, "unknown_avatar", "avatar"),
    ("a path as avatar", OK | {"avatar": "../../etc/passwd"}, "unknown_avatar", "avatar"),
    ("empty avatar", OK | {"avatar": ""}, "invalid_request", "avatar"),
    ("text is a number", OK | {"text": 5}, "invalid_request", "text"),
    ("text is a list", OK | {"text": ["Hi."]}, "invalid_request", "text"),
    ("speed is a word", OK | {"speed": "fast"}, "invalid_request", "speed"),
    ("speed too high", OK | {"speed": 9}, "invalid_request", "speed"),
    ("speed without end", OK | {"speed": 10**400}, "invalid_request", "speed"),
    ("negative seed", OK | {"seed": -1}, "invalid_request", "seed"),
    ("endless seed", OK | {"seed": 10**4000}, "invalid_request", "seed"),
    ("broken seed", OK | {"seed": 1.5}, "invalid_request", "seed"),
    ("odd size", OK | {"size": "511x512"}, "invalid_request", "size"),
    ("tiny size", OK | {"size": "64x64"}, "invalid_request", "size"),
    ("giant size", OK | {"size": "4096x4096"}, "invalid_request", "size"),
    ("size in words", OK | {"size": "big"}, "invalid_request", "size"),
    ("23 frames", OK | {"fps": 23}, "invalid_request", "fps"),
    ("fps is null", OK | {"fps": None}, "invalid_request", "fps"),
    ("fps is true", OK | {"fps": True}, "invalid_request", "fps"),
    ("life is a word", OK | {"life": "yes"}, "invalid_request", "life"),
    ("face of no picture", OK | {"face_index": 0}, "invalid_request", "face_index"),
    ("words of no recording", OK | {"transcript": "Hi."}, "invalid_request", "transcript"),
    ("captions in words", OK | {"caption_track": "de"}, "invalid_request", "caption_track"),
    ("unknown field", OK | {"colour": "red"}, "invalid_request", "colour"),
    ("not yet there", OK | {"webhook_url": "https://x"}, "invalid_request", "webhook_url"),
    ("metadata is a word", OK | {"metadata": "x"}, "invalid_request", "metadata"),
    ("metadata of numbers", OK | {"metadata": {"a": 1}}, "invalid_request", "metadata"),
    ("52 keys", OK | {"metadata": dict.fromkeys(ascii_letters, "")}, "invalid_request", "metadata"),
    ("long metadata", OK | {"metadata": {"a": "x" * 513}}, "invalid_request", "metadata"),
    ("NUL", OK | {"text": "a\0b"}, "invalid_request", "text"),
    ("NUL in metadata", OK | {"metadata": {"a": "\0"}}, "invalid_request", "metadata"),
    ("empty prompt", {"text": "Hi.", "avatar_prompt": ""}, "invalid_request", "avatar_prompt"),
    ("long prompt", {"text": "H", "avatar_prompt": "x" * 1001}, "invalid_request", "avatar_prompt"),
    ("a list", [], "invalid_request", None),
    ("a string", "x", "invalid_request", None),
    ("null", None, "invalid_request", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "code", "param"), [row[1:] for row in JSON_TABLE], ids=[row[0] for row in JSON_TABLE]
)
async def test_bad_fields_are_refused_by_name(
    client: httpx.AsyncClient, stored: Stored, body: Any, code: str, param: str | None
) -> None:
    raw = json.dumps(body) if not _endless(body) else _spell(body)
    answer = await client.post(
        "/v1/videos", content=raw, headers={"content-type": "application/json"}
    )
    check_refusal(answer, code, param)
    await nothing_is_left(client, stored)


def _endless(body: Any) -> bool:
    return isinstance(body, dict) and any(isinstance(v, int) and v > 10**300 for v in body.values())


def _spell(body: dict[str, Any]) -> str:
    """JSON with a number that Python's own writer refuses to spell."""
    words = {
        k: f"1{'0' * 4000}" if isinstance(v, int) and v > 1 else json.dumps(v)
        for k, v in body.items()
    }
    return "{" + ",".join(f'"{k}": {v}' for k, v in words.items()) + "}"


@pytest.mark.parametrize("body", [{}, {"prompt": ""}, {"prompt": "x", "image": "y"}, {"name": "x"},
                                  {"prompt": "x", "face_index": 0}, {"prompt": "x", "name": ""},
                                  {"prompt": "x", "name": "x" * 81}, {"prompt": 5}])  # fmt: skip
async def test_an_avatar_of_nothing_is_refused(
    client: httpx.AsyncClient, stages: FakeStages, body: dict[str, Any]
) -> None:
    answer = await client.post("/v1/avatars", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_request"
    assert stages.calls == []


async def test_no_refusal_reaches_the_records(
    client: httpx.AsyncClient, services: Services, stages: FakeStages
) -> None:
    for _, body, _, _ in JSON_TABLE[:12]:
        await client.post("/v1/videos", json=body)
    assert await records.counts(services.database) == {"queued": 0, "in_progress": 0}
    assert stages.nudged == []
