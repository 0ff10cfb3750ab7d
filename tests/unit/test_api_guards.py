"""What every answer carries for browsers, and what slow clients get."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from media.errors import AvatarError
from serve.api.app import create_app
from serve.api.guards import BodyPatience
from serve.api.services import Services
from serve.settings import Settings

SHOP = "https://shop.example.com"


@pytest.fixture
async def embedded(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A service that another origin's pages may call."""
    transport = httpx.ASGITransport(create_app(services, cors_origins=[SHOP]))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


@pytest.mark.parametrize("path", ["/healthz", "/v1/videos", "/v1/videos/nothing", "/", "/docs"])
async def test_no_answer_can_be_framed_or_taken_for_another_type(
    client: httpx.AsyncClient, path: str
) -> None:
    headers = (await client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    if headers["content-type"] == "application/json":
        assert headers["content-security-policy"].startswith("default-src 'none'")


async def test_scripts_of_other_origins_are_let_in_nowhere(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/videos", headers={"origin": SHOP})
    assert not any(name.startswith("access-control") for name in answer.headers)


async def test_named_origins_may_call_with_a_key(embedded: httpx.AsyncClient) -> None:
    wanted = {
        "origin": SHOP,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, idempotency-key",
    }
    allowed = await embedded.options("/v1/videos", headers=wanted)
    assert allowed.headers["access-control-allow-origin"] == SHOP
    assert "access-control-allow-credentials" not in allowed.headers  # cookies stay at home
    refused = await embedded.get("/v1/videos", headers={"origin": SHOP})
    assert refused.status_code == 401  # and its words can be read
    assert refused.headers["access-control-allow-origin"] == SHOP
    other = await embedded.options("/v1/videos", headers=wanted | {"origin": "https://evil.test"})
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize("page", ["*", "shop.example.com", "https://shop.example.com/", "null"])
def test_only_whole_origins_can_be_named(page: str) -> None:
    with pytest.raises(ValidationError, match="origin such as"):
        Settings(cors_origins=[page])


async def taken(parts: list[tuple[float, bool]]) -> None:
    """Read a body of which each part comes after a pause, the last one saying so."""
    coming = iter(parts)

    async def receive() -> dict[str, Any]:
        pause, more = next(coming)
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": b"x", "more_body": more}

    async def send(message: object) -> None:
        raise AssertionError(message)

    async def app(scope: object, receive: Any, send: object) -> None:
        for _ in parts:
            await receive()

    patience = BodyPatience(app, pause=0.3, whole=0.6)
    await patience({"type": "http"}, receive, send)  # type: ignore[arg-type]  # as a server calls


async def test_a_body_that_stands_still_or_trickles_is_given_up() -> None:
    await taken([(0.0, True), (0.0, False), (1.0, False)])  # then waits for its answer
    for body in ([(0.0, True), (5.0, False)], [(0.1, True)] * 50):
        with pytest.raises(AvatarError) as caught:
            await taken(body)
        assert caught.value.code == "invalid_request"
