"""Which front end reads which language; those that cannot be opened here, and why."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from deployments.speech.fronts.english import English
from deployments.speech.fronts.espeak import Espeak
from deployments.speech.fronts.front import FrontEnd, FrontEndMissingError

log = logging.getLogger(__name__)

Opening = Callable[[FrontEnd], FrontEnd]
"""Opens a front end; it may hand words of Latin letters to the English one."""


def _espeak(language: str, voice: str) -> Opening:
    return lambda english: Espeak.open(language, voice)


def _japanese(english: FrontEnd) -> FrontEnd:
    from deployments.speech.fronts.japanese import Japanese

    return Japanese.open(english)


def _chinese(english: FrontEnd) -> FrontEnd:
    from deployments.speech.fronts.chinese import Chinese

    return Chinese.open(english)


_OPENINGS: Final[Mapping[str, Opening]] = {
    "en-US": lambda english: english,
    "en-GB": lambda english: English(british=True),
    "es-ES": _espeak("Spanish", "es"),
    "fr-FR": _espeak("French", "fr-fr"),
    "hi-IN": _espeak("Hindi", "hi"),
    "it-IT": _espeak("Italian", "it"),
    "ja-JP": _japanese,
    "pt-BR": _espeak("Portuguese", "pt-br"),
    "zh-CN": _chinese,
}

LANGUAGES: Final = tuple(_OPENINGS)
"""BCP 47 tags."""


def open_fronts(wanted: Sequence[str] = ()) -> tuple[dict[str, FrontEnd], dict[str, str]]:
    """Front ends by tag, and by tag why a language has none here. No `wanted`: all languages.

    Raises ValueError for a language that nothing here could read.
    """
    if unknown := sorted(set(wanted) - set(LANGUAGES)):
        raise ValueError(f"unknown language {', '.join(unknown)}; known: {', '.join(LANGUAGES)}")
    fronts: dict[str, FrontEnd] = {}
    missing: dict[str, str] = {}
    english = English()
    for tag in wanted or LANGUAGES:
        try:
            fronts[tag] = _OPENINGS[tag](english)
        except FrontEndMissingError as error:
            missing[tag] = str(error)
            log.warning("%s voices are not offered: %s", tag, error)
    return fronts, missing
