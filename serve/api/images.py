"""Pictures of faces from words, as OpenAI's clients ask for them."""

import re
from typing import Final

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response

from media.errors import AvatarError
from media.marks import SourceType
from serve.api import marking, openapi
from serve.api.allowed import require_allowed
from serve.api.avatars import PAINTING_SECONDS
from serve.api.background import within
from serve.api.idempotent import FAULTS, RepeatKey, once
from serve.api.images_painted import ImagesAnswer, Painted, gone, keep, kept, paint
from serve.api.making import undone_unless_recorded
from serve.api.openai_faults import OpenAIRoute
from serve.api.openai_shapes import ImageRequest
from serve.api.services import Services, base_of
from serve.api.uploads import received
from serve.api.videos import Owner, Using
from serve.jobs.idempotency import Note
from serve.storage import keys

router = APIRouter(prefix="/v1/images", tags=["images"], route_class=OpenAIRoute)

_ID: Final = re.compile(r"img_[a-z0-9]{24}")
_FILE: Final = re.compile(r"([0-9])\.(png|webp|jpeg)")
_EXAMPLES: Final = {
    "Two pictures": {
        "prompt": "a smiling woman with glasses",
        "n": 2,
        "size": "512x512",
        "response_format": "url",
    }
}


@router.post(
    "/generations",
    response_model=ImagesAnswer,
    response_model_exclude_none=True,
    operation_id="create_images",
    summary="Paint portraits from words",
    openapi_extra=openapi.body(ImageRequest, files=(), examples=_EXAMPLES),
    responses=openapi.as_openai(
        openapi.errors(
            *("invalid_request", "no_face", "unsafe_image", "content_refused", "too_large"),
            *("overloaded", "weights_missing", *FAULTS),
        )
    ),
)
async def create_images(
    request: Request, services: Using, owner: Owner, key: RepeatKey
) -> Response:
    """`client.images.generate` of OpenAI's libraries, painted by the engine that is configured.

    Each picture carries Content Credentials (C2PA), which say that AI painted it. The answer tells
    its seed and which words were used. A link lasts for an hour unless the operator chose
    otherwise. Under an `Idempotency-Key` pictures are kept as long, whatever the format. A client
    that leaves stops the painting.
    """
    async with received(request, files=(), limit=0) as body:
        wanted = body.parse(ImageRequest)
    most = services.settings.max_images
    if wanted.n > most:
        raise AvatarError("invalid_request", f"n must be at most {most} here.", param="n")
    painted, headers = await once(
        services,
        key,
        wanted,
        make=lambda note: _make(services, wanted, owner, note),
        find=lambda batch_id: kept(services, batch_id),
    )
    address = base_of(request, services.settings) if wanted.response_format == "url" else None
    answer = await run_sync(painted.answer, address)
    headers = {**headers, **marking.header(SourceType.MADE)}
    return Response(answer, headers=headers, media_type="application/json")


async def _make(services: Services, wanted: ImageRequest, owner: str, note: Note | None) -> Painted:
    await require_allowed(services, "portrait", wanted.prompt, param="prompt", owner=owner)
    painted = await within(PAINTING_SECONDS, paint(services, wanted))
    if note is not None or wanted.response_format == "url":
        await services.background.finish(_keep(services, painted, note))
    return painted


async def _keep(services: Services, painted: Painted, note: Note | None) -> None:
    async with undone_unless_recorded() as undo:
        undo.push_async_callback(services.artifacts.delete_prefix, keys.images(painted.id))
        await keep(services, painted)
        if note is not None:
            async with services.database.write() as session:
                await note(session, painted.id)


@router.get(
    "/{image_id}/{file}",
    operation_id="get_image",
    summary="Fetch a painted picture",
    response_class=Response,
    responses={
        200: openapi.binary("image/png", "image/webp", "image/jpeg"),
        **openapi.as_openai(openapi.errors("not_found")),
    },
)
async def get_image(image_id: str, file: str, services: Using) -> Response:
    """What the `url` of an answer points to: its address is the right to see it."""
    named = _FILE.fullmatch(file)
    if named is None or not _ID.fullmatch(image_id):
        raise gone()
    n, ending = int(named[1]), named[2]
    try:
        picture = await services.artifacts.get(keys.image(image_id, n, ending))
    except FileNotFoundError:
        raise gone() from None
    headers = {
        "Cache-Control": "private, max-age=3600",
        "X-Content-Type-Options": "nosniff",
        **marking.header(SourceType.MADE),
    }
    return Response(picture, headers=headers, media_type=f"image/{ending}")
