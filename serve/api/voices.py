"""Voices: who can speak, and how they sound."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from media.errors import AvatarError
from media.sound_encoding import FORMATS
from serve.api import openapi, samples
from serve.api.background import within
from serve.api.examine import STAGE_SECONDS, speaks
from serve.api.ranges import answer_file, matches
from serve.api.services import Services
from serve.api.videos import Using
from serve.api.views import VoiceList, VoiceView, voice_view

router = APIRouter(prefix="/v1/voices", tags=["voices"])

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
async def list_voices(services: Using, language: Language = None) -> VoiceList:
    """All voices that can speak now, with language, gender, engine, licence and a sample."""
    voices = await _voices(services)
    fitting = [v for v in voices if language is None or speaks(v, language)]
    return VoiceList(data=[voice_view(voice) for voice in fitting])


@router.get(
    "/{voice_id}",
    operation_id="get_voice",
    summary="Look at a voice",
    responses=openapi.errors("not_found", "overloaded"),
)
async def get_voice(voice_id: str, services: Using) -> VoiceView:
    """Its languages, its engine and its licence."""
    return voice_view(await _voice(services, voice_id))


@router.get(
    "/{voice_id}/sample",
    operation_id="get_voice_sample",
    summary="Hear a voice",
    response_class=Response,
    responses={
        200: openapi.binary(FORMATS[samples.FORMAT].media_type),
        206: {"description": "The range asked for."},
        416: {"description": "No such range."},
        **openapi.errors("not_found", "overloaded"),
    },
)
@router.head("/{voice_id}/sample", include_in_schema=False)
async def get_voice_sample(voice_id: str, request: Request, services: Using) -> Response:
    """A sentence in the voice's own language, spoken when it is first asked for and then kept.

    Answers `Range`, `If-Range` and `If-None-Match`.
    """
    key = await samples.sample_of(services, await _voice(services, voice_id))
    about = await services.artifacts.about(key)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
        "ETag": f'"{key.rpartition("/")[2]}"',  # what lies under a key never changes
        "X-Content-Type-Options": "nosniff",
    }
    if matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    kind = FORMATS[samples.FORMAT].media_type
    return answer_file(request, services.artifacts, key, kind, about, headers)


async def _voices(services: Services) -> list[Any]:
    return list(await within(STAGE_SECONDS, services.stages.voices()))


async def _voice(services: Services, voice_id: str) -> Any:
    for voice in await _voices(services):
        if voice.id == voice_id:
            return voice
    raise AvatarError("not_found", "No voice has this id: list them with GET /v1/voices.")
