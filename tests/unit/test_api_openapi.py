"""The API's description is complete: every call, its examples, its errors."""

from typing import Any

import httpx
import pytest

from media.errors import RETRYABLE
from serve.api.app import create_app
from serve.api.gallery import load_gallery
from serve.api.openai_shapes import ImageRequest
from serve.api.schemas import VideoRequest
from serve.api.services import Services
from serve.api.uploads import Body
from serve.api.videos import _EXAMPLES

Description = dict[str, Any]


@pytest.fixture
async def described(client: httpx.AsyncClient) -> Description:
    answer: Description = (await client.get("/openapi.json")).json()
    return answer


def calls(described: Description) -> list[tuple[str, str, Description]]:
    return [
        (method, path, call)
        for path, methods in described["paths"].items()
        for method, call in methods.items()
    ]


async def test_every_call_has_a_tag_a_summary_and_an_id_of_its_own(described: Description) -> None:
    ids = []
    for method, path, call in calls(described):
        assert call["tags"], (method, path)
        assert call["summary"], (method, path)
        assert call["description"], (method, path)
        ids.append(call["operationId"])
    assert len(ids) == len(set(ids)) == 32


async def test_every_error_answer_has_the_one_shape(described: Description) -> None:
    for method, path, call in calls(described):
        for status, answer in call["responses"].items():
            if int(status) >= 400:
                shape = answer["content"]["application/json"]["schema"]["$ref"]
                assert shape.endswith("/ErrorAnswer"), (method, path, status)
    assert "HTTPValidationError" not in str(described)


async def test_every_code_that_can_reach_a_client_is_described(described: Description) -> None:
    told = str([call["responses"] for _, _, call in calls(described)])
    assert {code for code in RETRYABLE if f"`{code}`" not in told} == set()


async def test_calls_tell_what_they_are_open_to(services: Services) -> None:
    described = create_app(services, access="keys").openapi()
    key, link = (described["components"]["securitySchemes"][name] for name in ("key", "link"))
    assert (key["type"], key["scheme"]) == ("http", "bearer")
    assert (link["type"], link["in"], link["name"]) == ("apiKey", "query", "link")
    security = {call["operationId"]: call["security"] for _, _, call in calls(described)}
    assert {name for name, ways in security.items() if not ways} == {
        *("healthz", "readyz", "get_image", "sign_in", "sign_out")
    }
    assert {name for name, ways in security.items() if {"link": []} in ways} == {
        *("get_video_content", "get_video_playlist", "get_video_init", "get_video_segment"),
        *("follow_video", "get_shared_video"),
    }
    assert all({"key": []} in ways for ways in security.values() if ways)


async def test_an_open_service_asks_for_no_key(described: Description) -> None:
    assert not any(call["security"] for _, _, call in calls(described))


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/avatars"])
async def test_creating_calls_take_json_and_forms_with_the_same_fields(
    described: Description, path: str
) -> None:
    content = described["paths"][path]["post"]["requestBody"]["content"]
    json = set(content["application/json"]["schema"]["properties"])
    form = set(content["multipart/form-data"]["schema"]["properties"])
    assert form - json == ({"audio", "avatar_image"} if path == "/v1/videos" else {"image"})
    assert json < form


async def test_a_sample_comes_in_a_form_alone(described: Description) -> None:
    content = described["paths"]["/v1/voices"]["post"]["requestBody"]["content"]
    assert set(content) == {"multipart/form-data"}
    form = content["multipart/form-data"]["schema"]
    assert set(form["required"]) == {"sample", "consent", "name"}
    assert form["properties"]["sample"]["format"] == "binary"


async def test_the_examples_of_a_video_are_valid(described: Description) -> None:
    content = described["paths"]["/v1/videos"]["post"]["requestBody"]["content"]
    examples = content["application/json"]["examples"]
    assert len(examples) >= 2
    for example in examples.values():
        Body(example["value"], is_form=False).parse(VideoRequest)


async def test_pictures_are_described_as_openais_clients_meet_them(described: Description) -> None:
    call = described["paths"]["/v1/images/generations"]["post"]
    content = call["requestBody"]["content"]
    assert set(content) == {"application/json"}
    for example in content["application/json"]["examples"].values():
        Body(example["value"], is_form=False).parse(ImageRequest)
    assert "`no_face`" in call["responses"]["400"]["description"]
    assert call["responses"]["422"]["description"] == "Not used: 400 is."


@pytest.mark.skipif(not load_gallery(), reason="THE GALLERY IS EMPTY: paint it with its recipe")
def test_the_examples_avatar_is_in_the_projects_gallery() -> None:
    named = {example["avatar"] for example in _EXAMPLES.values() if "avatar" in example}
    assert named <= set(load_gallery())


async def test_the_description_is_found_by_people(
    client: httpx.AsyncClient, services: Services
) -> None:
    assert (await client.get("/docs")).status_code == 200


async def test_what_can_be_sent_again_tells_of_what_is_gone_since_and_of_conflicts(
    described: Description,
) -> None:
    repeatable = [
        (path, call)
        for _, path, call in calls(described)
        if "Idempotency-Key" in [one["name"] for one in call.get("parameters", ())]
    ]
    assert len(repeatable) == 4
    for path, call in repeatable:
        assert {"404", "409"} <= call["responses"].keys(), path


@pytest.mark.parametrize("path", ["/v1/images/generations", "/v1/audio/speech"])
async def test_in_openai_s_words_what_may_be_left_out_may_be_null(
    described: Description, path: str
) -> None:
    body = described["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    schema = body["schema"]
    for field, told in schema["properties"].items():
        nullable = {"type": "null"} in told.get("anyOf", ())
        assert nullable is (field not in schema["required"]), field
