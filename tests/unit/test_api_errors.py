"""Every error has one shape and a status of its own; a fault of ours tells nothing but its id."""

import logging
import sqlite3
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import event

from media.errors import RETRYABLE, AvatarError
from serve.api.app import create_app
from serve.api.errors import error_response
from serve.api.services import Services
from serve.storage.artifacts import open_artifacts
from tests.fakes import FakeStages
from tests.s3 import credentials

SPOKEN = {"avatar": "mira", "text": "The secret words."}


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        (("no_face", "many_faces", "face_too_small", "unreadable_image", "unreadable_audio"), 422),
        (("silent_audio", "empty_text", "text_too_long", "unknown_voice"), 422),
        (("unknown_avatar", "unsafe_image", "invalid_request"), 422),
        (("too_large",), 413), (("unauthorized",), 401), (("not_found",), 404),
        (("idempotency_conflict", "not_finished"), 409), (("rate_limited", "too_many_jobs"), 429),
        (("overloaded", "weights_missing"), 503), (("internal",), 500),
    ],
)  # fmt: skip
def test_every_code_has_its_status(codes: tuple[str, ...], status: int) -> None:
    for code in codes:
        assert error_response(AvatarError(code, "So.")).status_code == status


def test_no_code_of_the_taxonomy_is_forgotten() -> None:
    statuses = {code: error_response(AvatarError(code, "So.")).status_code for code in RETRYABLE}
    assert {code for code, status in statuses.items() if status >= 500} == {
        "overloaded", "weights_missing", "internal",
    }  # fmt: skip


def test_details_stand_beside_the_message_and_never_replace_it() -> None:
    error = AvatarError("many_faces", "Two.", details={"faces": [1], "message": "forged"})
    body = error_response(error).body
    assert b'"faces":[1]' in bytes(body)
    assert b"forged" not in bytes(body)


async def test_a_fault_of_our_own_tells_only_the_requests_id(
    client: httpx.AsyncClient, stages: FakeStages, caplog: pytest.LogCaptureFixture
) -> None:
    stages.failures["check_text"] = ZeroDivisionError("The secret words.")
    with caplog.at_level(logging.DEBUG):
        answer = await client.post("/v1/videos", json=SPOKEN)
    assert answer.status_code == 500
    error = answer.json()["error"]
    assert (error["code"], error["retryable"]) == ("internal", True)
    assert error["request_id"] == answer.headers["x-request-id"]
    assert "ZeroDivision" not in answer.text
    assert "secret" not in answer.text
    ours = [record for record in caplog.records if record.name.startswith("serve.")]
    told = "\n".join(record.getMessage() for record in ours)
    assert error["request_id"] in told
    assert "ZeroDivisionError" in told
    assert "fakes.py" in told  # where it happened
    assert not any("secret" in record.getMessage() for record in caplog.records)


async def test_a_store_that_is_away_is_told_to_come_again(
    services: Services, stages: FakeStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in credentials("http://127.0.0.1:1").items():
        monkeypatch.setenv(name, value)
    away = replace(services, artifacts=open_artifacts("s3://bucket"))
    transport = httpx.ASGITransport(create_app(away, access="open"), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.post("/v1/videos", json=SPOKEN)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    error = answer.json()["error"]
    assert (error["code"], error["retryable"]) == ("overloaded", True)
    assert "127.0.0.1" not in answer.text


async def test_a_database_that_is_away_is_told_to_come_again(
    client: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise error

    event.listen(services.database.engine.sync_engine, "before_cursor_execute", away)
    answer = await client.get("/v1/videos")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "overloaded"
    event.remove(services.database.engine.sync_engine, "before_cursor_execute", away)
    assert (await client.get("/v1/videos")).status_code == 200


async def test_an_internal_error_of_a_stage_keeps_its_words_to_itself(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    stages.failures["check_text"] = AvatarError("internal", "Pointer 0x3 in line 7 of x.py.")
    answer = await client.post("/v1/videos", json=SPOKEN)
    assert answer.status_code == 500
    assert "Pointer" not in answer.text


async def test_every_answer_carries_a_request_id(client: httpx.AsyncClient) -> None:
    first = (await client.get("/healthz")).headers["x-request-id"]
    second = (await client.get("/v1/nothing")).headers["x-request-id"]
    assert first != second
    given = await client.get("/healthz", headers={"x-request-id": "abc-1"})
    assert given.headers["x-request-id"] == "abc-1"


@pytest.mark.parametrize("forged", ["a b", "x" * 65, "<script>", "é".encode("latin-1"), ""])
async def test_a_request_id_that_could_do_harm_is_replaced(
    client: httpx.AsyncClient, forged: str
) -> None:
    answer = await client.get("/healthz", headers={"x-request-id": forged})
    assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    "path", ["/v1", "/v2/videos", "/v1/videos/", "/v1/videos/a/b", "/index.html"]
)
async def test_an_unknown_address_answers_in_the_same_shape(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "path", "taken"),
    [
        ("PUT", "/v1/videos", "GET, POST"),
        ("POST", "/healthz", "GET"),
        ("PATCH", "/v1/videos/x", "GET, DELETE"),
        ("OPTIONS", "/v1/videos/x/content", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_answers_in_the_same_shape_and_tells_all_right_ones(
    client: httpx.AsyncClient, method: str, path: str, taken: str
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == 405
    error = answer.json()["error"]
    assert error["code"] == "invalid_request"
    assert method in error["message"]
    assert answer.headers["allow"] == taken


async def test_a_stage_that_does_not_answer_in_time_is_an_overload(
    client: httpx.AsyncClient, stages: FakeStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.api.examine.STAGE_SECONDS", 0.1)
    stages.delays["check_text"] = 5
    answer = await client.post("/v1/videos", json=SPOKEN)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "overloaded"


async def test_each_refusal_is_told_by_its_code(services: Services, stages: FakeStages) -> None:
    codes: list[str] = []
    transport = httpx.ASGITransport(create_app(services, refused=codes.append, access="open"))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.post("/v1/videos", json=SPOKEN)).status_code == 202
        assert not codes
        await client.post("/v1/videos", json=SPOKEN | {"avatar": "nobody"})
        await client.post("/v1/videos", json=SPOKEN | {"text": 7})
        await client.get("/v1/nothing")
        await client.post("/v1/audio/speech", json={})  # as OpenAI's clients are answered
        stages.failures["check_text"] = RuntimeError("secret")
        await client.post("/v1/videos", json=SPOKEN)
    assert codes == [
        "unknown_avatar", "invalid_request", "not_found", "invalid_request", "internal",
    ]  # fmt: skip
