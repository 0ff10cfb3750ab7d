"""Voices: who can speak, and how they sound."""

import io
import wave
from typing import Any, Final

import numpy as np
from anyio.to_thread import run_sync
from fastapi import APIRouter
from fastapi.responses import Response

from media.errors import AvatarError
from media.limiter import louden
from media.sound import Sound, Speech
from serve.api import openapi
from serve.api.background import within
from serve.api.examine import STAGE_SECONDS
from serve.api.services import Services
from serve.api.videos import Using
from serve.api.views import VoiceList, VoiceView, voice_view
from serve.storage import keys

router = APIRouter(prefix="/v1/voices", tags=["voices"])

SAMPLES: Final = {
    "en": "Hello! This is how I sound when I read to you.",
    "de": "Hallo! So klinge ich, wenn ich dir etwas vorlese.",
    "es": "¡Hola! Así sueno cuando te leo algo.",
    "fr": "Bonjour ! Voilà comment je parle quand je vous lis un texte.",
    "hi": "नमस्ते! मैं पढ़ते समय ऐसे बोलती हूँ।",
    "it": "Ciao! Ecco come suono quando ti leggo qualcosa.",
    "ja": "こんにちは。わたしはこんな声で話します。",
    "pt": "Olá! É assim que eu falo quando leio para você.",
    "zh": "你好,这就是我朗读的声音。",
}
"""What a voice says in its preview, by the first part of its language's tag."""


@router.get(
    "", operation_id="list_voices", summary="List voices", responses=openapi.errors("overloaded")
)
async def list_voices(services: Using) -> VoiceList:
    """All voices that can speak now."""
    return VoiceList(data=[voice_view(voice) for voice in await _voices(services)])


@router.get(
    "/{voice_id}",
    operation_id="get_voice",
    summary="Look at a voice",
    responses=openapi.errors("not_found", "overloaded"),
)
async def get_voice(voice_id: str, services: Using) -> VoiceView:
    """Its languages and its licence."""
    return voice_view(await _voice(services, voice_id))


@router.get(
    "/{voice_id}/preview",
    operation_id="get_voice_preview",
    summary="Hear a voice",
    response_class=Response,
    responses={200: openapi.binary("audio/wav"), **openapi.errors("not_found", "overloaded")},
)
async def get_voice_preview(voice_id: str, services: Using) -> Response:
    """A short spoken sample (WAV), made when it is first asked for."""
    voice = await _voice(services, voice_id)
    sample = SAMPLES.get(str(voice.languages[0]).split("-")[0].lower(), SAMPLES["en"])
    key = keys.voice_preview(voice.id, sample)
    try:
        sound = await services.artifacts.get(key)
    except FileNotFoundError:
        sound = await within(STAGE_SECONDS, _speak(services, sample, voice))
        await services.artifacts.put(key, sound)
    headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(sound, headers=headers, media_type="audio/wav")


async def _speak(services: Services, text: str, voice: Any) -> bytes:
    pieces = [piece async for piece in services.stages.speak(text, voice.id, 1.0)]
    return await run_sync(_wav, pieces, voice.gain_db)


def _wav(pieces: list[Speech], gain_db: float) -> bytes:
    """The pieces in a row, as loud as in a video, as a 16-bit mono WAV file."""
    plain = Sound(np.concatenate([piece.samples for piece in pieces]), pieces[0].rate)
    samples = louden(plain, gain_db).samples
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(pieces[0].rate)
        file.writeframes(np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return out.getvalue()


async def _voices(services: Services) -> list[Any]:
    return list(await within(STAGE_SECONDS, services.stages.voices()))


async def _voice(services: Services, voice_id: str) -> Any:
    for voice in await _voices(services):
        if voice.id == voice_id:
            return voice
    raise AvatarError("not_found", "No voice has this id: list them with GET /v1/voices.")
