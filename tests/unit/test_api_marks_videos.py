"""A finished video is marked: its file validates however it is fetched, and names nobody."""

import io
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
from media.label import label_for
from media.marks import HEADER, SourceType
from media.provenance import examine
from media.sound import Sound
from media.timegrid import SOUND_RATE
from serve.api.app import create_app
from serve.api.services import Services
from serve.jobs import records
from serve.storage.artifacts import open_artifacts
from serve.storage.sounds import save_sound
from tests.certificates import engines_of, manifest_of, source_of
from tests.conftest import made
from tests.encoders import BOTH, Engine
from tests.encoders import name as named
from tests.exactness import ENGINES
from tests.fakes import png
from tests.s3 import credentials, new_bucket, s3
from tests.still_stages import still_job

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
    uploads = {name: ("x.png", data) for name, data in files.items()}
    form = {"data": fields, "files": uploads} if uploads else {"json": fields}
    answer = await client.post("/v1/videos", **form)
    assert answer.status_code == 202, answer.text
    job = await records.get(services.database, answer.json()["id"])
    assert (job.request["source"], job.request["spoken_by"]) == (meant.value, "fake")
