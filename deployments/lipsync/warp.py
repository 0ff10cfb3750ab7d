"""The embedded lip sync: a warp of the portrait's own lips and jaw, led by sound alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.alive import alive
from deployments.lipsync.engine import LipsyncCall
from deployments.lipsync.eyes import Eye, find_eyes
from deployments.lipsync.interior import Interior, Shown, paint_interior, show_interior, what_shows
from deployments.lipsync.landmarks import face_frame
from deployments.lipsync.mouth import MouthCurves, MouthReader
from deployments.lipsync.mouth_field import MouthField, mouth_field
from deployments.lipsync.mouth_moves import Moved, moves
from deployments.lipsync.mouth_rest import Rest
from deployments.lipsync.repair import Place, Repairer, find_place
from media.colour import to_i420
from media.face import Picture, Portrait
from media.patch import Frame, Patch, Planes
from media.sound import Sound
from media.timegrid import HEARING_RATE

GAIN: Final = 1.15
"""How much wider mouths open than the network says: it was taught careful speech."""
NARROWEST, ROUND = 0.17, 0.5
"""Of a mouth that narrows by so much, as for "w", the lips round by this much."""
TOGETHER: Final = 8
"""Frames made at once: enough for the network, few enough to stay in the processor's cache."""
CLOSED: Final = 0.012
"""An opening at rest below this is the mesh's noise, in face units."""


@dataclass(frozen=True, slots=True, eq=False)
class WarpPortrait:
    """A portrait ready to speak."""

    rgb: Picture
    mouth: Rest
    field: MouthField
    interior: Interior
    eyes: tuple[Eye, ...]
    rest: float
    """Opening of the lips in the picture, in face units."""
    unit: float
    place: Place | None
    """Where the repairing network looks, if there is one."""


class Warp:
    """Landmark-driven warp with a painted mouth interior."""

    weights: ClassVar[Sequence[str]] = ()
    batch: ClassVar[int] = 1

    def __init__(self, reader: MouthReader, repairer: Repairer | None, gain: float) -> None:
        self._reader = reader
        self._repairer = repairer
        self._gain = gain

    @classmethod
    def load(
        cls,
        files: Mapping[str, Path],
        *,
        threads: int,
        gain: float = GAIN,
        repair: bool | str = True,
    ) -> Self:
        """Open the embedded networks; `gain` scales every opening.

        `repair`: the file of another network that repairs the warped mouth, or False for none.
        Raises AvatarError `weights_missing` where it cannot be used.
        """
        del files
        other = Path(repair) if isinstance(repair, str) else None
        repairer = Repairer.load(other, threads=threads) if repair else None
        return cls(MouthReader.load(None, threads=threads), repairer, gain)

    def warm_up(self) -> None:
        """Run both networks once."""
        silence = Sound(np.zeros(2 * HEARING_RATE, np.float32), HEARING_RATE)
        self._reader.curves(silence, np.arange(16) / 25)
        if self._repairer is not None:
            self._repairer.warm_up()

    def prepare(self, portrait: Portrait) -> WarpPortrait:
        """Fields, interior and eyes of a portrait."""
        mesh = portrait.face.mesh
        if mesh is None:
            raise ValueError("a portrait's face needs its mesh")
        height, width = portrait.rgb.shape[:2]
        frame = face_frame(mesh)
        field = mouth_field(mesh, frame, (width, height))
        rest = float((field.lower_lip[:, 1] - field.upper_lip[:, 1]).max()) / frame.unit
        box = field.rectangle
        rgb = portrait.rgb[box.y : box.y + box.height, box.x : box.x + box.width]
        mouth = to_i420(rgb)
        return WarpPortrait(
            portrait.rgb,
            Rest.of(mouth),
            field,
            paint_interior(field, rgb),
            find_eyes(mesh, (width, height)),
            rest if rest > CLOSED else 0.0,
            frame.unit,
            None if self._repairer is None else find_place(field, frame, mouth),
        )

    def frames(self, calls: Sequence[tuple[WarpPortrait, LipsyncCall]]) -> list[list[Frame]]:
        """The frames of each call."""
        return [self._frames(portrait, call) for portrait, call in calls]

    def _frames(self, portrait: WarpPortrait, call: LipsyncCall) -> list[Frame]:
        numbers = np.arange(call.start, call.stop)
        seconds = numbers / float(call.fps)
        curves = self._reader.curves(call.sound, seconds)
        amounts = shape_amounts(curves, portrait.rest, self._gain)
        mouths = self._mouths(portrait, amounts, curves)
        return [
            Frame((mouth,))
            if not call.life
            else alive(
                portrait.rgb,
                portrait.eyes,
                portrait.unit,
                (mouth,),
                call.seed,
                float(seconds[k]),
            )
            for k, mouth in enumerate(mouths)
        ]

    def _mouths(
        self, portrait: WarpPortrait, amounts: NDArray[np.float32], curves: MouthCurves
    ) -> list[Patch]:
        """The mouth of each frame; frames of a pause share one."""
        told = np.column_stack([amounts, curves.bared, curves.tongue])
        different, places = np.unique(told, axis=0, return_inverse=True)
        made: list[Patch] = []
        for first in range(0, len(different), TOGETHER):
            few = different[first : first + TOGETHER]
            made += self._few_mouths(portrait, few[:, :-2], few[:, -2:].tolist())
        return [made[place] for place in places.reshape(-1)]

    def _few_mouths(
        self,
        portrait: WarpPortrait,
        amounts: NDArray[np.float32],
        sounds: Sequence[Sequence[float]],
    ) -> list[Patch]:
        field, inside = portrait.field, portrait.interior
        moved = moves(field, amounts)
        shown = [
            what_shows(inside, lips.upper_lip, lips.lower_lip, *sound)
            for lips, sound in zip(moved, sounds, strict=True)
        ]
        made = [
            warp(field, inside, portrait.mouth, *each) for each in zip(moved, shown, strict=True)
        ]
        if self._repairer is not None and portrait.place is not None:
            self._repairer.repair(portrait.place, made, moved)
        return [Patch(field.rectangle.x, field.rectangle.y, planes) for planes in made]


def warp(field: MouthField, interior: Interior, rest: Rest, moved: Moved, shown: Shown) -> Planes:
    """The mouth's rectangle with its lips moved and its inside shown."""
    made = rest.moved(moved)
    drop = float(moved.lower_lip[5, 1] - field.lower_lip[5, 1])
    show_interior(interior, moved.upper_lip, moved.lower_lip, drop, shown, made)
    return made


def shape_amounts(curves: MouthCurves, rest: float, gain: float) -> NDArray[np.float32]:
    """(frames, shapes) amounts for a mouth that is open by `rest` in the picture.

    A mouth that smiles with parted lips closes by its own gap first; what opens beyond that gap
    is the jaw's.
    """
    opening = curves.opening * gain
    beyond = np.maximum(0.0, opening - rest)
    closing = np.clip((rest - opening) / rest, 0, 1) if rest > 0 else np.zeros_like(opening)
    rounded = ROUND * np.clip(-curves.width / NARROWEST, 0, 1)
    amounts = (beyond, curves.width, rounded, closing, curves.teeth, curves.closure)
    return np.stack(amounts, axis=1).astype(np.float32)
