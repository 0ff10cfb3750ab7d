"""The faces of a picture, found before anything is made of it."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from media.errors import AvatarError
from media.face import Face, Picture, choose
from serve.api import examine, openapi
from serve.api.background import STAGE_SECONDS, within
from serve.api.schemas import FacesRequest
from serve.api.services import Services
from serve.api.uploads import received
from serve.api.videos import Using
from serve.api.views import ErrorBody
from serve.jobs.faces import faces_of, usable
from serve.jobs.faults import as_dict

router = APIRouter(prefix="/v1/faces", tags=["avatars"])

EXAMINED: Final = 12
"""Faces that are looked at closely, the largest of a crowd: each is a call of the face stage."""


class FaceView(BaseModel):
    """A face of a picture."""

    index: int = Field(description="The `face_index` that chooses it.")
    box: list[float] = Field(description="Left, top, width, height in pixels of the picture.")
    score: float
    pose: dict[str, float] = Field(description="Yaw, pitch and roll in degrees.")
    problem: ErrorBody | None = Field(
        description="Why no video can be made of it, where it was looked at closely: the "
        f"{EXAMINED} largest are."
    )


class FaceList(BaseModel):
    """The faces of a picture, numbered from the left."""

    object: str = "list"
    width: int = Field(description="Of the picture as it is used: upright, at most 2048 long.")
    height: int
    chosen: int | None = Field(
        description="The face that is meant where none is named; null: `face_index` is needed."
    )
    data: list[FaceView]


@router.post(
    "",
    operation_id="find_faces",
    summary="Find the faces of a picture",
    openapi_extra=openapi.form(FacesRequest),
    responses=openapi.errors(
        *("no_face", "unreadable_image", "unsafe_image", "invalid_request", "too_large"),
        "overloaded",
    ),
)
async def find_faces(request: Request, services: Using) -> FaceList:
    """Nothing is kept: send the picture again as `avatar_image`, or keep it as an avatar."""
    limit = services.settings.max_upload_bytes
    async with received(request, files=("image",), limit=limit) as body:
        wanted = body.parse(FacesRequest)
        pixels = await examine.decoded(services, wanted.image, "image")
    return await within(STAGE_SECONDS, _look(services, pixels))


async def _look(services: Services, pixels: Picture) -> FaceList:
    canvas, faces = await faces_of(services.stages, pixels, param="image")
    chosen = _meant(faces)
    largest = sorted(range(len(faces)), key=lambda n: faces[n].area, reverse=True)[:EXAMINED]
    found = await asyncio.gather(*(_problem(services, canvas, faces[n]) for n in largest))
    problems = dict(zip(largest, found, strict=True))
    return FaceList(
        width=canvas.shape[1],
        height=canvas.shape[0],
        chosen=chosen,
        data=[
            FaceView.model_validate({"index": n, "problem": problems.get(n), **face.summary()})
            for n, face in enumerate(faces)
        ],
    )


def _meant(faces: Sequence[Face]) -> int | None:
    try:
        return choose(faces, None, param="image")
    except AvatarError as error:
        if error.code != "many_faces":
            raise
        return None


async def _problem(services: Services, canvas: Picture, face: Face) -> dict[str, Any] | None:
    try:
        await usable(services.stages, canvas, face, param="image")
    except AvatarError as error:
        if error.code not in ("no_face", "face_too_small", "mouth_covered"):
            raise
        return as_dict(error)
    return None
