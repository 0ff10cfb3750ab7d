"""How each voice sounds: a sentence of its language, spoken once and kept."""

import json
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version
from typing import Final

from media.credentials import Claim
from media.errors import AvatarError
from media.marks import SourceType
from media.sound_encoding import FORMATS
from media.voice import ClonedVoice, Voice
from serve.api.background import STAGE_SECONDS, within
from serve.api.marking import signed
from serve.api.services import Services
from serve.api.speakers import called
from serve.api.speaking import Said, whole
from serve.jobs import voices
from serve.marking.claims import maker
from serve.storage import keys

FORMAT: Final = "mp3"
_SIGNED: Final = "C2PA"
"""Samples that were kept before any were signed are not given out."""

SENTENCES: Final[Mapping[str, str]] = {
    "ar": "مرحبا! هكذا يبدو صوتي حين أقرأ لك.",
    "de": "Hallo! So klinge ich, wenn ich dir etwas vorlese.",
    "en": "Hello! This is how I sound when I read to you.",
    "es": "¡Hola! Así sueno cuando te leo algo.",
    "fr": "Bonjour ! Voilà comment je parle quand je vous lis un texte.",
    "hi": "नमस्ते! पढ़ते समय मेरी आवाज़ ऐसी सुनाई देती है।",
    "it": "Ciao! Ecco come suono quando ti leggo qualcosa.",
    "ja": "こんにちは。わたしはこんな声で話します。",
    "ko": "안녕하세요. 제가 글을 읽을 때의 목소리입니다.",
    "nl": "Hallo! Zo klink ik wanneer ik je iets voorlees.",
    "pl": "Cześć! Tak brzmi mój głos, kiedy czytam.",
    "pt": "Olá! É assim que eu falo quando leio para você.",
    "ru": "Привет! Так звучит мой голос, когда я читаю.",
    "tr": "Merhaba! Sana bir şey okurken sesim böyle.",
    "zh": "你好。这就是我朗读的声音。",
}
"""By the first part of a language's tag."""

_SHAPES: Final = ("engine", "options", "weights")
"""What of the speech stage's account of itself shapes how it sounds."""


async def sample_of(services: Services, voice: Voice | ClonedVoice) -> str:
    """The key of the voice's sample, made now where it is not there yet.

    Raises AvatarError `overloaded` and what the speech stage raises.
    """
    words = _sentence(voice)
    digest = await _digest(services, voice, words)
    if isinstance(voice, ClonedVoice):
        key = keys.voice_spoken(voice.id, digest)
    else:
        key = keys.voice_sample(digest)
    if not await services.artifacts.exists(key):
        await services.background.shared(key, lambda: _make(services, voice, words, key))
    return key


def _sentence(voice: Voice | ClonedVoice) -> str:
    languages = [str(tag).split("-")[0].lower() for tag in voice.languages]
    return next((SENTENCES[tag] for tag in languages if tag in SENTENCES), SENTENCES["en"])


async def _digest(services: Services, voice: Voice | ClonedVoice, words: str) -> str:
    """A hash that another engine, other weights or another voice change."""
    about = await within(STAGE_SECONDS, services.stages.speaker())
    if "engine" not in about:
        raise AvatarError("overloaded", "The voices are being loaded: try again in a moment.")
    facts = [
        *(about.get(shape) for shape in _SHAPES),
        *(voice.id, voice.gain_db, words, FORMAT, _SIGNED, version("avatar-serve")),
    ]
    if isinstance(voice, ClonedVoice):
        facts.append(voice.key)
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


async def _make(services: Services, voice: Voice | ClonedVoice, words: str, key: str) -> None:
    said = Said(words, called(voice), voice.gain_db)
    sound = await within(STAGE_SECONDS, whole(services.stages, said, FORMAT))
    claim = Claim(SourceType.MADE, [maker("speech", await services.stages.speaker(), voice.engine)])
    kind = FORMATS[FORMAT].media_type
    await services.artifacts.put(key, await signed(services, sound, kind, claim))
    if isinstance(voice, ClonedVoice) and not await voices.find(services.database, voice.id):
        await services.artifacts.delete(key)  # the voice was removed while it spoke
        raise voices.not_found()
