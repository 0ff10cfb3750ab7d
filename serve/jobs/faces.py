"""From a picture to an avatar's portrait: find the faces, choose one, keep both."""

import asyncio
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from media.errors import AvatarError
from media.face import Face, Picture, Portrait, choose, require_free_mouth, require_large_enough
from media.marks import SourceType
from media.picture import encode_webp
from serve.stages import Stages
from serve.storage import keys
from serve.storage.artifacts import Artifacts
from serve.storage.portraits import save_portrait

PREVIEW_SIDE = 768
"""Longest side of the picture by which an avatar is shown."""

_PROMPTS: Final = ("prompt", "avatar_prompt")
_PAINTED: Final = (
    "What came of these words looks as if it showed what is not used here, such as nudity: use "
    "other words, or another seed."
)


async def portrait_of(
    stages: Stages, picture: Picture, face_index: int | None, *, param: str
) -> Portrait:
    """The picture, cut to even sides, with its chosen face and that face's mesh.

    Raises AvatarError `unsafe_image`, `no_face`, `many_faces`, `face_too_small`, `mouth_covered`,
    or `invalid_request` for a `face_index` that does not exist; `param` names the input that the
    picture came by.
    """
    canvas, faces = await faces_of(stages, picture, param=param)
    chosen = faces[choose(faces, face_index, param=param)]
    return Portrait(canvas, await usable(stages, canvas, chosen, param=param))


async def faces_of(
    stages: Stages, picture: Picture, *, param: str
) -> tuple[Picture, Sequence[Face]]:
    """The picture, cut to even sides, and its faces, numbered left to right.

    Raises AvatarError `no_face` for a picture that is too narrow to hold one, `unsafe_image`.
    """
    height, width = (side - side % 2 for side in picture.shape[:2])
    if not height or not width:
        raise AvatarError(
            "no_face", "The picture is a single line of pixels: use a photo.", param=param
        )
    canvas = np.ascontiguousarray(picture[:height, :width])
    return canvas, await found_in(stages, canvas, param=param)


async def found_in(stages: Stages, picture: Picture, *, param: str) -> list[Face]:
    """The faces of a picture, numbered left to right; `param` names the input that it came by.

    Raises AvatarError `unsafe_image` for a picture that the stage's check refuses.
    """
    try:
        return await stages.find_faces(picture)
    except AvatarError as error:
        if error.code != "unsafe_image":
            raise
        # The stage knows neither by which name the client sent it, nor that it was painted.
        sentence = _PAINTED if param in _PROMPTS else error.message
        raise AvatarError(error.code, sentence, param=param, details=error.details) from None


async def usable(stages: Stages, canvas: Picture, face: Face, *, param: str) -> Face:
    """The face with its mesh. Raises AvatarError `no_face`, `face_too_small`, `mouth_covered`."""
    meshed = await _mesh(stages, canvas, face, param)
    require_large_enough(meshed, param=param)
    require_free_mouth(meshed, param=param)
    return meshed


async def keep_portrait(
    artifacts: Artifacts, avatar_id: str, portrait: Portrait, source: SourceType | None
) -> str:
    """Store an avatar's portrait and the picture it is shown by. Returns the content hash."""
    name = await save_portrait(artifacts, portrait)
    preview = await asyncio.to_thread(preview_of, portrait.rgb, PREVIEW_SIDE, source)
    await artifacts.put(keys.avatar_picture(avatar_id), preview)
    return name


async def restore_portrait(artifacts: Artifacts, portrait: Portrait, content_hash: str) -> None:
    """Store a portrait again that was removed between its storing and its naming.

    It may have been another's too, whose removal found that no record named it yet.
    """
    if not await artifacts.exists(keys.portrait(content_hash)):
        await save_portrait(artifacts, portrait)


def smaller(file: bytes, side: int, source: SourceType | None) -> bytes:
    """A picture's file of our own making, the gallery's or a preview, at most `side` long."""
    pixels = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR_RGB)
    return preview_of(np.asarray(pixels, np.uint8), side, source)


def preview_of(
    picture: Picture, side: int = PREVIEW_SIDE, source: SourceType | None = None
) -> bytes:
    """A small WebP file of a picture, its longest side at most `side` pixels, with its mark."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return encode_webp(picture, quality=85, source=source)


async def _mesh(stages: Stages, canvas: Picture, chosen: Face, param: str) -> Face:
    try:
        return await stages.mesh(canvas, chosen)
    except AvatarError as error:
        if error.code != "no_face":
            raise
        # The stage cannot know by which name the client sent the picture.
        raise AvatarError(error.code, error.message, param=param, details=error.details) from None
