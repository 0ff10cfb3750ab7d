"""Faces of a picture are found before anything is made of it."""

import httpx
import pytest

from media.errors import AvatarError
from tests.conftest import Stored, check_refusal
from tests.fakes import FakeStages, png

TWO = ((0.6, 0.2, 0.9, 0.7), (0.1, 0.2, 0.4, 0.7))


async def found(client: httpx.AsyncClient, picture: bytes | None = None) -> httpx.Response:
    return await client.post("/v1/faces", files={"image": ("x", picture or png(320, 240))})


async def test_one_face_is_the_one_meant(client: httpx.AsyncClient, stored: Stored) -> None:
    answer = await found(client)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["object"], told["width"], told["height"], told["chosen"]) == ("list", 320, 240, 0)
    (face,) = told["data"]
    assert (face["index"], face["problem"]) == (0, None)
    assert face["box"] == [96.0, 48.0, 128.0, 144.0]
    assert not stored()


async def test_of_several_none_is_meant(client: httpx.AsyncClient, stages: FakeStages) -> None:
    stages.boxes = TWO
    told = (await found(client)).json()
    assert told["chosen"] is None
    assert [face["index"] for face in told["data"]] == [0, 1]


async def test_one_that_is_clearly_the_largest_is_meant(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    stages.boxes = ((0.0, 0.0, 0.2, 0.2), (0.4, 0.1, 0.9, 0.9))
    assert (await found(client)).json()["chosen"] == 1


async def test_what_keeps_a_face_from_speaking_is_told_of_each(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    stages.boxes = ((0.0, 0.0, 0.1, 0.2), (0.4, 0.1, 0.9, 0.9))
    small, large = (await found(client)).json()["data"]
    assert (small["problem"]["code"], small["problem"]["param"]) == ("face_too_small", "image")
    assert large["problem"] is None


async def test_of_a_crowd_the_largest_are_looked_at_closely(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    stages.boxes = tuple((n / 50, 0.1, n / 50 + 0.01 + n / 5000, 0.4) for n in range(40))
    told = (await found(client)).json()
    assert len(told["data"]) == 40
    assert stages.calls.count("mesh") == 12
    assert [face["problem"] is None for face in told["data"]] == [True] * 28 + [False] * 12


async def test_a_picture_without_a_face_is_refused(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    stages.boxes = ()
    check_refusal(await found(client), "no_face", "image")


async def test_what_is_no_picture_is_refused(client: httpx.AsyncClient) -> None:
    check_refusal(await found(client, b"no picture"), "unreadable_image", "image")
    check_refusal(
        await client.post("/v1/faces", files={"x": ("x", b"")}), "invalid_request", "image"
    )
    check_refusal(await client.post("/v1/faces", json={}), "invalid_request", "image")


async def test_a_face_stage_that_fails_is_no_fault_of_the_face(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    stages.failures["mesh"] = AvatarError("overloaded", "The faces are busy.")
    answer = await found(client)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")


@pytest.mark.parametrize("name", ["ada", "mira"])
async def test_a_gallery_without_records_describes_nobody(
    client: httpx.AsyncClient, name: str
) -> None:
    assert (await client.get(f"/v1/avatars/{name}")).json()["description"] is None
