"""Texts through the program espeak-ng itself, where it is installed."""

from collections.abc import Mapping
from functools import lru_cache

from deployments.speech.fronts.front import FrontEndMissingError
from deployments.speech.fronts.languages import open_fronts
from tests.fuzz.target import Target
from tests.fuzz.targets import texts
from tests.fuzz.words import Mouthing, text_of

TAGS = ("es-ES", "fr-FR", "hi-IN", "it-IT", "pt-BR")


@lru_cache(maxsize=1)
def readers() -> Mapping[str, Mouthing]:
    """By language. Raises FrontEndMissingError where the program is missing."""
    fronts, missing = open_fronts(TAGS)
    if missing:
        raise FrontEndMissingError(" ".join(missing.values()))
    return {tag: Mouthing.of(front) for tag, front in fronts.items()}


def one_input(data: bytes) -> bool:
    """Speak a text; the first byte chooses the language."""
    if not data:
        return False
    return texts.speaks(readers()[TAGS[data[0] % len(TAGS)]], text_of(data[1:]))


TARGET = Target(
    one_input,
    lambda: [bytes([n]) + text.encode() for text in texts.SEEDS for n in range(len(TAGS))],
    limit=5.0,
    longest=512,
    tokens=texts.TOKENS,
    prepare=readers,
)
