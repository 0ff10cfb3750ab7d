"""What a request means in scores of the probes, and how far a painted face is from it.

Scores are standard deviations of the probes' labels, chosen by looking at painted faces: nearer
targets leave the wish unfulfilled, farther ones leave the space of believable faces (glasses
above 2.5 turn dark).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from deployments.portrait.looks import Looks
from deployments.portrait.probes import Bounds, Probes
from deployments.portrait.prompt import Request

ADULT: Final = -0.3
"""Age score above which none of the faces marked by eye was younger than 16."""

ALWAYS: Final[Bounds] = {
    "yaw": (0.0, 0.0),
    "pitch": (0.0, 0.2),
    "hat": (-0.8, -0.35),
    "intruder": (-3.0, -0.3),
    "age": (ADULT, 2.3),
    "glasses": (-0.9, -0.35),
    "mouth_open": (-1.3, -0.8),
    "mouth_w": (-0.8, 0.4),
}
"""A frontal adult, alone, bare-headed, the mouth closed; no glasses unless they are asked for."""

FREE: Final = frozenset(("hairL", "hairB", "a_hair", "hair_below"))
"""Probes that may follow where they are not asked for, so that hair turns grey with age."""

SMILE: Final[Bounds] = {"mouth_w": (1.1, 1.5), "mouth_open": (-0.5, 0.3)}
SERIOUS: Final[Bounds] = {"mouth_w": (-1.1, -0.6)}

MALE: Final = {"man": (1.0, 1.4), "woman": (-1.5, -0.9)}
OLDER_WOMAN: Final = (-1.1, -0.6)
"""The age and the sex probe pull against each other: old women are met at less of both."""
OLDER: Final = 1.4
"""Age score from which this holds, and from which women's hair turns grey unless told."""

HAIR: Final[Mapping[str, Bounds]] = {
    "blonde": {"hairL": (1.4, 2.4), "hairB": (1.1, 2.2)},
    "brown": {"hairL": (-0.6, 0.0), "hairB": (0.2, 0.9)},
    "dark": {"hairL": (-1.5, -0.7), "hairB": (-1.2, 0.2)},
    "black": {"hairL": (-1.6, -1.0), "hairB": (-1.3, -0.4)},
    "grey": {"hairL": (0.9, 1.9), "hairB": (-0.9, -0.2)},
    "white": {"hairL": (1.9, 3.0), "hairB": (-1.0, -0.2)},
}
LONG: Final = (1.2, 1.8)
SHORT: Final = (-1.2, -0.5)

BEARD: Final = {True: (2.1, 2.6), False: (-1.2, -0.5)}


def bounds(request: Request, probes: Probes) -> Bounds:
    """Scores that the face should have, by probe."""
    found = dict(ALWAYS)
    if request.smile is not None:
        found |= SMILE if request.smile else SERIOUS
    if request.age is not None:
        low = min(max(probes.in_deviations("age", request.age), ADULT), 2.4)
        found["age"] = (low, low + 0.2)
    if request.sex is not None:
        found["male"] = MALE[request.sex]
    if request.glasses:
        found["glasses"] = (1.4, 2.0)
    if request.beard is not None:
        found["beard"] = BEARD[request.beard]
    elif request.sex == "woman":
        found["beard"] = (-1.2, -0.3)
    colour = request.hair_colour
    if request.sex == "woman" and found["age"][0] > OLDER:
        found["male"] = OLDER_WOMAN
        colour = colour or "grey"
    if colour is not None:
        found |= HAIR[colour]
    if request.hair_length is not None:
        found["hair_below"] = LONG if request.hair_length == "long" else SHORT
    return found


@dataclass(frozen=True, slots=True)
class Faults:
    """What speaks against a painted face; 1 is a fault that one would notice."""

    pose: float
    mouth: float
    eyes: float
    glasses: float
    light: float
    blur: float
    hair: float

    @property
    def total(self) -> float:
        """Their sum."""
        return (
            self.pose + self.mouth + self.eyes + self.glasses + self.light + self.blur + self.hair
        )


def faults(looks: Looks, request: Request, probes: Probes) -> Faults:
    """Compare what was measured of a face with what every portrait needs and what was asked."""
    return Faults(
        pose=_beyond(looks.yaw, -3, 3) / 3 + _beyond(looks.pitch, -12, 0) / 4,
        mouth=_mouth(looks, request.smile),
        eyes=_beyond(looks.eyes_closed, 0, 0.3) / 0.15,
        glasses=_beyond(looks.lenses, 0.82, 2) / 0.1
        + (_beyond(looks.frames, 20, 1e9) / 10 if request.glasses else 0.0)
        + (0.0 if request.glasses else _beyond(looks.frames, 0, 8) / 8),
        light=_beyond(looks.skin_hue, 25, 62) / 10 + _beyond(looks.skin_lightness, 70, 215) / 10,
        blur=_beyond(looks.sharpness, 7, 1e9) / 2,
        hair=_hair(looks, request, probes),
    )


def _beyond(value: float, low: float, high: float) -> float:
    """How far a value lies outside a range."""
    return max(low - value, value - high, 0.0)


def _mouth(looks: Looks, smile: bool | None) -> float:
    if smile:
        return _beyond(looks.lip_gap, 0, 0.12) / 0.04 + _beyond(looks.smile, 0.6, 1) / 0.2
    wide = _beyond(looks.smile, 0, 0.3) / 0.3 if smile is False else 0.0
    return _beyond(looks.lip_gap, 0, 0.01) / 0.02 + wide


def _hair(looks: Looks, request: Request, probes: Probes) -> float:
    """Lightness and b against the middle of the range asked for, in the labels' units."""
    if request.hair_colour is None:
        return 0.0
    total = 0.0
    wanted = HAIR[request.hair_colour]
    for (name, (low, high)), value, slack in zip(
        wanted.items(), looks.hair, (20.0, 4.0), strict=True
    ):
        mean, std = probes.label_mean[name], probes.label_std[name]
        total += _beyond(value, mean + low * std - slack, mean + high * std + slack) / slack
    return total
