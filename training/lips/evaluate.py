"""Judges a repairing network on people held out: `python -m training.lips.evaluate DATA NET.onnx`.

Inside the box round the lips, against the drawn mouth in the warp's tone: mean absolute error,
similarity (Wang et al., SSIM, 2004; windows of 7 pixels) and sharpness, the spread of the Laplacian
against the truth's.
"""

import argparse
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from deployments.lipsync.repair_crop import SCALE
from training.lips.answers import Network, open_network
from training.lips.people import HELD_EVERY, MOUTHS
from training.lips.shards import Arrays, load

PROTOTYPE_SCALE: Final = 67.4
"""Pixels a face unit at which the first figures were taken."""
KINDS: Final = {
    "shut": ("shut", "parted"),
    "small": ("small", "oo", "ee"),
    "open": ("mid", "wide", "ah", "oh", "laugh"),
}
Image = NDArray[np.float32]


def split(folder: Path) -> tuple[Arrays, Arrays]:
    """All pairs: to learn from, and of people who are held out."""
    whole = load(folder)
    held = whole["person"] % HELD_EVERY == 0
    learn, unseen = ({k: v[mask] for k, v in whole.items()} for mask in (~held, held))
    return learn, unseen


def toned(target: NDArray[np.uint8], warp: NDArray[np.uint8], lips: NDArray[np.uint8]) -> Image:
    """The drawn mouth (height, width, 3), its skin as bright as the warp's."""
    skin = (1 - cv2.dilate(lips, np.ones((13, 13), np.uint8)) / 255.0)[..., None] + 1e-3
    gain = (warp * skin).sum((0, 1)) / (target * skin).sum((0, 1))
    return np.asarray(np.clip(target * np.clip(gain, 0.75, 1.33), 0, 255), np.float32)


def scores(made: Image, truth: Image, lips: NDArray[np.uint8]) -> tuple[float, float, float]:
    """Error, similarity and sharpness of (height, width, 3) in the lips' box."""
    ys, xs = np.nonzero(cv2.dilate(lips, np.ones((5, 5), np.uint8)) > 127)
    box = np.s_[max(0, ys.min() - 2) : ys.max() + 3, max(0, xs.min() - 2) : xs.max() + 3]
    a, b = made[box], truth[box]
    alike = structural_similarity(a, b, channel_axis=2, data_range=255, win_size=7)
    sharp = [cv2.Laplacian(x.mean(axis=2), cv2.CV_32F).std() for x in (a, b)]
    return float(np.abs(a - b).mean()), float(alike), float(sharp[0] / (sharp[1] + 1e-6))


def smaller(image: NDArray[np.generic]) -> NDArray[np.generic]:
    """An image in the prototype's scale."""
    scale = PROTOTYPE_SCALE / SCALE
    return np.asarray(
        cv2.resize(np.asarray(image), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    )


def given_of(pairs: Arrays, row: int) -> NDArray[np.uint8]:
    """(8, height, width): what the network sees of a pair."""
    colours = [pairs[name][row].transpose(2, 0, 1) for name in ("warp", "source")]
    masks = [pairs[name][row][None] for name in ("inner", "outer")]
    return np.concatenate([*colours, *masks])


def repaired(network: Network, pairs: Arrays, row: int) -> Image:
    """What the network makes of a pair's warp."""
    added = network(given_of(pairs, row))
    return np.asarray(np.clip(pairs["warp"][row] + added, 0, 255), np.float32)


def main() -> None:
    """Print the table and draw a sheet."""
    parser = argparse.ArgumentParser(description="Judge a repairing network on people held out.")
    parser.add_argument("data", type=Path)
    parser.add_argument("network", type=Path)
    parser.add_argument(
        "--sheet", type=Path, help="picture of some pairs: source, warp, made, truth"
    )
    given = parser.parse_args()
    network = open_network(given.network)
    pairs = load(given.data / "pairs", HELD_EVERY)
    found: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    tiles = []
    for row in range(len(pairs["person"])):
        name = list(MOUTHS)[int(pairs["to"][row])]
        lips, warp = pairs["outer"][row], pairs["warp"][row]
        truth = toned(pairs["target"][row], warp, lips)
        made = {
            "photo": pairs["source"][row].astype(np.float32),
            "warp": warp.astype(np.float32),
            "repaired": repaired(network, pairs, row),
        }
        for what, image in made.items():
            both = (
                *scores(image, truth, lips),
                *scores(*(smaller(x) for x in (image, truth, lips)))[1:],
            )  # type: ignore[arg-type]
            kinds = ["all", *(kind for kind, names in KINDS.items() if name in names)]
            for kind in kinds:
                found.setdefault((kind, what), []).append(both)
        if row % 11 == 0:
            tiles.append(np.vstack([made["photo"], made["warp"], made["repaired"], truth]))
    print("| mouths | | error of 255 | SSIM | sharpness | SSIM, prototype's scale | sharpness |")
    print("|---|---|---|---|---|---|---|")
    for (kind, what), rows in found.items():
        error, *rest = np.mean(rows, axis=0)
        cells = " | ".join(f"{v:.3f}" for v in rest)
        print(f"| {kind} ({len(rows)}) | {what} | {error:.1f} | {cells} |")
    if given.sheet:
        wide = [np.hstack(tiles[n : n + 10]) for n in range(0, len(tiles) - 9, 10)][:4]
        cv2.imwrite(str(given.sheet), np.vstack(wide)[..., ::-1])


if __name__ == "__main__":
    main()
