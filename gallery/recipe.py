"""How the gallery's pictures were painted, and that they can be painted again.

    python -m gallery.recipe            paints them, and writes their sha256 to gallery.json
    python -m gallery.recipe --check    paints them in memory and compares

Face n is the latent of `RandomState(1000 + n)`, drawn towards the mean, then moved so that it looks
straight ahead with a closed mouth; whatever else the probes see stays. Processors differ in the
last bits and encoders in more than that, so pictures are compared by tolerance.
"""

import argparse
import json
import sys
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from deployments.loading import weight_files
from deployments.portrait.generator import LATENT, Generator
from deployments.portrait.probes import Bounds, Probes
from gallery import FOLDER, RECORDS, GalleryAvatar, avatars, picture
from media.face import Picture
from serve.settings import Settings
from serve.weights.store import open_store

FIRST_SEED: Final = 1000
TRUNCATION: Final = 0.8
SIDE: Final = 768
QUALITY: Final = 90
"""Of WebP, 0 to 100."""

FRONTAL: Final[Bounds] = {
    "yaw": (0.0, 0.0),
    "pitch": (0.2, 0.2),
    "mouth_open": (-1.2, -1.0),
}
"""Straight ahead, the mouth closed."""

HELD: Final = (
    "yaw", "pitch", "mouth_open", "mouth_w", "a_hair", "hair_below", "hairL", "hairB", "skinL",
    "skinB", "age", "male", "glasses", "hat",
)  # fmt: skip
"""Probes that the moves are made with; newer ones must not change the gallery."""

MEAN_TOLERANCE: Final = 3.0
"""Mean difference of colours, of 255; the encoder alone makes 1 to 2."""
PLACE_TOLERANCE: Final = 12.0
"""Greatest difference of a patch of 12 x 12 pixels: a face painted otherwise is far above."""


def paint(avatar: GalleryAvatar, generator: Generator, probes: Probes) -> Picture:
    """The avatar's picture as it leaves the generator, reduced to (SIDE, SIDE, 3)."""
    z = np.random.RandomState(FIRST_SEED + avatar.recipe["face"]).randn(1, LATENT)
    w = probes.mean + TRUNCATION * (generator.latents(z) - probes.mean)
    own = {name: (low, high) for name, (low, high) in avatar.recipe["bounds"].items()}
    moved, _ = probes.steer(w, {**FRONTAL, **own}, free=set(probes.names) - set(HELD))
    large = Image.fromarray(generator.picture(moved[0]))
    return np.asarray(large.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def encode(rgb: Picture) -> bytes:
    """The picture as a WebP file."""
    out = BytesIO()
    Image.fromarray(rgb).save(out, "WEBP", quality=QUALITY, method=6)
    return out.getvalue()


def differences(one: Picture, other: Picture) -> tuple[float, float]:
    """Mean difference of two pictures, and the greatest of their patches; of 255."""
    if one.shape != other.shape:
        return 255.0, 255.0
    fine = one.astype(np.float64) - other
    side = 12
    rows, columns = (n // side for n in fine.shape[:2])
    patches = fine[: rows * side, : columns * side].reshape(rows, side, columns, side, 3)
    return float(np.abs(fine).mean()), float(np.abs(patches.mean(axis=(1, 3))).max())


def alike(one: Picture, other: Picture) -> bool:
    """Whether two pictures show the same, but for the encoder and the processor."""
    mean, place = differences(one, other)
    return mean <= MEAN_TOLERANCE and place <= PLACE_TOLERANCE


def open_generator(threads: int) -> Generator:
    """The generator with the weights of the store."""
    return Generator.load(
        weight_files(("mobilestylegan-ffhq",), open_store(Settings())), threads=threads
    )


def write(generator: Generator, folder: Path = FOLDER, records: Path = RECORDS) -> None:
    """Paint all avatars, write their files and the files' sha256."""
    probes = Probes.read()
    entries = json.loads(records.read_text(encoding="utf-8"))
    painted = {avatar.id: encode(paint(avatar, generator, probes)) for avatar in avatars()}
    for entry in entries:
        data = painted[entry["id"]]
        (folder / entry["file"]).write_bytes(data)
        entry["sha256"] = sha256(data).hexdigest()
    records.write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def check(generator: Generator) -> list[str]:
    """Ids of the avatars whose file does not show what the recipe paints."""
    probes = Probes.read()
    return [a.id for a in avatars() if not alike(paint(a, generator, probes), picture(a.id))]


def main() -> None:
    """Paint or check the gallery; exits with 1 where a picture differs."""
    parser = argparse.ArgumentParser(prog="python -m gallery.recipe", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    generator = open_generator(given.threads)
    if not given.check:
        write(generator)
        return
    if wrong := check(generator):
        sys.exit(f"painted otherwise than the files show: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
