"""A video as HLS while it is made and after: what is listed, what it holds, who may see it."""

import asyncio
import re
from fractions import Fraction

import httpx
import pytest

from deployments.director.plan import longest
from media.errors import AvatarError
from media.fragments import split_init
from media.timegrid import FRAME_RATES
from serve.api import hls
from serve.api.playlist import TARGET_SECONDS
from serve.api.services import Services
from serve.jobs import leases, progress, records, removal
from tests.conftest import check_refusal, made
from tests.fakes import make_video, queue_job
from tests.fragments import claimed, coded, commit, complete, decoded


def address(job: str, name: str = "index.m3u8") -> str:
    return f"/v1/videos/{job}/hls/{name}"


async def listed(client: httpx.AsyncClient, job: str, **query: str) -> str:
    answer = await client.get(address(job), params=query)
    assert answer.status_code == 200, answer.text
    return answer.text


def names(playlist: str) -> list[str]:
    return [line for line in playlist.splitlines() if not line.startswith("#")]


def lengths(playlist: str) -> list[str]:
    return re.findall(r"#EXTINF:([0-9.]+),", playlist)


async def played(client: httpx.AsyncClient, job: str) -> bytes:
    """What a player appends: the init and every segment."""
    text = await listed(client, job)
    (init,) = re.findall(r'#EXT-X-MAP:URI="(.+)"', text)
    parts = [await client.get(address(job, name)) for name in (init, *names(text))]
    assert all(part.status_code == 200 for part in parts)
    return b"".join(part.content for part in parts)


async def test_a_playlist_grows_with_the_video_and_ends_with_it(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    fence = await claimed(services, job)
    seen = []
    for n in range(3):
        await commit(services, job, fence, n)
        seen.append(await listed(client, job))
    assert [names(text) for text in seen] == [
        ["1-0.m4s"],
        ["1-0.m4s", "1-1.m4s"],
        ["1-0.m4s", "1-1.m4s", "1-2.m4s"],
    ]
    await complete(services, job, fence)
    last = await listed(client, job)
    for shorter, longer in zip(seen, [*seen[1:], last], strict=True):
        assert longer.startswith(shorter)  # an EVENT playlist is only ever added to
        assert "ENDLIST" not in shorter
    assert last == seen[-1] + "#EXT-X-ENDLIST\n"
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in last
    assert lengths(last) == ["0.800000", "1.600000", "0.600000"]


async def test_only_the_unbroken_row_from_the_start_is_listed_and_given(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    fence = await claimed(services, job)
    await commit(services, job, fence, 0)
    await commit(services, job, fence, 2)
    assert names(await listed(client, job)) == ["1-0.m4s"]
    assert (await client.get(address(job, "1-2.m4s"))).status_code == 404
    await commit(services, job, fence, 1)
    assert len(names(await listed(client, job))) == 3
    assert (await client.get(address(job, "1-2.m4s"))).status_code == 200


@pytest.mark.parametrize("fps", FRAME_RATES)
async def test_the_segments_in_a_row_decode_without_a_warning_gapless(
    client: httpx.AsyncClient, services: Services, fps: str
) -> None:
    job = await queue_job(services.database, fps=fps)
    fence = await claimed(services, job)
    for n in range(3):
        await commit(services, job, fence, n, fps=FRAME_RATES[fps])
    await complete(services, job, fence)
    times, sound_end = decoded(await played(client, job))
    assert times == [n / FRAME_RATES[fps] for n in range(75)]
    assert 0 <= sound_end - int(75 * 48_000 / FRAME_RATES[fps]) < 1024


async def test_lengths_add_up_without_drift(client: httpx.AsyncClient, services: Services) -> None:
    job = await queue_job(services.database, fps="29.97")
    fence = await claimed(services, job)
    edges = tuple(range(0, 299 * 60, 299))
    for n in range(len(edges) - 1):
        made = progress.Made(n, edges[n], edges[n + 1], f"jobs/{job}/x", 1)
        await progress.commit_segment(services.database, job, fence, made)
    told = [Fraction(length) for length in lengths(await listed(client, job))]
    assert abs(sum(told) - edges[-1] * Fraction(1001, 30000)) <= Fraction(1, 1_000_000)
    assert max(round(length) for length in told) <= TARGET_SECONDS


def test_no_segment_is_longer_than_the_playlist_says() -> None:
    assert max(longest(n) for n in range(100)) <= TARGET_SECONDS


async def test_segments_may_be_kept_for_ever_and_the_playlist_not_at_all(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    await commit(services, job, await claimed(services, job), 0)
    playlist = await client.get(address(job))
    assert playlist.headers["cache-control"] == "no-store"
    assert playlist.headers["content-type"].startswith("application/vnd.apple.mpegurl")
    for name in ("1-init.mp4", "1-0.m4s"):
        part = await client.get(address(job, name))
        assert part.headers["content-type"] == "video/mp4"
        assert part.headers["cache-control"] == "private, max-age=31536000, immutable"
        head = await client.head(address(job, name))
        assert head.headers["content-length"] == str(len(part.content))


async def test_the_playlist_waits_for_the_first_segment(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    waiting = asyncio.create_task(listed(client, job))
    fence = await claimed(services, job)
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await commit(services, job, fence, 0)
    assert names(await waiting) == ["1-0.m4s"]


async def test_a_playlist_without_a_segment_is_to_be_asked_for_again(
    client: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hls, "HOLD", 0.1)
    job = await queue_job(services.database)
    answer = await client.get(address(job))
    assert answer.status_code == 503
    assert answer.json()["error"]["retryable"] is True
    assert int(answer.headers["retry-after"]) > 0


async def test_a_player_that_names_the_next_segment_gets_the_playlist_when_it_is_there(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    fence = await claimed(services, job)
    await commit(services, job, fence, 0)
    assert "CAN-BLOCK-RELOAD=YES" in await listed(client, job, _HLS_msn="0")
    waiting = asyncio.create_task(listed(client, job, _HLS_msn="1"))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await commit(services, job, fence, 1)
    assert names(await waiting) == ["1-0.m4s", "1-1.m4s"]
    ending = asyncio.create_task(listed(client, job, _HLS_msn="2"))
    await complete(services, job, fence)
    assert "ENDLIST" in await ending


async def test_a_player_that_waited_long_gets_the_list_as_it_is(
    client: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hls, "HOLD", 0.1)
    job = await queue_job(services.database)
    await commit(services, job, await claimed(services, job), 0)
    assert names(await listed(client, job, _HLS_msn="1")) == ["1-0.m4s"]


async def test_a_job_that_began_again_is_listed_from_its_new_start(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    fence = await claimed(services, job)
    await commit(services, job, fence, 0)
    await commit(services, job, fence, 1)
    await leases.restart(services.database, job, fence, "another version")
    waiting = asyncio.create_task(listed(client, job))
    await asyncio.sleep(0.1)
    assert not waiting.done()  # the old attempt's segments are no part of the video any more
    await commit(services, job, fence, 0)
    text = await waiting
    assert names(text) == ["2-0.m4s"]
    assert '#EXT-X-MAP:URI="2-init.mp4"' in text
    # Who is playing the old attempt's list still gets what it listed.
    assert (await client.get(address(job, "1-1.m4s"))).status_code == 200
    assert (await client.get(address(job, "2-1.m4s"))).status_code == 404


async def test_a_cancelled_or_failed_video_has_no_playlist(
    client: httpx.AsyncClient, services: Services
) -> None:
    cancelled, failed = [await queue_job(services.database) for _ in range(2)]
    for job in (cancelled, failed):
        await commit(services, job, await claimed(services, job), 0)
    await records.cancel(services.database, cancelled)
    error = AvatarError("many_faces", "2 faces were found.", param="face_index")
    await progress.fail(services.database, failed, 1, error)
    check_refusal(await client.get(address(cancelled)), "not_found", None, 404)
    check_refusal(await client.get(address(failed)), "many_faces", "face_index")


@pytest.mark.parametrize("code", ["internal", "overloaded", "weights_missing"])
async def test_a_video_that_failed_by_our_fault_is_no_fault_each_time_it_is_asked_for(
    client: httpx.AsyncClient, services: Services, code: str
) -> None:
    job = await queue_job(services.database)
    fence = await claimed(services, job)
    await progress.fail(services.database, job, fence, AvatarError(code, "It broke."))
    check_refusal(await client.get(address(job)), "not_found", None, 404)


async def test_a_player_that_waits_hears_at_once_that_the_video_was_cancelled(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    waiting = asyncio.create_task(client.get(address(job)))
    await asyncio.sleep(0.1)
    await records.cancel(services.database, job)
    assert (await waiting).status_code == 404


async def test_a_finished_videos_hls_stays_and_goes_with_the_video(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await queue_job(services.database)
    await make_video(services, job, segments=2)
    assert "ENDLIST" in await listed(client, job)
    await removal.remove_job(services.database, services.artifacts, job)
    for name in ("index.m3u8", "1-init.mp4", "1-0.m4s"):
        check_refusal(await client.get(address(job, name)), "not_found", None, 404)


@pytest.mark.parametrize(
    "name", ["1-9.m4s", "2-0.m4s", "2-init.mp4", "0-0.m4s", "x-0.m4s", f"1-{9 * 10**30}.m4s"]
)
async def test_what_is_not_there_is_refused(
    client: httpx.AsyncClient, services: Services, name: str
) -> None:
    job = await queue_job(services.database)
    await commit(services, job, await claimed(services, job), 0)
    answer = await client.get(address(job, name))
    assert answer.status_code in (404, 422)
    assert answer.json()["error"]["code"] in ("not_found", "invalid_request")


async def test_the_record_tells_where_to_play_it_from_the_start(client: httpx.AsyncClient) -> None:
    job = await made(client)
    urls = (await client.get(f"/v1/videos/{job}")).json()["urls"]
    assert urls["hls"] == address(job)
    cancelled = (await client.post(f"/v1/videos/{job}/cancel")).json()
    assert "hls" not in cancelled["urls"]


def test_a_damaged_row_of_segments_would_be_noticed() -> None:
    init, first = split_init(coded()[0])
    _, second = split_init(coded()[1])
    damaged = second[:9000] + bytes(500) + second[9500:]
    with pytest.raises(AssertionError, match="error while decoding"):
        decoded(init + first + damaged)
