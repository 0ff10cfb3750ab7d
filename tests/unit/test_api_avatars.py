"""Avatars: the gallery first, then one's own from pictures and from words."""

import io

import httpx
import pytest
from PIL import Image, ImageChops

from media.errors import AvatarError
from serve.api.services import Services
from serve.jobs import avatars
from tests.conftest import Stored
from tests.fakes import FakeStages, make_video, png


async def keep(client: httpx.AsyncClient, seed: int = 0, **fields: str) -> dict[str, object]:
    answer = await client.post("/v1/avatars", data=fields, files={"image": ("x", png(seed=seed))})
    assert answer.status_code == 201, answer.text
    kept: dict[str, object] = answer.json()
    return kept


async def test_a_picture_becomes_a_listed_avatar(client: httpx.AsyncClient) -> None:
    kept = await keep(client, name="Me")
    assert (kept["kind"], kept["name"], kept["width"]) == ("image", "Me", 320)
    assert kept["face"]["box"] == [96.0, 64.0, 128.0, 192.0]  # type: ignore[index]  # JSON
    assert (await client.get(f"/v1/avatars/{kept['id']}")).json() == kept
    listed = (await client.get("/v1/avatars")).json()["data"]
    assert [avatar["id"] for avatar in listed] == ["ada", "mira", kept["id"]]


async def test_words_become_an_avatar_that_tells_which_of_them_counted(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/v1/avatars", json={"prompt": "redhead wizard", "seed": 5})
    assert answer.status_code == 201
    kept = answer.json()
    assert (kept["kind"], kept["prompt"], kept["seed"]) == ("prompt", "redhead wizard", 5)
    assert (kept["words_used"], kept["words_ignored"]) == (["redhead"], ["wizard"])
    assert kept["name"] == "redhead wizard"


async def test_a_video_can_be_asked_for_with_an_own_avatar(
    client: httpx.AsyncClient, services: Services, stages: FakeStages
) -> None:
    stages.director = lambda job_id: make_video(services, job_id)
    kept = await keep(client)
    answer = await client.post("/v1/videos", json={"avatar": kept["id"], "text": "Hi."})
    assert answer.status_code == 202
    await client.delete(f"/v1/videos/{answer.json()['id']}")
    assert (await client.get(f"/v1/avatars/{kept['id']}")).status_code == 200


async def test_previews_are_small_webp_pictures(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/avatars", files={"image": ("x", png(1200, 900))})
    preview = await client.get(answer.json()["urls"]["preview"])
    assert preview.headers["content-type"] == "image/webp"
    assert preview.headers["x-content-type-options"] == "nosniff"
    with Image.open(io.BytesIO(preview.content)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (768, 576))
    painted = await client.get("/v1/avatars/ada/preview")
    first, second = (Image.open(io.BytesIO(f)) for f in (painted.content, png(seed=100)))
    assert ImageChops.difference(first.convert("RGB"), second).getbbox() is None


@pytest.mark.parametrize("own", [True, False])
async def test_a_preview_is_as_small_as_is_asked(client: httpx.AsyncClient, own: bool) -> None:
    avatar = (await keep(client))["id"] if own else "mira"
    preview = await client.get(f"/v1/avatars/{avatar}/preview?side=96")
    with Image.open(io.BytesIO(preview.content)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (96, 96))
    whole = await client.get(f"/v1/avatars/{avatar}/preview")
    with Image.open(io.BytesIO(whole.content)) as picture:
        assert picture.size == (320, 320)
    assert (await client.get(f"/v1/avatars/{avatar}/preview?side=9000")).status_code == 422


async def test_an_avatar_that_is_not_painted_yet_has_no_preview_yet(
    client: httpx.AsyncClient,
) -> None:
    video = await client.post("/v1/videos", json={"avatar_prompt": "a man", "text": "Hi."})
    answer = await client.get(f"/v1/avatars/{video.json()['avatar']}/preview")
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "not_finished"


async def test_pages_run_through_the_gallery_into_ones_own(client: httpx.AsyncClient) -> None:
    own = [str((await keep(client, seed=n))["id"]) for n in range(3)]
    for limit in (1, 2, 3, 4, 5):
        seen: list[str] = []
        more, after = True, {}
        while more:
            query = {"limit": limit, "order": "asc", **after}
            page = (await client.get("/v1/avatars", params=query)).json()
            assert 0 < len(page["data"]) <= limit
            seen += [avatar["id"] for avatar in page["data"]]
            more, after = page["has_more"], {"after": seen[-1]}
        assert seen == ["ada", "mira", *own]


async def test_delete_leaves_no_byte_of_an_avatar(
    client: httpx.AsyncClient, stored: Stored
) -> None:
    kept = await keep(client)
    assert len(stored()) == 2
    gone = await client.delete(f"/v1/avatars/{kept['id']}")
    assert gone.json() == {"id": kept["id"], "object": "avatar.deleted", "deleted": True}
    assert stored() == set()
    assert (await client.get(f"/v1/avatars/{kept['id']}")).status_code == 404
    assert (await client.delete(f"/v1/avatars/{kept['id']}")).status_code == 404


async def test_an_avatar_stays_while_a_video_is_made_of_it(client: httpx.AsyncClient) -> None:
    kept = await keep(client)
    video = (await client.post("/v1/videos", json={"avatar": kept["id"], "text": "Hi."})).json()
    refused = await client.delete(f"/v1/avatars/{kept['id']}")
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "not_finished"
    await client.post(f"/v1/videos/{video['id']}/cancel")
    assert (await client.delete(f"/v1/avatars/{kept['id']}")).status_code == 200


async def test_the_gallery_cannot_be_deleted(client: httpx.AsyncClient) -> None:
    await client.post("/v1/videos", json={"avatar": "mira", "text": "Hi."})
    answer = await client.delete("/v1/avatars/mira")
    assert answer.status_code == 422
    used = (await client.get("/v1/avatars/mira")).json()
    assert (used["kind"], used["width"], used["created_at"]) == ("gallery", 320, None)


async def test_a_face_that_left_the_gallery_is_unknown(
    client: httpx.AsyncClient, services: Services
) -> None:
    await client.post("/v1/videos", json={"avatar": "mira", "text": "Hi."})
    del services.gallery["mira"]  # type: ignore[attr-defined]  # a dict, here
    answer = await client.post("/v1/videos", json={"avatar": "mira", "text": "Hi."})
    assert answer.json()["error"]["code"] == "unknown_avatar"
    assert await avatars.find(services.database, "mira") is not None


@pytest.mark.parametrize("code", ["overloaded", "weights_missing", "unsafe_image"])
async def test_what_the_painter_says_is_passed_on(
    client: httpx.AsyncClient, stages: FakeStages, stored: Stored, code: str
) -> None:
    stages.failures["paint"] = AvatarError(code, "Said by the painter.")
    answer = await client.post("/v1/avatars", json={"prompt": "a man"})
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["message"] == "Said by the painter."
    assert stored() == set()


async def test_a_painting_without_a_face_is_refused_under_the_prompts_name(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    stages.boxes = []
    answer = await client.post("/v1/avatars", json={"prompt": "a tree"})
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == ("no_face", "prompt")
