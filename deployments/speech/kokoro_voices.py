"""Kokoro's stock voices, and how loud each is (`python -m bench.voices_gains` measures it).

A voice's id says what it is: the first letter its language, the second its gender.
"""

import json
from importlib import resources
from typing import Final

from deployments.speech.engine import Voice

_LANGUAGES: Final = {
    "a": "en-US",
    "b": "en-GB",
    "e": "es-ES",
    "f": "fr-FR",
    "h": "hi-IN",
    "i": "it-IT",
    "j": "ja-JP",
    "p": "pt-BR",
    "z": "zh-CN",
}
_GENDERS: Final = {"f": "female", "m": "male"}
_LICENCE: Final = "Apache-2.0"
_FIRST: Final = ("af_heart", "bf_emma")
"""The first voice of a language speaks where a request names none: the best rated of the two with
several grades (Kokoro's own list of voices)."""


def _stock() -> tuple[Voice, ...]:
    text = resources.files(__package__).joinpath("kokoro_gains.json").read_text(encoding="utf-8")
    gains = json.loads(text)
    return tuple(
        Voice(
            id=name,
            name=name.partition("_")[2].capitalize(),
            languages=(_LANGUAGES[name[0]],),
            gender=_GENDERS[name[1]],
            licence=_LICENCE,
            gain_db=gains[name],
            engine="kokoro",
        )
        for name in sorted(gains, key=lambda name: (name[0], name not in _FIRST, name))
    )


STOCK: Final = _stock()
"""All voices, by language, whether or not they can be spoken here."""
