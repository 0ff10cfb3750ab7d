"""What a request means in scores of the probes, and how far a painted face is from it.

Scores are standard deviations of the probes' labels, chosen by looking at painted faces: nearer
targets leave the wish unfulfilled, farther ones leave the space of believable faces (glasses
above 2.5 turn dark).
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Final

from deployments.portrait.looks import Looks
from deployments.portrait.probes import Bounds, Probes
from deployments.portrait.prompt import Request

ADULT: Final[Bounds] = {"age": (-0.3, 99.0), "minor": (-99.0, 0.0)}
"""Within both of these lay none of the 528 faces marked by eye that looked younger than 17."""
DRAWN: Final[Bounds] = {**ADULT, "hat": (-99.0, 0.1), "intruder": (-99.0, 0.3)}
"""Latents that are steered at all: what starts as a hat or a second face leaves something of it."""
YOUNGEST: Final = -0.3

ALWAYS: Final[Bounds] = {
    "yaw": (0.0, 0.0),
    "pitch": (0.0, 0.2),
    "hat": (-0.8, -0.35),
    "intruder": (-3.0, -0.6),
    "minor": (-3.0, -0.3),
    "age": (YOUNGEST, 2.3),
    "glasses": (-0.9, -0.35),
    "mouth_open": (-1.3, -0.8),
    "mouth_w": (-0.8, 0.4),
}
"""A frontal adult, alone, bare-headed, the mouth closed; no glasses unless they are asked for."""

FREE: Final = frozenset(("hairL", "hairB", "a_hair", "hair_below", "blonde", "grey", "short"))
"""Probes that may follow where they are not asked for, so that hair turns grey with age."""

SMILE: Final[Bounds] = {"mouth_w": (1.4, 1.9), "mouth_open": (-0.3, 0.3)}
SERIOUS: Final[Bounds] = {"mouth_w": (-1.1, -0.6)}

MALE: Final = {"man": (1.0, 1.4), "woman": (-1.5, -0.9)}
OLDER_WOMAN: Final = (-1.1, -0.6)
"""The age and the sex probe pull against each other: old women are met at less of both."""
OLDER: Final = 1.4
"""Age score from which this holds, and from which women's hair turns grey unless told."""

GLASSES_AGE: Final = 0.7
"""The age probe takes glasses for years: an older woman who wears them needs more of it."""

HAIR: Final[Mapping[str, Bounds]] = {
    "blonde": {"blonde": (1.8, 2.3)},
    "brown": {"hairL": (-0.5, 0.1), "hairB": (0.2, 0.9), "a_hair": (-0.5, 2.0)},
    "dark": {"hairL": (-1.5, -0.7), "hairB": (-1.2, 0.2), "a_hair": (-0.5, 2.0)},
    "black": {"hairL": (-1.6, -1.0), "hairB": (-1.3, -0.4), "a_hair": (-0.5, 2.0)},
    "grey": {"grey": (1.5, 2.3), "hairL": (0.8, 2.0), "hairB": (-1.0, -0.2)},
    "white": {"grey": (1.8, 2.6), "hairL": (1.8, 3.0), "hairB": (-1.0, -0.2)},
}
BLONDE_MAN: Final[Bounds] = {"blonde": (1.2, 1.8), "male": (0.6, 1.0), "age": (YOUNGEST, 0.4)}
"""Farther, a man's hair turns white."""
AGED_HAIR: Final = {"grey": (1.3, 2.3), "white": (1.8, 2.3)}
"""Age that goes with a colour where none is asked for: few young heads have it."""
HAIR_SEEN: Final = {
    "blonde": ((100, 230), (132, 170)),
    "brown": ((30, 90), (130, 150)),
    "dark": ((0, 70), (118, 142)),
    "black": ((0, 50), (118, 136)),
    "grey": ((80, 180), (110, 134)),
    "white": ((120, 255), (110, 135)),
}
"""Lightness and b, in 8 bits, of a head of each colour in ordinary light."""
LONG: Final[Bounds] = {"hair_below": (1.2, 1.8), "short": (-2.0, -0.5)}
SHORT: Final[Bounds] = {"hair_below": (-1.2, -0.5)}
SHORT_WOMAN: Final[Bounds] = {"short": (0.9, 1.5), "male": (-0.8, -0.4)}
"""Short hair and a woman's face pull against each other too."""

BEARD: Final = {True: (2.5, 3.0), False: (-1.2, -0.5)}
BEARD_SEEN: Final = {True: (4, 1e9), False: (0, 2.2), None: (0, 1e9)}
"""Texture of the chin; few reach 4, but more of it is more beard."""


def bounds(request: Request, probes: Probes) -> Bounds:
    """Scores that the face should have, by probe."""
    found = dict(ALWAYS)
    if request.smile is not None:
        found |= SMILE if request.smile else SERIOUS
    if request.age is not None:
        low = min(max(probes.in_deviations("age", request.age), YOUNGEST), 2.4)
        if request.sex == "woman" and request.glasses and low > OLDER / 2:
            low += GLASSES_AGE
        found["age"] = (low, low + 0.2)
    if request.sex is not None:
        found["male"] = MALE[request.sex]
    if request.glasses:
        # The same score makes heavier frames on a woman's face.
        found["glasses"] = (1.2, 1.7) if request.sex == "woman" else (1.4, 2.0)
    if request.beard is not None:
        found["beard"] = BEARD[request.beard]
    elif request.sex == "woman":
        found["beard"] = (-1.2, -0.3)
    found |= _hair_bounds(request, found["age"])
    if request.hair_length is not None:
        short = SHORT_WOMAN if request.sex == "woman" else SHORT
        found |= LONG if request.hair_length == "long" else short
    return found


def _hair_bounds(request: Request, age: tuple[float, float]) -> Bounds:
    """Bounds of the hair's colour, and of what it brings with it; may change `male` and `age`."""
    found: dict[str, tuple[float, float]] = {}
    if request.age is None and request.hair_colour in AGED_HAIR:
        found["age"] = age = AGED_HAIR[request.hair_colour]
    if request.sex == "woman" and age[0] >= OLDER:
        found["male"] = OLDER_WOMAN
    colour = _hair_colour(request, age)
    if colour is not None:
        found |= HAIR[colour]
    if colour == "blonde" and request.sex == "man":
        found |= BLONDE_MAN if request.age is None else {**BLONDE_MAN, "age": age}
    return found


def _hair_colour(request: Request, age: tuple[float, float]) -> str | None:
    """The colour asked for, or the one that tells an older woman from a younger one."""
    if request.hair_colour is None and request.sex == "woman" and age[0] >= OLDER:
        return "grey"
    return request.hair_colour


@dataclass(frozen=True, slots=True)
class Faults:
    """What speaks against a painted face; 1 is a fault that one would notice."""

    pose: float
    mouth: float
    covered: float
    eyes: float
    glasses: float
    light: float
    blur: float
    hair: float
    beard: float

    @property
    def total(self) -> float:
        """Their sum."""
        return float(sum(astuple(self)))


def faults(looks: Looks, request: Request, wanted: Bounds) -> Faults:
    """Compare what was measured of a face with what every portrait needs and what was asked.

    `wanted` are the request's `bounds`.
    """
    return Faults(
        pose=_beyond(looks.yaw, -3, 3) / 3 + _beyond(looks.pitch, -12, 0) / 4,
        mouth=_mouth(looks, request.smile),
        covered=_beyond(looks.covered, 0, 16) / 6,
        eyes=_beyond(looks.eyes_closed, 0, 0.3) / 0.15,
        glasses=_beyond(looks.lenses, 0.82, 2) / 0.1
        + (_beyond(looks.frames, 20, 1e9) / 10 if request.glasses else 0.0)
        + (0.0 if request.glasses else _beyond(looks.frames, 0, 8) / 8),
        light=_beyond(looks.skin_hue, 25, 62) / 10 + _beyond(looks.skin_lightness, 70, 205) / 10,
        blur=_beyond(looks.sharpness, 10, 1e9) / 3,
        hair=_hair(looks, _hair_colour(request, wanted["age"])),
        beard=_beyond(looks.chin_texture, *BEARD_SEEN[_beard(request)]) / 2,
    )


def _beyond(value: float, low: float, high: float) -> float:
    """How far a value lies outside a range."""
    return max(low - value, value - high, 0.0)


def _beard(request: Request) -> bool | None:
    """What is on a woman's chin is no beard but something held before it."""
    return False if request.sex == "woman" else request.beard


def _mouth(looks: Looks, smile: bool | None) -> float:
    if smile:
        return _beyond(looks.lip_gap, 0, 0.12) / 0.04 + _beyond(looks.smile, 0.6, 1) / 0.2
    wide = _beyond(looks.smile, 0, 0.3) / 0.3 if smile is False else 0.0
    return _beyond(looks.lip_gap, 0, 0.01) / 0.02 + wide


def _hair(looks: Looks, colour: str | None) -> float:
    if colour is None:
        return 0.0
    lightness, b = HAIR_SEEN[colour]
    return _beyond(looks.hair[0], *lightness) / 20 + _beyond(looks.hair[1], *b) / 4
