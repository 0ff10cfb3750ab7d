"""What plays while it is made cannot be signed: a plain mark says that AI makes it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import httpx
import pytest

from deployments.director.claim import direct
from deployments.director.holding import Holding
from deployments.director.run import Means
from media.fragments import boxes
from media.marks import HEADER, SourceType, is_xmp_box
from serve.api.app import create_app
from serve.api.services import Services
from tests.certificates import engines_of, manifest_of, source_of
from tests.fakes import queue_job
from tests.fragments import claimed, commit, complete
from tests.still_stages import StillStages

MADE = SourceType.MADE.uri


@pytest.fixture
async def playing(services: Services) -> str:
    """A job whose first segments are there, as HLS and streams send them."""
    job = await queue_job(services.database, source=SourceType.MADE.value)
    fence = await claimed(services, job)
    for n in range(3):
        await commit(services, job, fence, n)
    await complete(services, job, fence)
    return job


async def test_what_plays_while_it_is_made_has_a_plain_mark(
    client: httpx.AsyncClient, playing: str
) -> None:
    base = f"/v1/videos/{playing}/hls"
    playlist = await client.get(f"{base}/index.m3u8")
    assert f"#EXT-X-DIGITAL-SOURCE-TYPE:{MADE}\n" in playlist.text
    init, segment = [await client.get(f"{base}/{name}") for name in ("1-init.mp4", "1-1.m4s")]
    for answer in (playlist, init, segment):
        assert answer.headers[HEADER] == MADE
    check_init(init.content)
    assert next(name for name, _, _ in boxes(segment.content)) == "moof"


def check_init(init: bytes) -> None:
    found = [(name, init[start:stop]) for name, start, stop in boxes(init)]
    assert [name for name, _ in found] == ["ftyp", "uuid", "moov"]
    assert is_xmp_box(found[1][1])
    assert MADE.encode() in found[1][1]


@pytest.fixture
async def directed(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service whose videos are made by the real director, of a still face."""
    stages = StillStages()
    means = Means(
        services.database, services.artifacts, stages, services.settings, Holding(services.database)
    )
    stages.director = partial(direct, means)
    transport = httpx.ASGITransport(create_app(replace(services, stages=stages), access="open"))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_a_stream_has_a_plain_mark_and_its_file_credentials(
    directed: httpx.AsyncClient,
) -> None:
    wanted = {"avatar": "mira", "text": "Hello there.", "size": "128x128"}
    streamed = await directed.post("/v1/videos?stream=true", json=wanted)
    assert streamed.status_code == 200, streamed.text
    assert streamed.headers[HEADER] == MADE
    first = streamed.content.index(b"moof") - 4
    check_init(streamed.content[:first])
    url = streamed.headers["location"]
    answer = await directed.get(f"{url}/content")
    manifest = manifest_of(answer.content, "video/mp4")
    portrait = [told for told in engines_of(manifest) if told["stage"] == "portrait"]
    assert portrait == [
        {"stage": "portrait", "engine": "Steered", "weights": ["mobilestylegan-ffhq"]}
    ]
    still = await directed.get(f"{url}/content?variant=thumbnail")
    assert still.headers[HEADER] == MADE
    assert source_of(manifest_of(still.content, "image/webp")) == "trainedAlgorithmicMedia"
