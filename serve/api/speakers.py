"""Which voice speaks: a stock one that the speech stage knows, or one of the client's own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from media.errors import AvatarError
from media.voice import ClonedVoice, Speaker, Voice
from serve.api.background import STAGE_SECONDS, within
from serve.api.services import Services
from serve.jobs import voices

_NAMED: Final = 8
"""Voices that a sentence names; all stand beside it."""


async def choose(
    services: Services, owner: str, name: str | None, language: str | None = None
) -> Voice | ClonedVoice:
    """The voice asked for, stock or the owner's, or the first stock one that speaks the language.

    Raises AvatarError `unknown_voice`, `not_finished` for a voice that is still made,
    `invalid_request` for one that does not speak the language, `overloaded`.
    """
    stock = await stock_voices(services)
    if name is None:
        if not stock:
            raise AvatarError("overloaded", "No voice can speak now: try again in a moment.")
        for voice in stock:
            if language is None or speaks(voice, language):
                return voice
        raise await _no_voice(services, str(language))
    found = await _named(services, owner, name, stock)
    return found if language is None else await _speaking(services, found, language)


async def _speaking(
    services: Services, voice: Voice | ClonedVoice, language: str
) -> Voice | ClonedVoice:
    """The voice, its languages those that are meant first: it speaks the first of them."""
    meant = tuple(tag for tag in voice.languages if _covers(language, tag))
    why = ""
    if not meant or isinstance(voice, ClonedVoice):  # what it could read once may be missing now
        why = await _why_missing(services, language)
    if not meant or why:
        raise AvatarError(
            "invalid_request",
            f"The voice does not speak this language: leave one of them out. {why}".strip(),
            param="language",
        )
    others = tuple(tag for tag in voice.languages if tag not in meant)
    return replace(voice, languages=meant + others)


async def _named(
    services: Services, owner: str, name: str, stock: Sequence[Voice]
) -> Voice | ClonedVoice:
    for voice in stock:
        if voice.id == name:
            return voice
    cloned = await voices.find(services.database, name, owner)
    if cloned is not None:
        return voices.as_cloned(cloned)
    if not stock:
        raise AvatarError("overloaded", "No voice can speak now: try again in a moment.")
    raise unknown_voice(stock)


async def stock_voices(services: Services) -> list[Voice]:
    """Those that can speak now. Raises AvatarError `overloaded`."""
    return list(await within(STAGE_SECONDS, services.stages.voices()))


def called(voice: Voice | ClonedVoice) -> Speaker:
    """The voice as calls to the speech stage name it."""
    return voice if isinstance(voice, ClonedVoice) else voice.id


def unknown_voice(stock: Sequence[Voice]) -> AvatarError:
    """The error for a voice that is not among those there are; it tells which are."""
    names = [voice.id for voice in stock]
    more = f", or one of {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return AvatarError(
        "unknown_voice",
        f"No voice has this id: choose {', '.join(names[:_NAMED])}{more} (GET /v1/voices).",
        param="voice",
        details={"voices": names},
    )


async def _no_voice(services: Services, language: str) -> AvatarError:
    """The error for a language without a voice, with the reason where one is known."""
    why = await _why_missing(services, language) or "See GET /v1/voices for those there are."
    return AvatarError("unknown_voice", f"No voice speaks {language} here. {why}", param="language")


async def _why_missing(services: Services, language: str) -> str:
    """What the speech stage lacks to read the language, and how to install it; else nothing."""
    about = await within(STAGE_SECONDS, services.stages.speaker())
    missing: Mapping[str, Any] = about.get("missing_languages") or {}
    return next((str(why) for tag, why in missing.items() if _covers(language, tag)), "")


def speaks(voice: Voice | ClonedVoice, language: str) -> bool:
    """Whether a voice does: `en` is spoken by voices of `en-US`, not the other way round."""
    return any(_covers(language, tag) for tag in voice.languages)


def _covers(language: str, tag: str) -> bool:
    wanted, known = language.lower(), tag.lower()
    return known == wanted or known.startswith(f"{wanted}-")
