"""Eight moments of a video as one picture: `python -m bench.contact_sheet VIDEO TARGET.webp`."""

import sys
from pathlib import Path
from typing import Final

import av
import numpy as np
from PIL import Image

COLUMNS: Final = 4
SIDE: Final = 256


def moments(video: Path, count: int) -> list[Image.Image]:
    """Frames at equal steps through the video, scaled to SIDE."""
    with av.open(video) as file:
        frames = [frame.to_image() for frame in file.decode(video=0)]
    chosen = np.linspace(0, len(frames) - 1, count + 2)[1:-1].astype(int)
    return [frames[n].resize((SIDE, SIDE), Image.Resampling.LANCZOS) for n in chosen]


def main() -> None:
    """Write the sheet."""
    video, target = (Path(word) for word in sys.argv[1:])
    pictures = moments(video, 2 * COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * SIDE, 2 * SIDE))
    for n, picture in enumerate(pictures):
        sheet.paste(picture, (n % COLUMNS * SIDE, n // COLUMNS * SIDE))
    sheet.save(target, quality=85, method=6)


if __name__ == "__main__":
    main()
