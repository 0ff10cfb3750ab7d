"""Sound to mouth shapes: a small network over what is heard from 1 s before to 120 ms after."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, Self

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]  # ships no types
from numpy.typing import NDArray

from deployments.lipsync.hearing import HOP, spectra
from media.shipped import read_shipped
from media.sound import Sound
from media.timegrid import HEARING_RATE

HOPS_BEFORE: Final = 24
HOPS_AFTER: Final = 10
"""Spectra that the network sees around the one it speaks of: 240 ms before, 100 ms after."""
SHIPPED: Final = Path(__file__).with_name("mouth.onnx")
SHIPPED_SHA256: Final = "3f15f75cdd408ef831dddf5fbe4d794a903e2194eb645b8fb092206bf8e27efb"
"""Network and digest; `training/mouth` says where it comes from and makes it."""

OPENING_UNIT: Final = 0.2
WIDTH_UNIT: Final = 0.17
"""The network gives opening and width in these units."""

HEARS_AHEAD: Final = 0.12
"""Seconds of sound after a moment that may move the mouth in it."""
SPEAKS: Final = (0.45, 0.8)
PRESSED: Final = (0.3, 0.6)
"""Of the network's voice and closure: nothing below the first, all above the second."""
_WIDEST = 0.24
_SILENT_DB, _AUDIBLE_DB = -60.0, -54.0
_QUIET_BELOW_LEVEL = 35.0

Curve = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class MouthCurves:
    """The mouth at each time asked for; arrays of shape (times,).

    Lengths are in face units, (eye distance + 1.305 x the way from between the eyes to the base of
    the nose) / 2.
    """

    opening: Curve
    """Gap of the inner lips: 0 closed, about .19 a wide "a"."""
    width: Curve
    """Change of the mouth's width: -.17 the pucker of "w", +.06 "i"."""
    closure: Curve
    """0 to 1: lips pressed for m, b, p; the opening is 0 there."""
    teeth: Curve
    """0 to 1: lower lip at the upper teeth for f, v."""
    bared: Curve
    """0 to 1: how much of the teeth the lips leave to be seen, little for "o", much for "s"."""
    tongue: Curve
    """0 to 1: how far the tongue is seen to rise, as for "l"."""
    loudness: Curve
    """0 to 1: how loudly someone speaks now; 0 in silence and noise."""


CURVES: Final = len(fields(MouthCurves))


@dataclass(frozen=True, slots=True)
class MouthReader:
    """Reads mouth shapes off sound. Thread-safe; the same sound gives the same shapes."""

    session: ort.InferenceSession

    @classmethod
    def load(cls, path: Path | None = None, threads: int = 1) -> Self:
        """Open the network at `path`, by default the one that ships with the project.

        Raises ValueError where the shipped file was changed.
        """
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        model = path.read_bytes() if path else read_shipped(SHIPPED, SHIPPED_SHA256)
        return cls(ort.InferenceSession(model, options, providers=["CPUExecutionProvider"]))

    def curves(self, sound: Sound, times: NDArray[np.float64]) -> MouthCurves:
        """The mouth at `times` (seconds on the track's clock, rising).

        `sound` is 16 kHz and should hold the second before and the 120 ms after each time; what
        it lacks counts as silence.
        """
        if sound.rate != HEARING_RATE:
            raise ValueError(f"hears {HEARING_RATE} Hz, not {sound.rate}")
        if not len(times):
            return MouthCurves(*(np.zeros(0, np.float32) for _ in range(CURVES)))
        # Hops are counted in whole samples, so that a time on the grid is exactly its hop.
        position = np.round(np.asarray(times, np.float64) * HEARING_RATE, 3) / HOP
        first = int(np.floor(position[0]))
        stop = int(np.floor(position[-1])) + 2
        shapes = self._hops(sound, first, stop)
        whole = np.floor(position).astype(np.intp) - first
        share = (position - np.floor(position)).astype(np.float32)[:, None]
        at_times = shapes[whole] * (1 - share) + shapes[whole + 1] * share
        return MouthCurves(*np.ascontiguousarray(at_times.T))

    def _hops(self, sound: Sound, first: int, stop: int) -> NDArray[np.float32]:
        """Shapes at the hops [first, stop): (hops, CURVES)."""
        features, level, power = spectra(sound, first - HOPS_BEFORE, stop + HOPS_AFTER)
        feed = {"features": np.ascontiguousarray(features.T)[None]}
        opening, width, closure, teeth, voice, bared, tongue = self.session.run(None, feed)[0][0]
        here = slice(HOPS_BEFORE, HOPS_BEFORE + stop - first)
        # The level HOPS_AFTER ahead knows of speech about to begin; true silence never moves.
        ahead = level[here.start + HOPS_AFTER :]
        audible = np.clip((ahead - _SILENT_DB) / (_AUDIBLE_DB - _SILENT_DB), 0, 1)
        speaks = _ease(voice, *SPEAKS) * audible
        parted = 1 - _ease(closure, *PRESSED)
        gap = np.clip(opening * OPENING_UNIT, 0, _WIDEST) * speaks * parted
        loud = np.clip((power[here] - level[here]) / _QUIET_BELOW_LEVEL + 1, 0, 1) * speaks
        spoken = np.stack([width * WIDTH_UNIT, closure, teeth, bared, tongue]) * speaks
        return np.vstack([gap, spoken, loud]).T.astype(np.float32)


def _ease(x: Curve, low: float, high: float) -> Curve:
    """0 below `low`, 1 above `high`, smooth between (smoothstep)."""
    t: Curve = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
