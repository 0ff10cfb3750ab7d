"""Pictures and sounds are marked: signed where they are whole, by a header and a tag else."""

import base64
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from media.marks import HEADER, SourceType
from serve.api.app import create_app
from serve.api.services import Services
from tests.certificates import actions_of, certificate, engines_of, manifest_of, source_of
from tests.conftest import check_refusal
from tests.fakes import FakeVoice, png
from tests.speaker import Speaker

MADE = SourceType.MADE.uri


@pytest.fixture
def stages() -> Speaker:
    return Speaker()


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


async def test_where_nothing_can_be_signed_nothing_is_given_out(services: Services) -> None:
    ended = certificate(ends=timedelta(seconds=-10))
    keys = {"signing_certificate": ended.chain, "signing_key": SecretStr(ended.key)}
    settings = services.settings.model_copy(update=keys)
    transport = httpx.ASGITransport(create_app(replace(services, settings=settings), access="open"))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        check_refusal(await client.get("/v1/avatars/mira/preview"), "internal", None, 500)
        told = (await client.get("/v1/system")).json()["marking"]
    assert told["signer"] is None
    assert "has ended" in told["problem"]
