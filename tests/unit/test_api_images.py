"""Portraits alone, as OpenAI's clients ask for them: what comes back, what is refused and why."""

import asyncio
import base64
import io
import time
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from media.errors import AvatarError
from serve.api import images
from serve.api.openai_shapes import ImageRequest
from serve.api.services import Services
from tests.conftest import Stored
from tests.fakes import FakePainting, FakeStages
from tests.unit.asking_for_images import PATH, generate, painted


def opened(entry: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(entry["b64_json"])))


async def test_a_picture_comes_as_it_was_painted_and_tells_what_became_of_the_words(
    client: httpx.AsyncClient, stored: Stored
) -> None:
    told = await painted(client, seed=5)
    assert abs(told["created"] - time.time()) < 60
    assert (told["size"], told["output_format"], told["background"]) == ("256x300", "png", "opaque")
    (entry,) = told["data"]
    assert entry["revised_prompt"] == "redhead"
    assert (entry["words_used"], entry["words_ignored"]) == (["redhead"], ["wizard"])
    assert (entry["seed"], "url" in entry) == (5, False)
    meant = np.random.default_rng(5).integers(0, 256, (300, 256, 3), np.uint8)
    assert np.array_equal(np.asarray(opened(entry)), meant)
    assert stored() == set()


@pytest.mark.parametrize("size", ["1024x1024", "512x512", "256x256", "1024x1536", "1792x1024"])
async def test_a_picture_has_the_size_asked_for(client: httpx.AsyncClient, size: str) -> None:
    told = await painted(client, size=size)
    width, height = opened(told["data"][0]).size
    assert f"{width}x{height}" == told["size"] == size


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
async def test_a_picture_has_the_format_asked_for(client: httpx.AsyncClient, kind: str) -> None:
    told = await painted(client, output_format=kind, output_compression=100)
    assert opened(told["data"][0]).format == kind.upper()
    assert told["output_format"] == kind


async def test_less_quality_takes_less_room(client: httpx.AsyncClient) -> None:
    sizes = []
    for quality in (10, 95):
        told = await painted(client, seed=1, output_format="jpeg", output_compression=quality)
        sizes.append(len(told["data"][0]["b64_json"]))
    assert sizes[0] < sizes[1] / 2


async def test_each_of_several_can_be_painted_again_by_its_seed(client: httpx.AsyncClient) -> None:
    several = (await painted(client, n=5, seed=2**31 - 1))["data"]
    assert len({entry["seed"] for entry in several}) == 5
    for entry in several[::2]:
        (again,) = (await painted(client, seed=entry["seed"]))["data"]
        assert np.array_equal(np.asarray(opened(again)), np.asarray(opened(entry)))
        told = ("seed", "revised_prompt", "words_used", "words_ignored")
        assert [again[name] for name in told] == [entry[name] for name in told]


async def test_without_a_seed_every_picture_is_another(client: httpx.AsyncClient) -> None:
    told = [(await painted(client))["data"][0] for _ in range(3)]
    assert len({entry["b64_json"] for entry in told}) == 3


class CountingStages(FakeStages):
    """Paints at the same moment as many as it is asked for, and counts them."""

    at_work = most = cancelled = 0

    async def paint(self, prompt: str, seed: int) -> FakePainting:
        type(self).at_work += 1
        type(self).most = max(self.most, self.at_work)
        try:
            return await super().paint(prompt, seed)
        except asyncio.CancelledError:
            type(self).cancelled += 1
            raise
        finally:
            type(self).at_work -= 1


@pytest.fixture
def counting(services: Services) -> type[CountingStages]:
    CountingStages.at_work = CountingStages.most = CountingStages.cancelled = 0
    services.stages.__class__ = CountingStages  # type: ignore[assignment]  # same fields
    return CountingStages


async def test_pictures_are_painted_side_by_side_but_leave_others_their_turn(
    client: httpx.AsyncClient, stages: FakeStages, counting: type[CountingStages]
) -> None:
    stages.delays["paint"] = 0.05
    await painted(client, n=10)
    assert 1 < counting.most <= 4


async def test_a_client_that_leaves_stops_the_painting(
    client: httpx.AsyncClient, stages: FakeStages, counting: type[CountingStages]
) -> None:
    stages.delays["paint"] = 60
    request = asyncio.ensure_future(generate(client, n=10))
    async with asyncio.timeout(10):
        while counting.at_work < 4:  # noqa: ASYNC110 - nothing tells of a call
            await asyncio.sleep(0.01)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert (counting.at_work, counting.cancelled) == (0, 4)
    assert stages.calls.count("paint") == 4


async def test_one_that_fails_stops_the_others(
    client: httpx.AsyncClient, stages: FakeStages, counting: type[CountingStages]
) -> None:
    stages.delays["paint"] = 0.1
    stages.failures["paint"] = AvatarError("overloaded", "Busy.")
    stages.fail_once = {"paint"}
    answer = await generate(client, n=10)
    assert answer.status_code == 503
    await asyncio.sleep(0.3)
    assert counting.at_work == 0
    assert stages.calls.count("paint") < 10


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("no words", {"prompt": ""}, "prompt"),
    ("null for words", {"prompt": None}, "prompt"),
    ("a number for words", {"prompt": 5}, "prompt"),
    ("long words", {"prompt": "x" * 1001}, "prompt"),
    ("none", {"n": 0}, "n"),
    ("eleven", {"n": 11}, "n"),
    ("half a picture", {"n": 1.5}, "n"),
    ("odd size", {"size": "511x512"}, "size"),
    ("huge size", {"size": "4096x4096"}, "size"),
    ("a strip", {"size": "128x1920"}, "size"),
    ("size in words", {"size": "large"}, "size"),
    ("bytes", {"response_format": "bytes"}, "response_format"),
    ("moving", {"output_format": "gif"}, "output_format"),
    ("lossy png", {"output_compression": 50}, "output_compression"),
    ("see-through", {"background": "transparent"}, "background"),
    ("streamed", {"stream": True}, "stream"),
    ("in parts", {"partial_images": 2}, "partial_images"),
    ("best", {"quality": "best"}, "quality"),
    ("wild", {"style": "wild"}, "style"),
    ("unknown field", {"mask": "x"}, "mask"),
    ("negative seed", {"seed": -1}, "seed"),
]


@pytest.mark.parametrize(("fields", "param"), [case[1:] for case in REFUSED],
                         ids=[case[0] for case in REFUSED])  # fmt: skip
async def test_what_cannot_be_served_is_refused_by_its_name(
    client: httpx.AsyncClient, stages: FakeStages, fields: dict[str, Any], param: str
) -> None:
    answer = await generate(client, **fields)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == ("invalid_request", param)
    assert error["type"] == "invalid_request_error"
    assert error["message"].endswith(".")
    assert "paint" not in stages.calls


async def test_nulls_and_hints_of_other_models_are_taken(client: httpx.AsyncClient) -> None:
    nulls = dict.fromkeys(ImageRequest.model_fields.keys() - {"prompt"})
    assert len((await painted(client, **nulls))["data"]) == 1
    hints = {"model": "dall-e-3", "quality": "hd", "style": "vivid", "user": "u", "stream": False}
    hints |= {"moderation": "low", "safety_identifier": "s", "background": "opaque"}
    assert len((await painted(client, **hints))["data"]) == 1


async def test_a_form_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, data={"prompt": "a man"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "Send JSON as application/json."


async def test_the_operator_may_allow_fewer(client: httpx.AsyncClient, services: Services) -> None:
    object.__setattr__(services, "settings", services.settings.model_copy(
        update={"max_images": 2}))  # fmt: skip
    assert len((await painted(client, n=2))["data"]) == 2
    answer = await generate(client, n=3)
    assert answer.json()["error"]["message"] == "n must be at most 2 here."


async def test_words_that_no_face_came_of_are_refused(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    stages.boxes = []
    error = (await generate(client, prompt="a tree")).json()["error"]
    assert (error["code"], error["param"]) == ("no_face", "prompt")


async def test_a_stage_that_is_not_up_in_time_is_overloaded(
    client: httpx.AsyncClient, stages: FakeStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "PAINTING_SECONDS", 0.05)
    stages.delays["paint"] = 60
    answer = await generate(client)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "overloaded"
    assert int(answer.headers["retry-after"]) >= 1
