"""Uploads that break off, and clients that leave, leave nothing."""

import asyncio
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from serve.api.app import create_app
from serve.api.services import Services
from tests.conftest import Stored, files_below
from tests.fakes import FakeStages, png, tone, wav


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def form(**files: bytes) -> tuple[bytes, dict[str, str]]:
    request = httpx.Request(
        "POST", "http://test/", data={"text": "Hi."}, files={k: ("x", v) for k, v in files.items()}
    )
    return request.read(), {"content-type": request.headers["content-type"]}


def scope(headers: dict[str, str]) -> dict[str, Any]:
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "path": "/v1/videos", "raw_path": b"/v1/videos", "query_string": b"", "root_path": "",
        "scheme": "http", "server": ("test", 80), "client": ("test", 1),
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
    }  # fmt: skip


def opened_in(folder: Path) -> set[str]:
    """What this process has open there, whether it has a name or not."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.add(os.readlink(descriptor))
    return {path for path in found if path.startswith(str(folder))}


async def test_a_client_that_leaves_mid_upload_leaves_nothing(
    services: Services, stored: Stored, temporary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    body, headers = form(avatar_image=png(900, 900))
    seen: list[set[str]] = []

    async def receive() -> dict[str, Any]:
        sent = len(seen)
        seen.append(opened_in(temporary))
        assert files_below(temporary) == set(), "a process that is killed now would leave it"
        if sent < 10:
            part = body[sent * 50_000 : (sent + 1) * 50_000]
            return {"type": "http.request", "body": part, "more_body": True}
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        pass

    with caplog.at_level(logging.INFO):
        await create_app(services, access="open")(scope(headers), receive, send)  # type: ignore[arg-type]  # ASGI
    assert any(seen), "the upload went through the temporary folder"
    assert opened_in(temporary) == set()
    assert files_below(temporary) == set()
    assert stored() == set()
    assert services.background.tasks == set()
    assert "Traceback" not in caplog.text


async def test_a_request_that_is_dropped_while_it_is_examined_leaves_nothing(
    services: Services, stages: FakeStages, stored: Stored, temporary: Path
) -> None:
    stages.delays["mesh"] = 30
    transport = httpx.ASGITransport(create_app(services, access="open"))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        asking = asyncio.create_task(
            client.post("/v1/videos", data={"text": "Hi."}, files={"avatar_image": ("x", png())})
        )
        async with asyncio.timeout(10):
            while "mesh" not in stages.calls:  # noqa: ASYNC110 - nothing tells of a call
                await asyncio.sleep(0.02)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert (await client.get("/v1/videos")).json()["data"] == []
    assert stored() == set()
    assert files_below(temporary) == set()


async def test_a_request_that_is_dropped_once_it_is_accepted_is_carried_through(
    services: Services, stages: FakeStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, reached = services.artifacts.put, asyncio.Event()

    async def slow_put(artifacts: Any, key: str, data: Any) -> None:
        reached.set()
        await asyncio.sleep(0.2)
        await put(key, data)

    monkeypatch.setattr(type(services.artifacts), "put", slow_put)
    transport = httpx.ASGITransport(create_app(services, access="open"))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        asking = asyncio.create_task(
            client.post("/v1/videos", data={"text": "Hi."}, files={"avatar_image": ("x", png())})
        )
        await reached.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        async with asyncio.timeout(10):
            while not stages.nudged:  # noqa: ASYNC110 - nothing tells of a call
                await asyncio.sleep(0.02)
        listed = (await client.get("/v1/videos")).json()["data"]
    assert [video["id"] for video in listed] == stages.nudged


@pytest.mark.parametrize("cut", [1, 7, 64, 1000, 65_536])
async def test_a_form_is_read_the_same_in_pieces_of_any_size(
    services: Services, temporary: Path, cut: int
) -> None:
    body, headers = form(avatar_image=png(40, 40), audio=wav(tone(0.1)))
    body = body.replace(b'name="text"', b'name="transcript"')

    async def pieces() -> Any:
        for first in range(0, len(body), cut):
            yield body[first : first + cut]

    transport = httpx.ASGITransport(create_app(services, access="open"))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.post("/v1/videos", content=pieces(), headers=headers)
    # Everything arrived whole: what is wrong is said about the recording's content.
    assert answer.json()["error"]["code"] == "silent_audio"
    assert files_below(temporary) == set()


async def test_an_empty_file_field_of_a_browser_counts_as_left_out(
    client: httpx.AsyncClient,
) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nHi.\r\n'
        b'--b\r\nContent-Disposition: form-data; name="avatar"\r\n\r\nmira\r\n'
        b'--b\r\nContent-Disposition: form-data; name="avatar_image"; filename=""\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n"
    )
    headers = {"content-type": "multipart/form-data; boundary=b"}
    assert (await client.post("/v1/videos", content=body, headers=headers)).status_code == 202


async def test_words_in_a_form_may_be_any_language(client: httpx.AsyncClient) -> None:
    form = {"text": "Grüße, 你好 — «мир»", "avatar": "mira"}
    answer = await client.post("/v1/videos", files={k: (None, v) for k, v in form.items()})
    assert answer.json()["speech"]["excerpt"] == form["text"]


async def test_a_form_that_breaks_off_is_refused_even_if_all_that_is_needed_came(
    client: httpx.AsyncClient,
) -> None:
    fields = {"avatar": "mira", "text": "Hi.", "speed": "1"}
    body = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{words}\r\n'
        for name, words in fields.items()
    )
    headers = {"content-type": "multipart/form-data; boundary=b"}
    cut = await client.post("/v1/videos", content=body[:-3].encode(), headers=headers)
    assert cut.status_code == 422
    whole = await client.post("/v1/videos", content=f"{body}--b--\r\n".encode(), headers=headers)
    assert whole.status_code == 202
