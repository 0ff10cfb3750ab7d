"""Speech alone, as OpenAI's clients ask for it: `POST /v1/audio/speech`."""

import re
from collections.abc import AsyncGenerator
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from media.errors import AvatarError
from media.sound_encoding import FORMATS
from media.voice import ClonedVoice, Voice
from serve.api import openapi, speakers
from serve.api.allowed import require_allowed
from serve.api.background import STAGE_SECONDS, within
from serve.api.openai_faults import OpenAIRoute
from serve.api.openai_shapes import SpeechRequest
from serve.api.services import Services
from serve.api.speaking import Said, SpokenResponse, coded
from serve.api.uploads import received
from serve.api.videos import Owner, Using

router = APIRouter(prefix="/v1/audio", tags=["speech"], route_class=OpenAIRoute)

_ANY_MODEL: Final = re.compile(r"tts-1(-hd)?|gpt-4o-mini-tts(-\d{4}-\d{2}-\d{2})?")
"""OpenAI's names: whoever asks for them takes what there is."""

_EXAMPLES: Final = {
    "A sentence": {"model": "tts-1", "input": "Nobody sees me.", "voice": "heart"},
}


@router.post(
    "/speech",
    response_class=Response,
    operation_id="create_speech",
    summary="Speak a text",
    openapi_extra=openapi.body(SpeechRequest, files=(), examples=_EXAMPLES),
    responses={
        200: {
            "description": "The speech, from its first clause on while the rest is still spoken. "
            "Speech that fails later ends in a broken connection.",
            **openapi.binary(
                *(form.media_type for form in FORMATS.values()),
                openapi.EVENTS,
            ),
        },
        **openapi.as_openai(
            openapi.errors(
                *("empty_text", "text_too_long", "unknown_voice", "invalid_request", "too_large"),
                *("content_refused", "not_finished", "overloaded", "weights_missing"),
            )
        ),
    },
)
async def create_speech(request: Request, services: Using, owner: Owner) -> Response:
    """As loud as videos are: -16 LUFS, no peak over -1 dBTP. Who leaves stops the speaker."""
    async with received(request, files=(), limit=0) as body:
        wanted = body.parse(SpeechRequest)
    _check(wanted, services.settings.max_speech_characters)
    voice = await _voice(services, wanted, owner)
    await require_allowed(
        services,
        "speech",
        wanted.input,
        param="input",
        owner=owner,
        language=wanted.language or voice.languages[0],
    )
    said = Said(wanted.input, speakers.called(voice), voice.gain_db, wanted.speed)
    chunks = coded(services.stages, said, wanted.response_format)
    return SpokenResponse(
        await _first(chunks),
        chunks,
        FORMATS[wanted.response_format].media_type,
        events=wanted.stream_format == "sse",
    )


def _check(wanted: SpeechRequest, most: int) -> None:
    """What needs no speaker. Raises AvatarError."""
    if len(wanted.input) > most:
        raise AvatarError(
            "text_too_long",
            f"The input has {len(wanted.input):,} characters: send at most {most:,}.",
            param="input",
        )
    if not wanted.input.strip():
        raise AvatarError("empty_text", "The input is empty: write what to say.", param="input")
    if wanted.instructions:
        raise AvatarError(
            "invalid_request",
            "No voice here follows instructions: leave them out.",
            param="instructions",
        )


async def _voice(services: Services, wanted: SpeechRequest, owner: str) -> Voice | ClonedVoice:
    """The voice asked for.

    Raises AvatarError `unknown_voice`, `not_finished`; `invalid_request` for its model.
    """
    name = services.settings.voice_names.get(wanted.voice, wanted.voice)
    voice = await speakers.choose(services, owner, name, wanted.language)
    if wanted.model != voice.engine and not _ANY_MODEL.fullmatch(wanted.model):
        raise AvatarError(
            "invalid_request",
            f"The model of this voice is {voice.engine}: name it, or tts-1 for whichever it is.",
            param="model",
        )
    return voice


async def _first(chunks: AsyncGenerator[bytes, None]) -> bytes:
    """The first bytes: until they are there, a fault is answered as one, with its status."""
    try:
        first = await within(STAGE_SECONDS, anext(chunks, b""))
    except AvatarError as error:
        param = "input" if error.param == "text" else error.param
        raise AvatarError(error.code, error.message, param=param, details=error.details) from None
    if not first:
        sentence = "Nothing in the input can be pronounced: write words."
        raise AvatarError("empty_text", sentence, param="input")
    return first
