"""The videos that users ask for: which ways to a face and to speech, how long, how large."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from loadtest.material import PROMPT_SEEDS, PROMPTS, Material, text

SECONDS: Final = ((60, 4.0), (30, 10.0), (10, 30.0))
"""Of a hundred texts so many take about so many seconds to say."""
SIZES: Final = ((70, "512x512"), (20, "256x256"), (10, "auto"))
FACES: Final = ((65, "gallery"), (25, "picture"), (10, "prompt"))
SOUNDS: Final = ((75, "text"), (25, "recording"))
FPS: Final = ((80, "25"), (10, "29.97"), (10, "30"))
NUMBERS: Final = 10**6

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wish:
    """One video: its fields, its uploads, and what its accepting is counted as."""

    fields: Mapping[str, str]
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)
    counted: str = "accept text"


def draw(dice: random.Random, material: Material, avatars: tuple[str, ...]) -> Wish:
    """A video by the odds above. `avatars` are ids of the gallery."""
    face, sound = _one(dice, FACES), _one(dice, SOUNDS)
    fields = {"size": _one(dice, SIZES), "fps": _one(dice, FPS), "seed": str(dice.randrange(100))}
    files: dict[str, tuple[str, bytes]] = {}
    counted = "accept text"
    if sound == "text":
        fields["text"] = text(_one(dice, SECONDS), dice.randrange(NUMBERS))
    else:
        name = dice.choice(sorted(material.recordings))
        files["audio"] = (name, material.recordings[name])
        counted = "accept recording"
    if face == "gallery":
        fields["avatar"] = dice.choice(avatars)
    elif face == "picture":
        name = dice.choice(sorted(material.pictures))
        files["avatar_image"] = (name, material.pictures[name])
        counted = "accept picture"
    else:
        fields["avatar_prompt"] = dice.choice(PROMPTS)
        fields["seed"] = str(dice.randrange(PROMPT_SEEDS))
        counted = "accept prompt"
    return Wish(fields, files, counted)


def spoken(dice: random.Random) -> str:
    """A text for speech alone."""
    return text(_one(dice, SECONDS), dice.randrange(NUMBERS))


def _one(dice: random.Random, odds: tuple[tuple[int, T], ...]) -> T:
    return dice.choices([what for _, what in odds], [often for often, _ in odds])[0]
