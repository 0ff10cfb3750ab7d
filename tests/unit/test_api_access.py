"""Who is let in, and what of whom they reach: every route, generated from the application."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from serve.access.keys import Scope, new_key
from serve.api.app import create_app
from serve.api.services import Services
from serve.jobs import access_keys, avatars, records
from serve.jobs.models import AccessKey, Job, Voice
from serve.jobs.quotas import UNLIMITED, Quota
from tests.cloned import kept_voice
from tests.conftest import check_refusal
from tests.fakes import avatar, make_video, queue_job
from tests.fragments import claimed, commit

OPEN = {
    *(("GET", "/"), ("GET", "/web/{name}"), ("GET", "/watch/{video_id}")),
    *(("GET", "/healthz"), ("GET", "/readyz")),
    *(("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/v1/images/{image_id}/{file}")),
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


@dataclass(frozen=True)
class Keyed:
    """The application behind its gate, and keys to it."""

    http: httpx.AsyncClient
    services: Services

    async def key(
        self,
        owner: str,
        scope: Scope = "write",
        quota: Quota = UNLIMITED,
        stands: float | None = None,
    ) -> dict[str, str]:
        """The header of a new key."""
        made = new_key()
        await access_keys.create(
            self.services.database,
            key_id=made.id,
            digest=made.digest,
            name="a key",
            scope=scope,
            owner=owner,
            quota=quota,
            stands=stands,
        )
        return {"authorization": f"Bearer {made.text}"}


@pytest.fixture
async def keyed(services: Services) -> AsyncIterator[Keyed]:
    app: FastAPI = create_app(services, access="keys")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    ) as opened:
        yield Keyed(opened, services)


@pytest.fixture
async def theirs(keyed: Keyed) -> dict[str, str]:
    """A video, an avatar and a voice of the owner "them": their ids."""
    database = keyed.services.database
    job = await queue_job(database)
    await make_video(keyed.services, job)
    voice = await kept_voice(database, keyed.services.artifacts)
    picture = avatar("avt_theirs", listed=True)
    picture.owner = "them"
    await avatars.add(database, picture)
    async with database.write() as session:
        row = await session.get(Job, job)
        spoken = await session.get(Voice, voice)
        assert row is not None
        assert spoken is not None
        row.owner = spoken.owner = "them"
    return {"video_id": job, "avatar_id": picture.id, "voice_id": voice}


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


async def ask(keyed: Keyed, key: dict[str, str], text: str) -> httpx.Response:
    body = {"avatar": "ada", "text": text}
    return await keyed.http.post("/v1/videos", json=body, headers=key)


async def test_no_more_jobs_than_a_key_may_have_run_at_a_time(keyed: Keyed) -> None:
    key = await keyed.key("me", quota=Quota(active_jobs=1))
    first = await ask(keyed, key, "Hello.")
    assert first.status_code == 202
    again = await ask(keyed, key, "Hello.")
    check_refusal(again, "too_many_jobs", None, 429)
    assert int(again.headers["retry-after"]) > 0
    assert (await ask(keyed, await keyed.key("other"), "Hello.")).status_code == 202
    await keyed.http.post(f"/v1/videos/{first.json()['id']}/cancel", headers=key)
    assert (await ask(keyed, key, "Hello.")).status_code == 202


async def test_a_days_seconds_are_what_was_made_and_what_is_under_way(keyed: Keyed) -> None:
    key = await keyed.key("me", quota=Quota(seconds_a_day=10))
    ten = "word " * 20  # 99 characters: 6.6 s
    first = await ask(keyed, key, ten)
    assert first.status_code == 202
    session = (await keyed.http.get("/v1/session", headers=key)).json()
    assert session["used"] == {"seconds": 6.6, "active_jobs": 1}
    refused = await ask(keyed, key, ten)
    check_refusal(refused, "rate_limited", None, 429)
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    check_refusal(await ask(keyed, key, "word " * 40), "too_large", None, 413)
    await make_video(keyed.services, first.json()["id"])
    made = (await records.get(keyed.services.database, first.json()["id"])).result
    assert made is not None
    session = (await keyed.http.get("/v1/session", headers=key)).json()
    assert session["used"] == {"seconds": made["seconds"], "active_jobs": 0}


async def test_of_a_cancelled_video_what_was_published_counts(keyed: Keyed) -> None:
    key = await keyed.key("me", quota=Quota(seconds_a_day=10))
    job = (await ask(keyed, key, "word " * 20)).json()["id"]
    fence = await claimed(keyed.services, job)
    await commit(keyed.services, job, fence, 0)
    await keyed.http.post(f"/v1/videos/{job}/cancel", headers=key)
    used = (await keyed.http.get("/v1/session", headers=key)).json()["used"]
    assert 0 < used["seconds"] < 6.6
    assert used["active_jobs"] == 0
