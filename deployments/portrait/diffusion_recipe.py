"""How many steps, how much guidance and which size each diffusion model is painted with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a picture is made."""

    steps: int
    guidance: float
    """How closely the words are followed; up to 1 there is nothing to steer away from."""
    size: int
    """Pixels of the square's side."""


DEFAULT: Final = "sd-turbo"

RECIPES: Final[Mapping[str, Recipe]] = {
    "sd-turbo": Recipe(4, 0.0, 512),
    "sd-1.5": Recipe(25, 7.0, 512),
    "sd-2.1-base": Recipe(25, 7.0, 512),
    "sdxl-turbo": Recipe(4, 0.0, 512),
}
"""By the model's name in the weights manifest. Distilled ones need few steps and no guidance."""

OPERATORS: Final = Recipe(25, 7.0, 512)
"""Of a folder of the operator's, unless the config says otherwise."""


def known(model: str) -> str:
    """The model's name. Raises ValueError, with those that there are, for another."""
    if model not in RECIPES:
        raise ValueError(f"model is one of {', '.join(RECIPES)}, not {model}")
    return model


def recipe(
    model: str, folder: str, steps: int | None, guidance: float | None, size: int | None
) -> Recipe:
    """The model's recipe, or that of a folder, with what the options change of it.

    Raises ValueError, with what would do, for a value that cannot be.
    """
    own = OPERATORS if folder else RECIPES[known(model)]
    chosen = Recipe(
        own.steps if steps is None else steps,
        own.guidance if guidance is None else guidance,
        own.size if size is None else size,
    )
    if not 1 <= chosen.steps <= 200:
        raise ValueError(f"steps lie between 1 and 200, not {chosen.steps}")
    if not 0 <= chosen.guidance <= 50:
        raise ValueError(f"guidance lies between 0 and 50, not {chosen.guidance}")
    if chosen.size % 64 or not 64 <= chosen.size <= 2048:
        raise ValueError(f"size is a multiple of 64 from 64 to 2048, not {chosen.size}")
    return chosen
