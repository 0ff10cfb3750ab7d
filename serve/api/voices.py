"""Voices: who can speak, how they sound, and voices of one's own, cloned from a sample."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from media.errors import AvatarError
from media.marks import SourceType
from media.sound_encoding import FORMATS
from media.voice import ClonedVoice, Voice
from serve.api import marking, openapi, samples
from serve.api.background import STAGE_SECONDS, within
from serve.api.cloning import accept_voice
from serve.api.idempotent import FAULTS, RepeatKey, is_repeat, once
from serve.api.ranges import answer_file, matches
from serve.api.services import Services
from serve.api.speakers import speaks, stock_voices
from serve.api.uploads import received
from serve.api.videos import Owner, Reach, Using
from serve.api.views import Deleted
from serve.api.voice_shapes import VoiceList, VoiceRequest, VoiceView, cloned_view, stock_view
from serve.jobs import models, removal, voices

router = APIRouter(prefix="/v1/voices", tags=["voices"])

FILES: Final = ("sample",)

Language = Annotated[
    str | None,
    Query(
        max_length=35,
        description="Only those that speak it (BCP 47): `en` is spoken by `en-US` and `en-GB`.",
    ),
]


@router.get(
    "",
    operation_id="list_voices",
    summary="List voices",
    responses=openapi.errors("invalid_request", "overloaded"),
)
async def list_voices(
    services: Using,
    owner: Owner,
    language: Language = None,
    after: Annotated[str | None, Query(description="Begin behind this id.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 100,
    order: Annotated[Literal["asc", "desc"], Query(description="Of one's own, by age.")] = "desc",
) -> VoiceList:
    """The stock voices that can speak now, with a sample each, then those that you had made."""
    stock = [v for v in await stock_voices(services) if language is None or speaks(v, language)]
    ids = [voice.id for voice in stock]
    in_stock = after is not None and after in ids
    if after is not None:
        stock = stock[ids.index(after) + 1 :] if in_stock else []
    shown = stock[:limit]
    own, more = await voices.page(
        services.database,
        owner,
        language=language,
        after=None if in_stock else after,
        limit=limit - len(shown),
        order=order,
    )
    data = [*map(stock_view, shown), *map(cloned_view, own)]
    return VoiceList(data=data, has_more=more or len(stock) > limit)


@router.post(
    "",
    status_code=202,
    operation_id="create_voice",
    summary="Clone a voice",
    openapi_extra=openapi.form(VoiceRequest),
    responses=openapi.errors(
        *("unusable_sample", "unreadable_audio", "silent_audio", "invalid_request", "too_large"),
        *("too_many_jobs", "overloaded", "weights_missing", *FAULTS),
    ),
)
async def create_voice(
    request: Request, response: Response, services: Using, owner: Owner, key: RepeatKey
) -> VoiceView:
    """Make a voice of a sample of somebody who consents.

    The sample is examined before the answer; the voice is made after it: look at it until it is
    `completed`. Then it can be used wherever a voice is named. The upload is deleted as soon as
    the voice is made or has failed; what the voice's engine needs of it is kept with the voice.
    """
    if not await is_repeat(services, key):  # before an upload comes in for nothing
        await within(STAGE_SECONDS, services.stages.require_cloning())
        async with services.database.read() as session:
            await voices.require_room(session, services.settings.max_active_voices)
    async with received(request, files=FILES, limit=services.settings.max_upload_bytes) as body:
        wanted = body.parse(VoiceRequest)
        voice, headers = await once(
            services,
            key,
            wanted,
            make=lambda note: accept_voice(services, wanted, owner, note),
            find=lambda voice_id: _own(services, voice_id, owner),
        )
    response.headers.update(headers)
    response.headers["Location"] = f"/v1/voices/{voice.id}"
    return cloned_view(voice)


@router.get(
    "/{voice_id}",
    operation_id="get_voice",
    summary="Look at a voice",
    responses=openapi.errors("not_found", "overloaded"),
)
async def get_voice(voice_id: str, services: Using, owner: Reach) -> VoiceView:
    """Its languages, its engine and its licence; of a cloned one also how far it is made."""
    cloned = await voices.find(services.database, voice_id, owner)
    if cloned is not None:
        return cloned_view(cloned)
    return stock_view(await _stock(services, voice_id))


@router.delete(
    "/{voice_id}",
    operation_id="delete_voice",
    summary="Remove a cloned voice",
    responses=openapi.errors("not_found", "not_finished", "invalid_request", "overloaded"),
)
async def delete_voice(voice_id: str, services: Using, owner: Reach) -> Deleted:
    """Remove the voice, its consent, its sample and all that was kept of what it said.

    Not while a video is made in which it speaks, and not a stock voice. One that is being made is
    broken off. Videos that are there already stay.
    """
    cloned = await voices.find(services.database, voice_id, owner)
    if cloned is None:
        await _stock(services, voice_id)
        raise AvatarError("invalid_request", "Stock voices are everybody's: they stay.")
    await services.background.finish(
        removal.remove_voice(services.database, services.artifacts, cloned.id)
    )
    return Deleted(id=cloned.id, object="voice.deleted")


@router.get(
    "/{voice_id}/sample",
    operation_id="get_voice_sample",
    summary="Hear a voice",
    response_class=Response,
    openapi_extra=openapi.HEADERS,
    responses={
        200: openapi.binary(FORMATS[samples.FORMAT].media_type),
        **openapi.PARTS,
        **openapi.errors("not_found", "not_finished", "unknown_voice", "overloaded"),
    },
)
@router.head("/{voice_id}/sample", include_in_schema=False)
async def get_voice_sample(
    voice_id: str, request: Request, services: Using, owner: Reach
) -> Response:
    """A sentence in the voice's own language, spoken when it is first asked for and then kept.

    Answers `Range`, `If-Range` and `If-None-Match`.
    """
    key = await samples.sample_of(services, await _speaking(services, voice_id, owner))
    about = await services.artifacts.about(key)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
        "ETag": f'"{key.rpartition("/")[2]}"',  # what lies under a key never changes
        "X-Content-Type-Options": "nosniff",
        **marking.header(SourceType.MADE),
    }
    if matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    kind = FORMATS[samples.FORMAT].media_type
    return answer_file(request, services.artifacts, key, kind, about, headers)


async def _speaking(services: Services, voice_id: str, owner: str | None) -> Voice | ClonedVoice:
    cloned = await voices.find(services.database, voice_id, owner)
    return await _stock(services, voice_id) if cloned is None else voices.as_cloned(cloned)


async def _own(services: Services, voice_id: str, owner: str) -> models.Voice:
    cloned = await voices.find(services.database, voice_id, owner)
    if cloned is None:
        raise voices.not_found()
    return cloned


async def _stock(services: Services, voice_id: str) -> Voice:
    for voice in await stock_voices(services):
        if voice.id == voice_id:
            return voice
    raise voices.not_found()
