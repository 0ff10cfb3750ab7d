"""What a request says about captions."""

import httpx
import pytest

from serve.api.services import Services
from serve.jobs import records
from tests.conftest import ask, check_refusal
from tests.fakes import tone, wav


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_caption_track_is_made_where_it_is_asked_for(
    client: httpx.AsyncClient, services: Services, wanted: bool
) -> None:
    answer = await ask(client, caption_track=wanted)
    job = await records.get(services.database, answer.json()["id"])
    assert (job.request["caption_track"], job.request["language"]) == (wanted, "en-US")


async def recorded(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    files = {"audio": ("said.wav", wav(tone(1.0)))}
    return await client.post("/v1/videos", data={"avatar": "mira"} | fields, files=files)


async def test_a_recording_is_captioned_by_its_transcript(
    client: httpx.AsyncClient, services: Services
) -> None:
    answer = await recorded(client, transcript="Guten Tag.", language="de", caption_track="true")
    assert answer.status_code == 202, answer.text
    job = await records.get(services.database, answer.json()["id"])
    assert (job.request["caption_track"], job.request["language"]) == (True, "de")


async def test_a_recording_without_a_transcript_has_no_captions(client: httpx.AsyncClient) -> None:
    check_refusal(await recorded(client, caption_track="true"), "invalid_request", "caption_track")
    check_refusal(await recorded(client, language="de"), "invalid_request", "language")
