"""What clients get is marked: files that validate, streams with a plain mark, headers on all."""

import base64
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from deployments.director.claim import direct
from deployments.director.holding import Holding
from deployments.director.run import Means
from deployments.in_a_row import InARow
from deployments.loading import EngineConfig
from media.fragments import boxes
from media.label import label_for
from media.marks import HEADER, SourceType, is_xmp_box
from media.provenance import examine
from media.sound import Sound
from media.timegrid import SOUND_RATE
from serve.api.app import create_app
from serve.api.services import Services
from serve.jobs import records
from serve.storage.artifacts import open_artifacts
from serve.storage.sounds import save_sound
from tests.certificates import actions_of, engines_of, manifest_of, source_of
from tests.conftest import made
from tests.encoders import BOTH, Engine
from tests.encoders import name as named
from tests.exactness import ENGINES
from tests.fakes import FakeStages, FakeVoice, png, queue_job
from tests.fragments import claimed, commit, complete
from tests.s3 import credentials, new_bucket, s3
from tests.speaker import Speaker
from tests.still_stages import StillStages, still_job

MADE, COMPOSITE = SourceType.MADE.uri, SourceType.COMPOSITE.uri


async def filmed(services: Services, engine: str, **request: Any) -> str:
    """A job seen through by the real director and encoder; its id."""
    stages = InARow(
        {**ENGINES, "Encode": EngineConfig(engine=engine, options={"preset": "ultrafast"})},
        services.settings,
        services.artifacts,
    )
    request = {"voice": "click", "spoken_by": "clicker"} | request
    job_id = await still_job(services.database, services.artifacts, **request)
    means = Means(
        services.database, services.artifacts, stages, services.settings, Holding(services.database)
    )
    await direct(means, job_id)
    job = await records.get(services.database, job_id)
    assert job.status == "completed", job.error
    return job_id


async def by_ranges(client: httpx.AsyncClient, url: str, step: int = 40_000) -> bytes:
    whole = b""
    while True:
        headers = {"Range": f"bytes={len(whole)}-{len(whole) + step - 1}"}
        answer = await client.get(url, headers=headers)
        assert answer.status_code == 206
        assert answer.headers[HEADER] == MADE
        whole += answer.content
        if len(whole) == int(answer.headers["content-range"].rpartition("/")[2]):
            return whole


@BOTH
async def test_a_video_validates_however_it_is_fetched(
    client: httpx.AsyncClient, services: Services, engine: Engine, tmp_path: Path
) -> None:
    job = await filmed(services, named(engine), source=SourceType.MADE.value)
    url = f"/v1/videos/{job}/content"
    whole = (await client.get(url)).content
    assert await by_ranges(client, url) == whole
    link = (await client.post(f"/v1/videos/{job}/share")).json()["urls"]["video"]
    assert (await client.get(link)).content == whole
    manifest = manifest_of(whole, "video/mp4")
    assert source_of(manifest) == "trainedAlgorithmicMedia"
    found = {told["stage"]: told["engine"] for told in engines_of(manifest)}
    assert found == {"speech": "clicker", "lipsync": "Flasher", "encode": engine.__name__}
    (tmp_path / "video").write_bytes(whole)
    assert examine(tmp_path / "video").mark == SourceType.MADE
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    (tmp_path / "video").write_bytes(changed)
    assert examine(tmp_path / "video").verdict == "broken"


async def test_a_store_like_s3_gives_it_back_as_it_was_signed(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3() as server:
        for name, value in credentials(server).items():
            monkeypatch.setenv(name, value)
        artifacts = open_artifacts(f"s3://{new_bucket(server)}/here")
        remote = replace(services, artifacts=artifacts)
        job = await filmed(remote, "deployments.encode.pyav:PyAV")
        transport = httpx.ASGITransport(create_app(remote, access="open"))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.get(f"/v1/videos/{job}/content")
        manifest_of(answer.content, "video/mp4")


async def test_nothing_that_tells_of_somebody_is_in_the_statement(
    client: httpx.AsyncClient, services: Services
) -> None:
    said = "my aunt's recipe"
    job = await filmed(services, "deployments.encode.pyav:PyAV", text=said)
    for variant in ("video", "thumbnail"):
        data = (await client.get(f"/v1/videos/{job}/content?variant={variant}")).content
        for word in (said, job, "a_1", "local", "anna", str(services.settings.data_dir)):
            assert word.encode() not in data


async def test_a_recording_and_an_uploaded_face_are_told_as_parts_of_it(
    client: httpx.AsyncClient, services: Services
) -> None:
    sound = Sound(np.zeros(SOUND_RATE, np.float32), SOUND_RATE)
    await save_sound(services.artifacts, "uploads/a.pcm", sound)
    recording = {"key": "uploads/a.pcm", "samples": SOUND_RATE}
    job = await filmed(
        services, "deployments.encode.pyav:PyAV", text=None, audio=recording, voice=None
    )
    answer = await client.get(f"/v1/videos/{job}/content")
    assert answer.headers[HEADER] == COMPOSITE
    manifest = manifest_of(answer.content, "video/mp4")
    assert source_of(manifest) == "compositeWithTrainedAlgorithmicMedia"
    assert "speech" not in {told["stage"] for told in engines_of(manifest)}
    still = await client.get(f"/v1/videos/{job}/content?variant=thumbnail")
    assert HEADER not in still.headers  # the uploaded picture, shown again
    assert source_of(manifest_of(still.content, "image/webp")) is None


async def test_a_label_is_in_the_pictures_and_on_the_thumbnail(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await filmed(services, "deployments.encode.pyav:PyAV", label=True)
    data = (await client.get(f"/v1/videos/{job}/content?variant=thumbnail")).content
    pixels = pixels_of(data).astype(int)
    label = label_for(128, 128)
    x, y, wide, tall = label.rectangle
    assert pixels[y : y + tall, x : x + wide][label.white > 0.9].mean() > 180


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("always", [True, False])
async def test_a_label_is_shown_where_it_is_asked_for_or_always(
    services: Services, asked: bool, always: bool
) -> None:
    settings = services.settings.model_copy(update={"label_always": always})
    transport = httpx.ASGITransport(create_app(replace(services, settings=settings), access="open"))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        job = await records.get(services.database, await made(client, label=asked))
    assert job.request["label"] is (asked or always)


@pytest.mark.parametrize(
    ("fields", "files", "meant"),
    [
        ({"avatar": "mira", "text": "Hi."}, {}, SourceType.MADE),
        ({"avatar_prompt": "a man", "text": "Hi."}, {}, SourceType.MADE),
        ({"text": "Hi."}, {"avatar_image": png()}, SourceType.COMPOSITE),
    ],
)
async def test_a_request_says_what_of_it_was_uploaded(
    client: httpx.AsyncClient,
    services: Services,
    fields: dict[str, str],
    files: dict[str, bytes],
    meant: SourceType,
) -> None:
    named = {name: ("x.png", data) for name, data in files.items()}
    form = {"data": fields, "files": named} if named else {"json": fields}
    answer = await client.post("/v1/videos", **form)
    assert answer.status_code == 202, answer.text
    job = await records.get(services.database, answer.json()["id"])
    assert (job.request["source"], job.request["spoken_by"]) == (meant.value, "fake")


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


class Instant(StillStages):
    """Has the director run at once, as the graph does."""

    services: Services

    async def run_job(self, job_id: str) -> None:
        services = self.services
        await direct(
            Means(
                services.database,
                services.artifacts,
                self,
                services.settings,
                Holding(services.database),
            ),
            job_id,
        )


@pytest.fixture
async def directed(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service whose videos are made by the real director, of a still face."""
    stages = Instant()
    stages.services = replace(services, stages=stages)
    transport = httpx.ASGITransport(create_app(stages.services, access="open"))
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


@pytest.mark.parametrize("side", ["", "?side=96"])
async def test_previews_say_who_painted_them_or_that_they_were_uploaded(
    client: httpx.AsyncClient, side: str
) -> None:
    painted = (await client.post("/v1/avatars", json={"prompt": "a man", "seed": 1})).json()["id"]
    files = {"image": ("x.png", png())}
    uploaded = (await client.post("/v1/avatars", files=files)).json()["id"]
    for avatar, engine in (("mira", "Steered"), (painted, "Brush")):
        answer = await client.get(f"/v1/avatars/{avatar}/preview{side}")
        assert answer.headers[HEADER] == MADE
        manifest = manifest_of(answer.content, "image/webp")
        assert source_of(manifest) == "trainedAlgorithmicMedia"
        assert [told["engine"] for told in engines_of(manifest)] == [engine]
    answer = await client.get(f"/v1/avatars/{uploaded}/preview{side}")
    assert HEADER not in answer.headers
    actions = actions_of(manifest_of(answer.content, "image/webp"))
    assert [action["action"] for action in actions] == ["c2pa.opened", "c2pa.resized"]


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
async def test_painted_pictures_carry_credentials_in_every_format(
    client: httpx.AsyncClient, kind: str
) -> None:
    wanted = {"prompt": "a man", "output_format": kind, "n": 2}
    answer = await client.post("/v1/images/generations", json=wanted)
    assert answer.headers[HEADER] == MADE
    for entry in answer.json()["data"]:
        manifest = manifest_of(base64.b64decode(entry["b64_json"]), f"image/{kind}")
        assert source_of(manifest) == "trainedAlgorithmicMedia"
        assert engines_of(manifest)[0]["engine"] == "Brush"
    wanted |= {"response_format": "url", "n": 1}
    (entry,) = (await client.post("/v1/images/generations", json=wanted)).json()["data"]
    kept = await client.get(entry["url"])
    assert kept.headers[HEADER] == MADE
    manifest_of(kept.content, f"image/{kind}")


@pytest.fixture
def stages(request: pytest.FixtureRequest) -> FakeStages:
    return Speaker() if "heard" in request.node.name else FakeStages()


async def test_a_voices_sample_that_is_heard_carries_credentials(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/voices/anna/sample")
    assert answer.headers[HEADER] == MADE
    manifest = manifest_of(answer.content, "audio/mpeg")
    assert engines_of(manifest)[0]["stage"] == "speech"
    assert engines_of(manifest)[0]["engine"] == FakeVoice("", "", ()).engine


@pytest.mark.parametrize("kind", ["mp3", "opus", "flac", "aac", "wav", "pcm"])
@pytest.mark.parametrize("events", ["audio", "sse"])
async def test_speech_that_is_heard_while_it_is_spoken_is_marked(
    client: httpx.AsyncClient, kind: str, events: str
) -> None:
    wanted = {"model": "tts-1", "voice": "anna", "input": "Hello.", "response_format": kind}
    answer = await client.post("/v1/audio/speech", json=wanted | {"stream_format": events})
    assert answer.headers[HEADER] == MADE
    if events == "audio":
        assert (MADE.encode() in answer.content) == (kind in ("mp3", "opus", "flac"))


async def test_the_service_tells_who_signs(client: httpx.AsyncClient) -> None:
    told = (await client.get("/v1/system")).json()["marking"]
    assert told["development"] is True
    assert "development" in told["signer"]
    assert told["expires_at"] > 1_700_000_000
