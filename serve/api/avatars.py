"""Avatars: the gallery's and one's own."""

import asyncio
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response

from media.errors import AvatarError
from media.face import Portrait
from serve.api import examine, marking, openapi
from serve.api.allowed import require_allowed
from serve.api.background import within
from serve.api.idempotent import FAULTS, RepeatKey, once
from serve.api.making import NewAvatar, make_avatar, undone_unless_recorded
from serve.api.schemas import AvatarRequest
from serve.api.services import Services
from serve.api.uploads import received
from serve.api.videos import Owner, Reach, Using
from serve.api.views import AvatarList, AvatarView, Deleted, avatar_view, gallery_view
from serve.jobs import avatars, removal
from serve.jobs.faces import PREVIEW_SIDE, portrait_of, restore_portrait, smaller
from serve.jobs.idempotency import Note
from serve.jobs.models import Avatar
from serve.marking.claims import PAINTED, painter, portrait_claim
from serve.storage import keys

router = APIRouter(prefix="/v1/avatars", tags=["avatars"])

PAINTING_SECONDS: Final = 180.0
"""How long a painting may take, a cold start of its stage included."""

_NAME_LENGTH: Final = 40
_EXAMPLES: Final = {
    "From words": {"prompt": "an old man with a grey beard", "seed": 3, "name": "Grandpa"}
}


@router.get(
    "",
    operation_id="list_avatars",
    summary="List avatars",
    responses=openapi.errors("invalid_request"),
)
async def list_avatars(
    services: Using,
    owner: Owner,
    after: Annotated[str | None, Query(description="Begin behind this id.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Annotated[Literal["asc", "desc"], Query(description="Of one's own, by age.")] = "desc",
) -> AvatarList:
    """The gallery first, then those that you made."""
    names = list(services.gallery)
    in_gallery = after is not None and after in services.gallery
    if after is not None:
        names = names[names.index(after) + 1 :] if in_gallery else []
    shown = [await _gallery_view(services, name) for name in names[:limit]]
    room = limit - len(shown)
    own, more = await avatars.page(
        services.database, owner, after=None if in_gallery else after, limit=room, order=order
    )
    more = more or len(names) > limit
    return AvatarList(data=[*shown, *map(avatar_view, own)], has_more=more)


@router.post(
    "",
    status_code=201,
    operation_id="create_avatar",
    summary="Keep an avatar from a picture or from words",
    openapi_extra=openapi.body(AvatarRequest, files=("image",), examples=_EXAMPLES),
    responses=openapi.errors(
        *(
            "no_face",
            "many_faces",
            "face_too_small",
            "mouth_covered",
            "unreadable_image",
            "invalid_request",
        ),
        *("unsafe_image", "content_refused", "too_large", "overloaded", "weights_missing"),
        *FAULTS,
    ),
)
async def create_avatar(
    request: Request, response: Response, services: Using, owner: Owner, key: RepeatKey
) -> AvatarView:
    """Words are painted at once; the answer tells which of them were used."""
    async with received(
        request, files=("image",), limit=services.settings.max_upload_bytes
    ) as body:
        wanted = body.parse(AvatarRequest)
        avatar, headers = await once(
            services,
            key,
            wanted,
            make=lambda note: _make(services, wanted, owner, note),
            find=lambda avatar_id: _own(services, avatar_id, owner),
        )
    response.headers.update(headers)
    return avatar_view(avatar)


async def _make(services: Services, wanted: AvatarRequest, owner: str, note: Note | None) -> Avatar:
    if wanted.image is not None:
        examine.photo_consent(services, wanted.consent)
        portrait = await examine.picture(services, wanted.image, wanted.face_index, "image")
        origin: dict[str, Any] = {}
    else:
        await require_allowed(services, "portrait", wanted.prompt, param="prompt", owner=owner)
        portrait, origin = await within(PAINTING_SECONDS, _paint(services, wanted))
    name = wanted.name or (wanted.prompt or "Uploaded picture")[:_NAME_LENGTH]
    new = NewAvatar(portrait, origin, name, listed=True, consent=wanted.consent)
    return await services.background.finish(_keep(services, owner, new, note))


async def _paint(services: Services, wanted: AvatarRequest) -> tuple[Portrait, dict[str, Any]]:
    painting = await services.stages.paint(wanted.prompt or "", wanted.seed)
    painted_by = await services.stages.painter()
    portrait = await portrait_of(services.stages, painting.rgb, None, param="prompt")
    return portrait, {
        "prompt": wanted.prompt,
        "seed": wanted.seed,
        "words_used": list(painting.words_used),
        "words_ignored": list(painting.words_ignored),
        PAINTED: painter(painted_by),
    }


async def _keep(services: Services, owner: str, new: NewAvatar, note: Note | None) -> Avatar:
    async with undone_unless_recorded() as undo:
        avatar = await make_avatar(services, undo, owner, new)
        await avatars.add(services.database, avatar, note)
    if new.portrait is not None and avatar.portrait is not None:
        await restore_portrait(services.artifacts, new.portrait, avatar.portrait)
    return avatar


@router.get(
    "/{avatar_id}",
    operation_id="get_avatar",
    summary="Look at an avatar",
    responses=openapi.errors("not_found"),
)
async def get_avatar(avatar_id: str, services: Using, owner: Reach) -> AvatarView:
    """Its size, its face and how it came about."""
    if avatar_id in services.gallery:
        return await _gallery_view(services, avatar_id)
    return avatar_view(await _own(services, avatar_id, owner))


@router.get(
    "/{avatar_id}/preview",
    operation_id="get_avatar_preview",
    summary="Fetch an avatar's picture",
    response_class=Response,
    responses={
        200: openapi.binary("image/webp"),
        **openapi.errors("not_found", "not_finished", "invalid_request"),
    },
)
async def get_avatar_preview(
    avatar_id: str,
    services: Using,
    owner: Reach,
    side: Annotated[
        int | None, Query(ge=32, le=PREVIEW_SIDE, description="Longest side; whole without it.")
    ] = None,
) -> Response:
    """A WebP picture, with Content Credentials."""
    if avatar_id in services.gallery:
        picture = await asyncio.to_thread(services.gallery[avatar_id].picture)
        claim = portrait_claim("gallery", {})
    else:
        avatar = await _own(services, avatar_id, owner)
        if avatar.portrait is None:
            raise AvatarError("not_finished", "The avatar is not painted yet: ask again later.")
        picture = await _stored_picture(services, avatar)
        claim = portrait_claim(avatar.kind, avatar.origin)
    if side is not None:
        picture = await asyncio.to_thread(smaller, picture, side, claim.source)
    headers = {
        "Cache-Control": "private, max-age=3600",
        "X-Content-Type-Options": "nosniff",
        **marking.header(claim.source),
    }
    # Signed here, not where it is stored: it is made smaller in between.
    shown = await marking.signed(services, picture, "image/webp", claim)
    return Response(shown, headers=headers, media_type="image/webp")


async def _stored_picture(services: Services, avatar: Avatar) -> bytes:
    try:
        return await services.artifacts.get(keys.avatar_picture(avatar.id))
    except FileNotFoundError:  # removed by a DELETE that runs just now
        raise _not_found() from None


@router.delete(
    "/{avatar_id}",
    operation_id="delete_avatar",
    summary="Remove an avatar",
    responses=openapi.errors("not_found", "not_finished", "invalid_request"),
)
async def delete_avatar(avatar_id: str, services: Using, owner: Reach) -> Deleted:
    """Remove one of your own; not while a video is made of it, and not the gallery's."""
    if avatar_id in services.gallery:
        raise AvatarError("invalid_request", "The gallery's avatars are everybody's: they stay.")
    avatar = await _own(services, avatar_id, owner)
    await services.background.finish(
        removal.remove_avatar(services.database, services.artifacts, avatar)
    )
    return Deleted(id=avatar.id, object="avatar.deleted")


async def _own(services: Services, avatar_id: str, owner: str | None) -> Avatar:
    avatar = await avatars.find(services.database, avatar_id, owner)
    if avatar is None or owner not in (None, avatar.owner):
        raise _not_found()
    return avatar


def _not_found() -> AvatarError:
    return AvatarError("not_found", "No avatar has this id: list them with GET /v1/avatars.")


async def _gallery_view(services: Services, name: str) -> AvatarView:
    """With its size and face once it has been used."""
    known = await avatars.find(services.database, name)
    shown = gallery_view(services.gallery[name])
    if known is None:
        return shown
    return avatar_view(known).model_copy(update={"description": shown.description})
