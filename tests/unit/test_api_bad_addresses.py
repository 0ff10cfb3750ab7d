"""An id that nothing has, and a bad question to a list, are refused by one clear sentence."""

import httpx
import pytest

from tests.conftest import check_refusal


@pytest.mark.parametrize("path", ["videos", "avatars", "voices"])
@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=" + "9" * 5000,
        "order=up",
        "after=none",
        "after=%00",
    ],
)
async def test_a_bad_question_to_a_list_is_refused(
    client: httpx.AsyncClient, path: str, query: str
) -> None:
    answer = await client.get(f"/v1/{path}?{query}")
    check_refusal(answer, "invalid_request", query.split("=")[0])


@pytest.mark.parametrize("name", ["none", "vid_none", "%00", "..%2f..", "a" * 3000, "%ff", "é"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/videos/{}"), ("DELETE", "/v1/videos/{}"), ("POST", "/v1/videos/{}/cancel"),
        ("GET", "/v1/videos/{}/content"), ("GET", "/v1/videos/{}/events"),
        ("GET", "/v1/avatars/{}"), ("DELETE", "/v1/avatars/{}"), ("GET", "/v1/avatars/{}/preview"),
        ("GET", "/v1/voices/{}"), ("DELETE", "/v1/voices/{}"), ("GET", "/v1/voices/{}/sample"),
    ],
)  # fmt: skip
async def test_what_is_not_there_is_not_found(
    client: httpx.AsyncClient, method: str, path: str, name: str
) -> None:
    answer = await client.request(method, path.format(name))
    check_refusal(answer, "not_found", None, 404)
