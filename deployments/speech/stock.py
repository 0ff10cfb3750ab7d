"""The voices that a zero-shot model is published with, one for each speaker and language."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from deployments.speech.engine import Voice
from deployments.speech.zero_shot import Takes


def stock_voices(
    takes: Takes,
    speakers: Mapping[str, Any],
    languages: Sequence[str],
    genders: Mapping[str, str] | None = None,
) -> tuple[tuple[Voice, ...], dict[str, Any]]:
    """Voices `ENGINE_LANGUAGE_SPEAKER`, and by id the manner in which each speaks.

    `speakers` gives a manner by the speaker's name as published. Whose gender is not told has
    "unknown".
    """
    voices, manners = [], {}
    for language in languages:
        for name, manner in speakers.items():
            voice = Voice(
                id=f"{takes.engine}_{language}_{_slug(name)}",
                name=name,
                languages=(language,),
                gender=(genders or {}).get(name, "unknown"),
                licence=takes.licence,
                gain_db=0.0,
                engine=takes.engine,
            )
            voices.append(voice)
            manners[voice.id] = manner
    return tuple(voices), manners


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
