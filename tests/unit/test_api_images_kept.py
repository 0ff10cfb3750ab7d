"""Painted pictures are kept for who asks by link or under a key; OpenAI's clients understand us."""

import base64
import io
import os
import time

import httpx
import openai
import pytest
from PIL import Image

from media.errors import AvatarError
from serve.api.services import Services
from serve.jobs import retention
from tests.conftest import Stored
from tests.fakes import FakeStages
from tests.unit.asking_for_images import generate, painted


async def test_a_link_leads_to_the_picture(client: httpx.AsyncClient, stored: Stored) -> None:
    wanted = {"n": 2, "seed": 3, "output_format": "webp"}
    told = await painted(client, response_format="url", **wanted)
    assert len(stored()) == 3
    for linked, entry in zip(told["data"], (await painted(client, **wanted))["data"], strict=True):
        assert "b64_json" not in linked
        assert linked["url"].startswith("http://test/v1/images/img_")
        found = await client.get(linked["url"])
        assert found.headers["content-type"] == "image/webp"
        assert found.headers["x-content-type-options"] == "nosniff"
        assert pixels(found.content) == pixels(base64.b64decode(entry["b64_json"]))


def pixels(file: bytes) -> bytes:
    """What is seen of a picture: signed twice, its files differ."""
    return Image.open(io.BytesIO(file)).tobytes()


async def test_links_name_the_address_that_the_operator_gave(
    client: httpx.AsyncClient, services: Services
) -> None:
    object.__setattr__(services, "settings", services.settings.model_copy(
        update={"public_url": "https://faces.example/"}))  # fmt: skip
    told = await painted(client, response_format="url")
    assert told["data"][0]["url"].startswith("https://faces.example/v1/images/img_")


async def test_pictures_under_links_go_when_their_time_is_over(
    client: httpx.AsyncClient, services: Services, stored: Stored
) -> None:
    url = (await painted(client, response_format="url"))["data"][0]["url"]
    keep = services.settings.keep_unnamed_seconds
    assert await retention.collect(services.database, services.artifacts, keep) == 0
    assert (await client.get(url)).status_code == 200
    for name in stored():
        os.utime(stored.folder / name, (time.time() - keep - 60,) * 2)
    assert await retention.collect(services.database, services.artifacts, keep) == 2
    assert stored() == set()
    assert (await client.get(url)).json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    "path", ["img_x/0.png", "img_" + "a" * 24 + "/0.png", "img_" + "a" * 24 + "/..%2f0.png",
             "img_" + "a" * 24 + "/answer.json", "avatars/x.png"],
)  # fmt: skip
async def test_nothing_else_is_found_there(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/v1/images/{path}")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("how", ["b64_json", "url"])
async def test_a_repeat_under_its_key_paints_nothing_anew(
    client: httpx.AsyncClient, stages: FakeStages, how: str
) -> None:
    wanted = {"n": 2, "response_format": how, "key": "once"}
    first, again = [await generate(client, **wanted) for _ in range(2)]
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    assert stages.calls.count("paint") == 2
    other = await generate(client, n=1, key="once")
    assert other.status_code == 409
    assert other.json()["error"]["code"] == "idempotency_conflict"


async def test_a_repeat_whose_pictures_went_is_told_so(
    client: httpx.AsyncClient, services: Services
) -> None:
    await generate(client, key="once")
    await services.artifacts.delete_prefix("images/")
    answer = await generate(client, key="once")
    assert answer.status_code == 404
    assert "painted again" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        ("invalid_request", openai.BadRequestError),
        ("unsafe_image", openai.BadRequestError),
        ("idempotency_conflict", openai.ConflictError),
        ("rate_limited", openai.RateLimitError),
        ("overloaded", openai.InternalServerError),
        ("weights_missing", openai.InternalServerError),
        ("internal", openai.InternalServerError),
    ],
)
async def test_openais_client_raises_the_exception_that_is_meant(
    live: httpx.AsyncClient, stages: FakeStages, code: str, raised: type[openai.APIStatusError]
) -> None:
    stages.failures["paint"] = AvatarError(code, "Said by the painter.", param="prompt")
    client = openai.AsyncOpenAI(base_url=f"{live.base_url}/v1", api_key="none", max_retries=0)
    async with client:
        with pytest.raises(raised) as caught:
            await client.images.generate(prompt="a man")
    assert (caught.value.code, type(caught.value)) == (code, raised)
    if code != "internal":
        assert "Said by the painter." in str(caught.value)
        assert caught.value.param == "prompt"


async def test_openais_client_tries_again_only_what_may_pass(
    live: httpx.AsyncClient, stages: FakeStages
) -> None:
    client = openai.AsyncOpenAI(base_url=f"{live.base_url}/v1", api_key="none", max_retries=1)
    async with client:
        stages.failures["paint"] = AvatarError("weights_missing", "No weights.")
        with pytest.raises(openai.InternalServerError):
            await client.images.generate(prompt="a man")
        assert stages.calls.count("paint") == 1
        stages.failures["paint"] = AvatarError("overloaded", "Busy.")
        stages.fail_once = {"paint"}
        told = await client.images.generate(prompt="a man")
    assert told.data is not None
    assert told.data[0].revised_prompt == "a"
