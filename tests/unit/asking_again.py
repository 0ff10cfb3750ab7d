"""Creating calls under an Idempotency-Key, and what is looked at after them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

VIDEO = {"avatar": "mira", "text": "Hello there."}
KEY = "7f2c9a52 / a key"


def post(
    client: httpx.AsyncClient, path: str = "/v1/videos", key: str = KEY, **request: Any
) -> Awaitable[httpx.Response]:
    request = request or {"json": VIDEO}
    return client.post(path, headers={"Idempotency-Key": key}, **request)


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110 - nothing tells of a call
            await asyncio.sleep(0.01)


async def videos(client: httpx.AsyncClient) -> list[str]:
    return [video["id"] for video in (await client.get("/v1/videos")).json()["data"]]


def is_replay(answer: httpx.Response) -> bool:
    return answer.headers.get("idempotent-replayed") == "true"
