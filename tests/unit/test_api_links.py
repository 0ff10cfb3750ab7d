"""Signed links: what they open, for how long, and nothing else."""

import re
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from serve.access import links
from serve.api.app import create_app
from serve.api.services import Services
from serve.jobs.models import Job
from serve.settings import Settings
from tests.conftest import check_refusal
from tests.fakes import VIDEO, make_video, queue_job
from tests.fragments import claimed, commit

SECRET = b"a secret of thirty two characters"

FOLLOWED = {"self": "share", "events": "events", "hls": "hls/index.m3u8"}


async def given_away(services: Services, job: str) -> None:
    """Make the video another owner's: what it shows from here on, it shows by its link."""
    async with services.database.write() as session:
        row = await session.get(Job, job)
        assert row is not None
        row.owner = "another"


async def shared(client: httpx.AsyncClient, job: str, **wanted: int) -> dict[str, str]:
    answer = await client.post(f"/v1/videos/{job}/share", json=wanted or None)
    assert answer.status_code == 200, answer.text
    urls: dict[str, str] = answer.json()["urls"]
    return urls


def token_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["link"][0]


@pytest.fixture
async def job(services: Services) -> str:
    """A finished video."""
    name = await queue_job(services.database)
    await make_video(services, name)
    return name


async def test_a_link_opens_a_finished_video_to_who_does_not_own_it(
    client: httpx.AsyncClient, services: Services, job: str
) -> None:
    urls = await shared(client, job)
    await given_away(services, job)
    check_refusal(await client.get(f"/v1/videos/{job}/content"), "not_found", None, 404)
    assert (await client.get(urls["video"])).content == VIDEO
    part = await client.get(urls["video"], headers={"range": "bytes=10-19"})
    assert part.content == VIDEO[10:20]


async def test_a_link_plays_what_is_still_being_made(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    fence = await claimed(services, job)
    await commit(services, job, fence, 0)
    urls = await shared(client, job)
    await given_away(services, job)
    playlist = await client.get(urls["hls"])
    assert playlist.status_code == 200
    named = re.findall(r'URI="(.+?)"', playlist.text)
    named += [line for line in playlist.text.splitlines() if not line.startswith("#")]
    assert len(named) == 2
    for name in named:
        assert (await client.get(f"/v1/videos/{job}/hls/{name}")).status_code == 200
        bare = name.partition("?")[0]
        check_refusal(await client.get(f"/v1/videos/{job}/hls/{bare}"), "not_found", None, 404)


async def test_a_link_tells_of_progress(
    client: httpx.AsyncClient, services: Services, job: str
) -> None:
    urls = await shared(client, job)
    await given_away(services, job)
    assert "completed" in (await client.get(urls["events"])).text


async def test_a_link_shows_how_far_its_video_is_and_nothing_of_its_owner(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    answer = (await client.post(f"/v1/videos/{job}/share")).json()
    token = token_of(answer["page_url"])
    assert answer["page_url"].endswith(f"/watch/{job}?link={token}")
    await given_away(services, job)
    check_refusal(await client.get(f"/v1/videos/{job}/share"), "not_found", None, 404)
    here = f"/v1/videos/{job}/share?link={token}"
    told = (await client.get(here)).json()
    urls = {name: f"/v1/videos/{job}/{path}?link={token}" for name, path in FOLLOWED.items()}
    assert told == {
        "id": job,
        "object": "video.shared",
        "status": "queued",
        "stage": "queued",
        "progress": 0,
        "size": told["size"],
        "seconds": None,
        "expires_at": answer["expires_at"],
        "urls": urls,
    }
    await make_video(services, job)
    told = (await client.get(here)).json()
    assert (told["status"], told["progress"]) == ("completed", 100)
    assert told["seconds"] > 0
    assert told["expires_at"] <= answer["expires_at"]  # the video itself may go before
    assert (await client.get(told["urls"]["video"])).content == VIDEO


async def test_a_video_that_is_gone_is_told_apart_from_a_link_that_is_over(
    client: httpx.AsyncClient, services: Services, job: str
) -> None:
    token = token_of((await shared(client, job))["video"])
    here = f"/v1/videos/{job}/share"
    wrong = await client.get(here, params={"link": token[:-1]})
    check_refusal(wrong, "unauthorized", "link", 401)
    assert (await client.delete(f"/v1/videos/{job}")).status_code == 200
    gone = await client.get(here, params={"link": token})
    check_refusal(gone, "not_found", None, 404)


async def test_a_link_opens_one_video_and_neither_its_record_nor_another(
    client: httpx.AsyncClient, services: Services, job: str
) -> None:
    other = await queue_job(services.database)
    await make_video(services, other)
    token = token_of((await shared(client, job))["video"])
    await given_away(services, job)
    await given_away(services, other)
    here = f"/v1/videos/{job}"
    query = {"link": token}
    wrong = await client.get(f"/v1/videos/{other}/content", params=query)
    check_refusal(wrong, "unauthorized", "link", 401)
    check_refusal(await client.get(here, params=query), "not_found", None, 404)
    check_refusal(await client.delete(here, params=query), "not_found", None, 404)
    check_refusal(await client.post(f"{here}/cancel", params=query), "not_found", None, 404)
    check_refusal(await client.post(f"{here}/share", params=query), "not_found", None, 404)


async def test_a_link_ends(client: httpx.AsyncClient, services: Services, job: str) -> None:
    now = int(time.time())
    answer = await client.post(f"/v1/videos/{job}/share", json={"seconds": 60})
    assert 58 <= answer.json()["expires_at"] - now <= 62
    (secret,) = links.read_secrets(services.settings)
    over = links.sign(secret, job, now - 1)
    refused = await client.get(f"/v1/videos/{job}/content", params={"link": over})
    check_refusal(refused, "unauthorized", "link", 401)


@pytest.mark.parametrize("seconds", [59, links.LONGEST + 1, "soon"])
async def test_a_link_stands_a_minute_to_thirty_days(
    client: httpx.AsyncClient, job: str, seconds: object
) -> None:
    answer = await client.post(f"/v1/videos/{job}/share", json={"seconds": seconds})
    check_refusal(answer, "invalid_request", "seconds")


async def test_a_link_that_was_changed_opens_nothing(client: httpx.AsyncClient, job: str) -> None:
    token = token_of((await shared(client, job))["video"])
    version, expires, signature = token.split(".")
    changed = [
        f"{version}.{int(expires) + 1}.{signature}",
        f"{version}.{expires}.{'A' * 43}",
        f"v2.{expires}.{signature}",
        f"{version}.{expires}.{signature[:-1]}",
        "",
    ]
    for wrong in changed:
        answer = await client.get(f"/v1/videos/{job}/content", params={"link": wrong})
        check_refusal(answer, "unauthorized", "link", 401)


async def test_what_ended_without_a_video_is_not_shared(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    await client.post(f"/v1/videos/{job}/cancel")
    check_refusal(await client.post(f"/v1/videos/{job}/share"), "not_found", None, 404)


async def test_links_have_the_address_that_clients_know(services: Services, job: str) -> None:
    outside = services.settings.model_copy(update={"public_url": "https://talk.example/avatars/"})
    app = create_app(replace(services, settings=outside), access="open")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://inside:8000") as http:
        answer = (await http.post(f"/v1/videos/{job}/share")).json()
    assert answer["url"].startswith(f"https://talk.example/avatars/v1/videos/{job}/content?")
    assert answer["page_url"].startswith(f"https://talk.example/avatars/watch/{job}?link=")


def test_while_a_secret_is_replaced_both_open() -> None:
    old, new = SECRET, SECRET[::-1]
    token = links.sign(old, "video_1", 100)
    assert links.stands((new, old), "video_1", token, 99)
    assert not links.stands((new,), "video_1", token, 99)
    assert not links.stands((new, old), "video_1", token, 100)


def test_without_a_secret_one_is_made_once_for_this_machine_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    (secret,) = links.read_secrets(settings)
    assert len(secret) == 32
    assert links.read_secrets(settings) == (secret,)
    (kept,) = (tmp_path / "data").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_where_several_machines_may_serve_a_secret_must_be_set(tmp_path: Path) -> None:
    shared = Settings(data_dir=tmp_path, storage_url="s3://bucket")
    assert links.read_secrets(shared) == ()
    assert not list(tmp_path.iterdir())
    told = Settings(data_dir=tmp_path, storage_url="s3://bucket", link_secret=SecretStr("x" * 32))
    assert links.read_secrets(told) == (b"x" * 32,)


async def test_a_service_without_a_secret_says_so(services: Services, job: str) -> None:
    settings = services.settings.model_copy(update={"storage_url": "s3://bucket"})
    transport = httpx.ASGITransport(create_app(replace(services, settings=settings), access="open"))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
        answer = await http.post(f"/v1/videos/{job}/share")
        told = await http.get("/v1/system")
    check_refusal(answer, "not_found", None, 404)
    assert "AVATAR_LINK_SECRET" in answer.json()["error"]["message"]
    assert told.json()["links"] is False


def test_a_short_secret_stops_the_service_and_is_not_shown() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(link_secret=SecretStr("hush"))
    assert "hush" not in str(refused.value)
