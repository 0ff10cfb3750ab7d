"""Who is let in, and what of whom they reach: every route, generated from the application."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from serve.api.app import create_app
from serve.jobs import access_keys
from serve.jobs.models import AccessKey
from tests.conftest import check_refusal
from tests.unit.access.keyed import Keyed

OPEN = {
    *(("GET", "/"), ("GET", "/web/{name}"), ("GET", "/watch/{video_id}")),
    *(("GET", "/healthz"), ("GET", "/readyz")),
    *(("GET", "/docs"), ("GET", "/docs/{name}"), ("GET", "/openapi.json")),
    ("GET", "/v1/images/{image_id}/{file}"),
    ("DELETE", "/v1/session"),  # has a browser forget what it holds
}
"""What answers without a key. A new route is closed, or is named here on purpose."""

NOBODYS = {"video_id": "vid_none", "avatar_id": "avt_none", "voice_id": "voice_none"}


def routes() -> list[tuple[str, str]]:
    """Method and path of all that the application answers, documented or not."""

    def below(router: Any) -> Iterator[tuple[str, str]]:
        for route in router.routes:
            if inner := getattr(route, "original_router", None):
                yield from below(inner)
            for method in getattr(route, "methods", None) or ():
                yield method, route.path

    app = create_app(lambda: None)  # type: ignore[arg-type,return-value]  # never opened
    return sorted({(m, p) for m, p in below(app) if m != "HEAD"})


ROUTES = routes()
NAMED = [
    (m, p) for m, p in ROUTES if (m, p) not in OPEN and any(f"{{{name}}}" in p for name in NOBODYS)
]


def filled(path: str, names: dict[str, str]) -> str:
    for name, value in {**names, "attempt": "1", "n": "0", "name": "app.js"}.items():
        path = re.sub(rf"\{{{name}(:int)?\}}", value, path)
    return path


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_every_address_but_the_open_ones_wants_a_key(
    keyed: Keyed, method: str, path: str
) -> None:
    answer = await keyed.http.request(method, filled(path, NOBODYS))
    if (method, path) in OPEN:
        assert answer.status_code not in (401, 403)
    elif (method, path) == ("POST", "/v1/session"):
        check_refusal(answer, "invalid_request", None)  # the key is its body
    else:
        check_refusal(answer, "unauthorized", None, 401)
        assert path == "/v1/session" or answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), NAMED)
async def test_what_is_another_owners_is_as_if_it_were_not_there(
    keyed: Keyed, theirs: dict[str, str], method: str, path: str
) -> None:
    mine, their = await keyed.key("me"), await keyed.key("them")
    address = filled(path, theirs)
    hidden = await keyed.http.request(method, address, headers=mine)
    missing = filled(path, NOBODYS)
    nothing = await keyed.http.request(method, missing, headers=mine)
    assert hidden.status_code == nothing.status_code == 404
    assert hidden.json() == nothing.json()
    shown = await keyed.http.request(method, address, headers=their)
    assert shown.status_code not in (401, 403)
    if shown.status_code == 404:  # a part that this video has not, such as captions
        assert shown.json() != nothing.json()


async def test_lists_hold_ones_own_alone(keyed: Keyed, theirs: dict[str, str]) -> None:
    mine, their = await keyed.key("me"), await keyed.key("them")
    for path in ("/v1/videos", "/v1/avatars", "/v1/voices"):
        seen = [
            {row["id"] for row in (await keyed.http.get(path, headers=key)).json()["data"]}
            for key in (mine, their)
        ]
        assert len(seen[1] - seen[0]) == 1
        assert not seen[0] & set(theirs.values())


@pytest.mark.parametrize(("method", "path"), [r for r in ROUTES if r not in OPEN])
async def test_a_key_that_may_read_changes_nothing(keyed: Keyed, method: str, path: str) -> None:
    reads = await keyed.key("me", "read")
    answer = await keyed.http.request(method, filled(path, NOBODYS), headers=reads)
    if method == "GET" or path == "/v1/session":
        assert answer.status_code not in (401, 403)
    else:
        check_refusal(answer, "forbidden", None, 403)


async def test_an_admins_key_reaches_what_anybody_has_and_lists_its_own(
    keyed: Keyed, theirs: dict[str, str]
) -> None:
    admin = await keyed.key("us", "admin")
    video = theirs["video_id"]
    assert (await keyed.http.get("/v1/videos", headers=admin)).json()["data"] == []
    assert (await keyed.http.get(f"/v1/videos/{video}", headers=admin)).status_code == 200
    removed = await keyed.http.delete(f"/v1/videos/{video}", headers=admin)
    assert removed.json()["deleted"] is True


async def test_two_keys_of_one_owner_share_all(keyed: Keyed, theirs: dict[str, str]) -> None:
    for _ in range(2):
        key = await keyed.key("them")
        seen = (await keyed.http.get("/v1/videos", headers=key)).json()["data"]
        assert [row["id"] for row in seen] == [theirs["video_id"]]


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer avk_x_y", "Basic YTpi", "avk", "Bearer " + "a" * 5000],
)
async def test_what_is_no_key_is_refused(keyed: Keyed, header: str) -> None:
    answer = await keyed.http.get("/v1/videos", headers={"authorization": header})
    check_refusal(answer, "unauthorized", None, 401)


async def test_a_key_with_another_secret_is_refused(keyed: Keyed) -> None:
    good = await keyed.key("me")
    text = good["authorization"]
    wrong = text[:-1] + ("A" if text[-1] != "A" else "B")
    assert (await keyed.http.get("/v1/videos", headers=good)).status_code == 200
    answer = await keyed.http.get("/v1/videos", headers={"authorization": wrong})
    check_refusal(answer, "unauthorized", None, 401)


async def test_revoked_and_ended_keys_let_nobody_in(keyed: Keyed) -> None:
    database = keyed.services.database
    revoked, ended = await keyed.key("me"), await keyed.key("me", stands=-1)
    assert (await keyed.http.get("/v1/videos", headers=revoked)).status_code == 200
    for kept in await access_keys.everyone(database):
        await access_keys.revoke(database, kept.id)
    for key in (revoked, ended):
        check_refusal(
            await keyed.http.get("/v1/videos", headers=key), "unauthorized", None, status=401
        )


async def test_no_more_than_a_hash_of_a_key_is_kept(keyed: Keyed) -> None:
    text = (await keyed.key("me"))["authorization"].removeprefix("Bearer ")
    secret = text.rpartition("_")[2]
    async with keyed.services.database.read() as session:
        (kept,) = await access_keys.everyone(keyed.services.database)
        assert isinstance(kept, AccessKey)
        assert await session.get(AccessKey, kept.id) is not None
    files = [p for p in keyed.services.settings.data_dir.rglob("*") if p.is_file()]
    assert files
    assert all(secret.encode() not in path.read_bytes() for path in files)


async def test_a_link_opens_its_video_without_a_key_and_nothing_else(
    keyed: Keyed, theirs: dict[str, str]
) -> None:
    their = await keyed.key("them")
    video = theirs["video_id"]
    shared = await keyed.http.post(f"/v1/videos/{video}/share", headers=their)
    url = shared.json()["urls"]["video"]
    assert (await keyed.http.get(url)).status_code == 200
    link = url.rpartition("link=")[2]
    for method, path in ROUTES:
        address = filled(path, theirs)
        if (method, path) in OPEN or method == "POST" or "/{video_id}/" in path:
            continue
        answer = await keyed.http.request(method, address, params={"link": link})
        check_refusal(answer, "unauthorized", None, 401)
