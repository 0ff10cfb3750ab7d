"""What users send: texts that nobody has sent before, recordings and pictures of our own making."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.material import text_of

RECORDINGS: Final[Mapping[str, tuple[str, int]]] = {
    "short.mp3": ("mp3", 1),
    "short.flac": ("flac", 1),
    "middling.ogg": ("opus", 2),
    "long.mp3": ("mp3", 5),
}
"""File name: format and sentences."""
PICTURES: Final[Mapping[str, tuple[str, int, int]]] = {
    "portrait.jpg": ("JPEG", 768, 0),
    "small.png": ("PNG", 512, 2),
    "phone.webp": ("WEBP", 640, 4),
}
"""File name: format, side in pixels, which face of the gallery."""
PROMPTS: Final = (
    "a smiling young woman with curly red hair",
    "a serious man with short black hair",
    "a laughing woman with long blond hair",
    "a friendly man with glasses",
)
PROMPT_SEEDS: Final = 6
"""The embedded painter gives each of these a mouth that shows, from seed 0 on; a beard may hide it,
and such a video fails as `mouth_covered`, which would be no failure of the service."""


@dataclass(frozen=True, slots=True)
class Material:
    """Files by name, as they are uploaded."""

    recordings: Mapping[str, bytes]
    pictures: Mapping[str, bytes]


def load(folder: Path) -> Material:
    """What `loadtest.prepare` wrote."""
    return Material(
        {name: (folder / name).read_bytes() for name in RECORDINGS},
        {name: (folder / name).read_bytes() for name in PICTURES},
    )


def text(seconds: float, number: int) -> str:
    """About so many seconds of speech; another text for each number, so that nothing is kept."""
    return f"{text_of(seconds, number)} This was number {number}."
