"""Requests for painted pictures."""

from typing import Any

import httpx

PATH = "/v1/images/generations"


def generate(client: httpx.AsyncClient, **fields: Any) -> Any:
    key = fields.pop("key", None)
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(PATH, json={"prompt": "redhead wizard"} | fields, headers=headers)


async def painted(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await generate(client, **fields)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told
