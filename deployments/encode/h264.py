"""H.264 as every encode engine makes it, and which encoder makes it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from media.errors import AvatarError

log = logging.getLogger(__name__)

Wanted = Literal["auto", "libx264", "h264_nvenc"]

X264: Final = "libx264"
NVENC: Final = "h264_nvenc"

PRESET: Final = "superfast"
"""Of x264, made better by X264_PARAMS where that costs little (docs/08-speed.md)."""
X264_PARAMS: Final = (
    "scenecut=0:keyint=infinite:open-gop=0:stitchable=1"
    # Looking ahead gives still parts their quality in the first frame, once for all.
    ":rc-lookahead=30:mbtree=1"
    # Every picture is as like the one before as the next: where B frames go needs no search.
    ":b-adapt=0"
)

BT709: Final = 1
LIMITED: Final = 1

_DRIVER: Final = Path("/dev/nvidiactl")
"""There where a process may use an NVIDIA card."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How good and how large."""

    preset: str
    """Of x264."""
    crf: float
    """Constant quality, lower is better."""
    max_rate: int
    """Bits a second that bound busy pictures."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The encoder that runs, and a note where another one was hoped for."""

    encoder: str
    note: str | None = None

    def about(self) -> dict[str, str]:
        """Plain data for `/v1/system`."""
        return {"encoder": self.encoder} | ({"note": self.note} if self.note else {})


def options(encoder: str, quality: Quality) -> dict[str, str]:
    """FFmpeg's options of an encoder: one closed GOP a segment, parameter sets that never change.

    NVENC gets no B-frames and no scene cuts; its constant quality is on the scale of x264's.
    """
    bounds = {"maxrate": str(quality.max_rate), "bufsize": str(quality.max_rate)}
    if encoder == NVENC:
        return {
            **{"preset": "p5", "tune": "hq", "profile": "high", "rc": "vbr", "b": "0"},
            **{"cq": f"{quality.crf:g}", "spatial-aq": "1", **bounds},
            # -1: no further key frame, however long the segment.
            **{"g": "-1", "bf": "0", "no-scenecut": "1", "forced-idr": "1", "strict_gop": "1"},
        }
    return {
        **{"preset": quality.preset, "crf": f"{quality.crf:g}", **bounds},
        "x264-params": X264_PARAMS,
    }


def choose(wanted: str, fault_of: Callable[[str], str | None]) -> Chosen:
    """The encoder that was wanted; for `auto` the card's, where it works, else libx264.

    `fault_of` tries an encoder and says why it does not work. Raises ValueError for another name,
    AvatarError `invalid_request` where the card's encoder was asked for by name and does not work.
    """
    if wanted not in ("auto", X264, NVENC):
        raise ValueError(f"encoder is auto, {X264} or {NVENC}, not {wanted}")
    if wanted == X264:
        return Chosen(X264)
    fault = fault_of(NVENC)
    if fault is None:
        return Chosen(NVENC)
    if not _DRIVER.exists():
        fault = "no NVIDIA card is seen"
    if wanted == NVENC:
        raise AvatarError(
            "invalid_request",
            f"{NVENC} is configured but cannot be opened ({fault}): use a card that has a video "
            "encoder, let its container have the driver's `video` part, or set `encoder: auto`.",
        )
    note = f"Encoded on the CPU by {X264}: {NVENC} cannot be opened here ({fault})."
    # Without a card that is as it should be; with one, a driver without its video part is likely.
    log.log(logging.WARNING if _DRIVER.exists() else logging.INFO, note)
    return Chosen(X264, note)
