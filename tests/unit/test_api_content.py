"""A finished video's files, whole and by ranges."""

from collections.abc import AsyncIterator

import httpx
import pytest

from media.subtitles import Cue, to_srt, to_webvtt
from serve.api.services import Services
from serve.jobs import leases, progress, records
from serve.storage import keys
from tests.conftest import check_refusal
from tests.fakes import VIDEO, make_video, queue_job

SIZE = len(VIDEO)
CUES = [Cue(0, 1200, ("Fish & <chips>,", "for two")), Cue(1500, 2500, ("Good night.",))]


@pytest.fixture
async def url(services: Services) -> AsyncIterator[str]:
    job = await queue_job(services.database)
    await make_video(services, job)
    return f"/v1/videos/{job}/content"


async def test_a_finished_video_is_sent_whole(client: httpx.AsyncClient, url: str) -> None:
    answer = await client.get(url)
    assert answer.status_code == 200
    assert answer.content == VIDEO
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["accept-ranges"] == "bytes"
    video = url.split("/")[3]
    assert answer.headers["content-disposition"] == f'inline; filename="{video}.mp4"'


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, SIZE),
        ("bytes=1000-1999", 1000, 2000),
        ("bytes=-500", SIZE - 500, SIZE),
        (f"bytes={SIZE - 1}-{SIZE + 99}", SIZE - 1, SIZE),
        (f"bytes=-{SIZE + 99}", 0, SIZE),
        ("bytes=300000-900000", 300_000, 900_001),
    ],
)
async def test_a_range_is_sent_alone(
    client: httpx.AsyncClient, url: str, wanted: str, start: int, stop: int
) -> None:
    answer = await client.get(url, headers={"range": wanted})
    assert answer.status_code == 206
    assert answer.content == VIDEO[start:stop]
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(stop - start)


@pytest.mark.parametrize("wanted", [f"bytes={SIZE}-", f"bytes={SIZE + 9}-{SIZE + 20}", "bytes=-0"])
async def test_a_range_outside_the_file_is_refused(
    client: httpx.AsyncClient, url: str, wanted: str
) -> None:
    answer = await client.get(url, headers={"range": wanted})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{SIZE}"
    assert answer.json()["error"]["code"] == "invalid_request"


@pytest.mark.parametrize(
    "wanted",
    ["bytes=5-2", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=" + "9" * 400 + "-"],
)
async def test_a_range_that_cannot_be_understood_is_ignored(
    client: httpx.AsyncClient, url: str, wanted: str
) -> None:
    answer = await client.get(url, headers={"range": wanted})
    assert answer.status_code == 200
    assert answer.content == VIDEO


async def test_a_range_of_another_version_is_the_whole_file(
    client: httpx.AsyncClient, url: str
) -> None:
    etag = (await client.head(url)).headers["etag"]
    same = await client.get(url, headers={"range": "bytes=0-9", "if-range": etag})
    assert same.status_code == 206
    other = await client.get(url, headers={"range": "bytes=0-9", "if-range": '"other"'})
    assert other.status_code == 200
    assert len(other.content) == SIZE


async def test_a_known_version_is_not_sent_again(client: httpx.AsyncClient, url: str) -> None:
    etag = (await client.get(url)).headers["etag"]
    for tags in (etag, f'"x", {etag}', f"W/{etag}", "*"):
        answer = await client.get(url, headers={"if-none-match": tags})
        assert (answer.status_code, answer.content) == (304, b"")
    assert (await client.get(url, headers={"if-none-match": '"x"'})).status_code == 200


async def test_head_tells_all_but_the_bytes(client: httpx.AsyncClient, url: str) -> None:
    whole, head = await client.get(url), await client.head(url)
    assert head.status_code == 200
    assert head.content == b""
    for name in ("content-length", "etag", "content-type", "content-disposition"):
        assert head.headers[name] == whole.headers[name]
    part = await client.head(url, headers={"range": "bytes=0-9"})
    assert (part.status_code, part.headers["content-length"]) == (206, "10")


@pytest.mark.parametrize("claimed", [False, True])
async def test_an_unfinished_video_is_asked_for_again_later(
    client: httpx.AsyncClient, services: Services, claimed: bool
) -> None:
    job = await queue_job(services.database)
    if claimed:
        await leases.claim(services.database, job, 30)
    answer = await client.get(f"/v1/videos/{job}/content")
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert (error["code"], error["retryable"]) == ("not_finished", True)


async def test_a_cancelled_video_has_no_content(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    await records.cancel(services.database, job)
    answer = await client.get(f"/v1/videos/{job}/content")
    assert answer.status_code == 404
    assert "cancelled" in answer.json()["error"]["message"]


async def test_every_variant_that_was_made_is_sent_and_no_other(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    fence = await leases.claim(services.database, job, 30)
    assert fence is not None
    files = {
        "video": {"key": keys.result(job, 1, "video", 1), "type": "video/mp4"},
        "thumbnail": {"key": keys.result(job, 1, "thumbnail", 1), "type": "image/webp"},
    }
    for file in files.values():
        await services.artifacts.put(file["key"], file["type"].encode())
    await progress.complete(services.database, job, fence, {"files": files})
    url = f"/v1/videos/{job}/content"
    answer = await client.get(url, params={"variant": "thumbnail"})
    assert answer.content == b"image/webp"
    assert answer.headers["content-disposition"].endswith('.webp"')
    assert (await client.get(url, params={"variant": "captions"})).status_code == 404
    wrong = await client.get(url, params={"variant": "../video"})
    assert wrong.status_code == 422
    assert wrong.json()["error"]["param"] == "variant"


@pytest.fixture
async def captioned(services: Services) -> str:
    """Where the captions of a finished video are."""
    job_id = await queue_job(services.database)
    fence = await leases.claim(services.database, job_id, 30)
    assert fence is not None
    key = keys.result(job_id, 1, "captions", fence)
    await services.artifacts.put(key, to_webvtt(CUES).encode())
    result = {"files": {"captions": {"key": key, "type": "text/vtt"}}, "seconds": 3.0, "frames": 75}
    await progress.complete(services.database, job_id, fence, result, {})
    return f"/v1/videos/{job_id}/content?variant=captions"


async def test_captions_come_as_webvtt_or_subrip(client: httpx.AsyncClient, captioned: str) -> None:
    webvtt = await client.get(captioned)
    assert webvtt.headers["content-type"].startswith("text/vtt")
    assert webvtt.text.startswith("WEBVTT\n")
    srt = await client.get(f"{captioned}&format=srt")
    assert srt.status_code == 200
    assert srt.headers["content-type"] == "application/x-subrip; charset=utf-8"
    assert srt.headers["content-disposition"].endswith('.srt"')
    assert srt.text == to_srt(CUES)
    assert (await client.get(f"{captioned}&format=vtt")).content == webvtt.content


async def test_subrip_is_not_sent_again_to_who_has_it(
    client: httpx.AsyncClient, captioned: str
) -> None:
    first = await client.get(f"{captioned}&format=srt")
    again = await client.get(
        f"{captioned}&format=srt", headers={"if-none-match": first.headers["etag"]}
    )
    assert again.status_code == 304
    assert first.headers["etag"] != (await client.get(captioned)).headers["etag"]
    head = await client.head(f"{captioned}&format=srt")
    assert (head.status_code, head.content) == (200, b"")


async def test_only_captions_come_as_subrip(client: httpx.AsyncClient, url: str) -> None:
    check_refusal(await client.get(f"{url}?format=srt"), "invalid_request", "format")
    check_refusal(
        await client.get(f"{url}?variant=captions&format=ass"), "invalid_request", "format"
    )
