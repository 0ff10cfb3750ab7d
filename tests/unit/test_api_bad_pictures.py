"""Pictures that cannot be used are refused, those that are only unusual work."""

import io
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from media.errors import AvatarError
from tests.conftest import Stored, check_refusal, nothing_is_left
from tests.fakes import FakeStages, png, tone, wav


def picture(mode: str = "RGB", side: int = 64, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new(mode, (side, side), 200).save(file, kind, **options)
    return file.getvalue()


def animation() -> bytes:
    file = io.BytesIO()
    frames = [Image.new("RGB", (64, 64), (n * 20, 0, 0)) for n in range(10)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


def rotated() -> bytes:
    file = io.BytesIO()
    upright = Image.new("RGB", (64, 96))
    exif = upright.getexif()
    exif[0x0112] = 6
    upright.save(file, "JPEG", exif=exif)
    return file.getvalue()


def deep16() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((64, 64), 30_000, np.uint16)).save(file, "PNG")
    return file.getvalue()


PICTURES: list[tuple[str, Callable[[], bytes], str, int]] = [
    ("text named .png", lambda: b"I am not a picture.\n" * 50, "unreadable_image", 422),
    ("empty", lambda: b"", "unreadable_image", 422),
    ("one byte", lambda: b"\x89", "unreadable_image", 422),
    ("truncated", lambda: png(600, 600)[:-40_000], "unreadable_image", 422),
    ("header only", lambda: png()[:40], "unreadable_image", 422),
    ("bomb", lambda: picture("L", 12_000, compress_level=9), "too_large", 413),
    ("a recording", lambda: wav(tone()), "unreadable_image", 422),
    ("svg", lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "unreadable_image", 422),
]


@pytest.mark.parametrize(
    ("make", "code", "status"), [row[1:] for row in PICTURES], ids=[row[0] for row in PICTURES]
)
@pytest.mark.parametrize("call", ["videos", "avatars"])
async def test_a_picture_that_cannot_be_used_is_refused(
    client: httpx.AsyncClient,
    stored: Stored,
    make: Callable[[], bytes],
    code: str,
    status: int,
    call: str,
) -> None:
    param, data = ("avatar_image", {"text": "Hi."}) if call == "videos" else ("image", {})
    answer = await client.post(f"/v1/{call}", data=data, files={param: ("me.png", make())})
    check_refusal(answer, code, param, status)
    assert stored() == set()
    await nothing_is_left(client, stored)


@pytest.mark.parametrize(
    "make",
    [
        lambda: picture("CMYK", kind="JPEG"), lambda: picture("RGBA"), lambda: picture("L"),
        lambda: picture("P"), lambda: picture(kind="WEBP"), lambda: picture(kind="BMP"),
        deep16, rotated, animation,
    ],
    ids=["cmyk", "transparent", "grey", "palette", "webp", "bmp", "16 bit", "rotated", "animated"],
)  # fmt: skip
async def test_a_picture_that_is_only_unusual_works(
    client: httpx.AsyncClient, stages: FakeStages, make: Callable[[], bytes]
) -> None:
    stages.boxes = ((0.1, 0.1, 0.9, 0.9),)
    answer = await client.post(
        "/v1/videos", data={"text": "Hi."}, files={"avatar_image": ("x", make())}
    )
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize(
    ("boxes", "fields", "code", "param"),
    [
        ([], {}, "no_face", "avatar_image"),
        ([(0.1, 0.1, 0.4, 0.4), (0.6, 0.1, 0.9, 0.4)], {}, "many_faces", "face_index"),
        ([(0.1, 0.1, 0.9, 0.9)], {"face_index": "1"}, "invalid_request", "face_index"),
        ([(0.1, 0.1, 0.9, 0.9)], {"face_index": "-1"}, "invalid_request", "face_index"),
        ([(0.1, 0.1, 0.9, 0.9)], {"face_index": "first"}, "invalid_request", "face_index"),
        ([(0.45, 0.45, 0.55, 0.55)], {}, "face_too_small", "avatar_image"),
    ],
)
async def test_a_picture_without_the_one_face_meant_is_refused(
    client: httpx.AsyncClient,
    stages: FakeStages,
    stored: Stored,
    boxes: list[Any],
    fields: dict[str, str],
    code: str,
    param: str,
) -> None:
    stages.boxes = boxes
    answer = await client.post(
        "/v1/videos", data={"text": "Hi."} | fields, files={"avatar_image": ("x", png())}
    )
    check_refusal(answer, code, param)
    assert stored() == set()
    if code == "many_faces":
        boxes_shown = [face["box"] for face in answer.json()["error"]["faces"]]
        assert boxes_shown == [[32.0, 32.0, 96.0, 96.0], [192.0, 32.0, 96.0, 96.0]]


async def test_of_several_faces_the_one_chosen_or_clearly_largest_is_taken(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    async def face(**fields: str) -> Any:
        answer = await client.post("/v1/avatars", data=fields, files={"image": ("x", png())})
        assert answer.status_code == 201, answer.text
        return answer.json()["face"]["box"][0]

    stages.boxes = [(0.1, 0.1, 0.4, 0.4), (0.6, 0.1, 0.9, 0.4)]
    assert await face(face_index="1") == 192.0
    stages.boxes = [(0.0, 0.0, 0.2, 0.2), (0.4, 0.1, 0.9, 0.9)]
    assert await face() == 128.0


async def test_a_face_that_no_mesh_fits_is_named_by_the_clients_own_field(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    stages.failures["mesh"] = AvatarError("no_face", "The face is turned away.", param="picture")
    answer = await client.post("/v1/avatars", files={"image": ("x", png())})
    check_refusal(answer, "no_face", "image")
