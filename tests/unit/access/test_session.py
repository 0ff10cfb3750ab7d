"""A browser signs in by a key, and is safe from other pages."""

from tests.conftest import check_refusal
from tests.unit.access.keyed import Keyed


async def test_a_browser_signs_in_and_out(keyed: Keyed) -> None:
    text = (await keyed.key("me"))["authorization"].removeprefix("Bearer ")
    answer = await keyed.http.post("/v1/session", json={"key": f" {text}\n"})
    assert answer.json()["scope"] == "write"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert (await keyed.http.get("/v1/videos")).status_code == 200
    assert (await keyed.http.get("/v1/session")).json()["name"] == "a key"
    await keyed.http.delete("/v1/session")
    assert (await keyed.http.get("/v1/videos")).status_code == 401


async def test_behind_tls_the_cookie_never_goes_out_in_the_clear(keyed: Keyed) -> None:
    text = (await keyed.key("me"))["authorization"].removeprefix("Bearer ")
    answer = await keyed.http.post("https://test/v1/session", json={"key": text})
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_another_pages_scripts_change_nothing_by_a_browsers_cookie(
    keyed: Keyed, theirs: dict[str, str]
) -> None:
    text = (await keyed.key("them"))["authorization"].removeprefix("Bearer ")
    await keyed.http.post("/v1/session", json={"key": text})
    address = f"/v1/videos/{theirs['video_id']}"
    for origin in ("http://evil.test", "http://test:8001", "null"):
        answer = await keyed.http.delete(address, headers={"origin": origin})
        check_refusal(answer, "forbidden", None, 403)
    answer = await keyed.http.delete(address, headers={"origin": "http://test"})
    assert answer.status_code == 200
