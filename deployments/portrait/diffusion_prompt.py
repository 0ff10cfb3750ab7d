"""Words to the prompt of a text-to-image pipeline: a frontal portrait of one person."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from media.errors import AvatarError

TEMPLATE: Final = (
    "frontal studio portrait photo of {words}, one person looking straight at the camera, "
    "head and shoulders, mouth closed, soft even light, plain background, sharp focus"
)

NEGATIVE: Final = (
    "several people, profile, turned head, open mouth, hand or object before the mouth, mask, "
    "sunglasses, cropped head, blurry, drawing, cartoon, deformed face, text, watermark"
)
"""What is steered away from; it counts only where the guidance is above 1."""

_WORD: Final = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt that its text encoders read to the end."""

    text: str
    used: tuple[str, ...]
    ignored: tuple[str, ...]
    """Words behind the encoders' limit, in their order."""


def portrait_prompt(words: str, fits: Callable[[str], bool]) -> Prompt:
    """As many of the words, from the first on, as fit beside the template.

    `fits` says whether every text encoder reads a text to its end. Raises AvatarError
    `invalid_request` for a prompt without words.
    """
    given = words.split()
    if not any(_WORD.search(word) for word in given):
        raise AvatarError(
            "invalid_request", "The prompt has no words: describe a face.", param="prompt"
        )
    low, high = 0, len(given)
    while low < high:  # the most words that fit
        middle = (low + high + 1) // 2
        if fits(_filled(given[:middle])):
            low = middle
        else:
            high = middle - 1
    if low == 0:
        raise AvatarError(
            "invalid_request",
            "The prompt's first word is longer than the painter reads: use ordinary words.",
            param="prompt",
        )
    return Prompt(_filled(given[:low]), _bare(given[:low]), _bare(given[low:]))


def _filled(words: list[str]) -> str:
    return TEMPLATE.format(words=" ".join(words).strip(" ,.;:"))


def _bare(words: list[str]) -> tuple[str, ...]:
    """The words without the marks round them."""
    bare = (re.sub(r"^\W+|\W+$", "", word) for word in words)
    return tuple(word for word in bare if word)
