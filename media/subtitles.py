"""Cues as files and tracks: WebVTT, SubRip and 3GPP timed text, all of the same cues.

Sources: W3C, "WebVTT: The Web Video Text Tracks Format"; SubRip as players read it; 3GPP TS 26.245
(timed text, `tx3g`).
"""

import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_CLOCK: Final = r"([0-9]{2,}):([0-9]{2}):([0-9]{2})\.([0-9]{3})"
_TIMES: Final = re.compile(rf"{_CLOCK} --> {_CLOCK}")
_ESCAPES: Final = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_MOST_BYTES: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Cue:
    """Text that is shown for a while, in milliseconds from the start; plain text, no marks."""

    start: int
    end: int
    lines: tuple[str, ...]


def to_webvtt(cues: Iterable[Cue]) -> str:
    """A WebVTT file."""
    blocks = ["WEBVTT\n"]
    for cue in cues:
        text = "\n".join(_escaped(line) for line in cue.lines)
        blocks.append(f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{text}\n")
    return "\n".join(blocks)


def from_webvtt(file: str) -> list[Cue]:
    """The cues of a file that `to_webvtt` made; what else the format knows is left out."""
    cues = []
    for block in file.split("\n\n"):
        times, *lines = block.strip("\n").split("\n")
        if found := _TIMES.fullmatch(times):
            numbers = [int(number) for number in found.groups()]
            start, end = _milliseconds(*numbers[:4]), _milliseconds(*numbers[4:])
            cues.append(Cue(start, end, tuple(_plain(line) for line in lines)))
    return cues


def to_srt(cues: Iterable[Cue]) -> str:
    """A SubRip file (UTF-8), numbered from 1."""
    blocks = (
        f"{n}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{chr(10).join(cue.lines)}\n"
        for n, cue in enumerate(cues, 1)
    )
    return "\n".join(blocks)


def to_timed_text(cue: Cue) -> bytes:
    """A sample of a 3GPP timed text track: its length and the text, in the track's own style."""
    text = "\n".join(cue.lines).encode()
    if len(text) > _MOST_BYTES:
        raise ValueError("a cue of timed text holds at most 65,535 bytes")
    return struct.pack(">H", len(text)) + text


def until(cues: Sequence[Cue], end: int) -> Iterator[Cue]:
    """The cues, none longer than to `end` milliseconds; those that begin later are left out."""
    return (Cue(cue.start, min(cue.end, end), cue.lines) for cue in cues if cue.start < end)


def _escaped(text: str) -> str:
    """Text as a cue of WebVTT holds it; without ">" there is no "-->" either."""
    for char, escape in _ESCAPES:
        text = text.replace(char, escape)
    return text


def _plain(text: str) -> str:
    for char, escape in reversed(_ESCAPES):
        text = text.replace(escape, char)
    return text


def _milliseconds(hours: int, minutes: int, seconds: int, rest: int) -> int:
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{rest:03}"
