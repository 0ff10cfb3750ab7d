"""How alike can a repaired mouth be? `python -m training.lips.ceiling DATA NET.onnx`.

After `pairs`, on people held out. By the similarity and sharpness of `evaluate`: how far networks
that are told the truth would come, how alike the generator's own drawings of one mouth are (where
`twins` has drawn some), and where a network loses what it lacks.
"""

import argparse
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from training.lips.answers import Network, open_network
from training.lips.comparison import COLUMNS, Table, both_scales
from training.lips.drawings import compare_mouths, compare_twins
from training.lips.evaluate import Image, repaired, toned
from training.lips.losses import CAUSES, coarse, losses
from training.lips.people import HELD_EVERY, MOUTHS
from training.lips.regions import Mask, repair_towards, shares
from training.lips.registration import brought_onto, shaken
from training.lips.shards import Arrays, finished, load

SHIFTS: Final = (0.25, 0.5, 1.0)
BLURS: Final = (0.5, 0.75)
"""Pixels."""


def told(warp: Image, truth: Image, inner: Mask, outer: Mask) -> dict[str, Image]:
    """What networks that know the truth could make of a warp, by what they may change."""
    parts = shares(inner, outer)
    return {
        "told the truth, may change the inside alone": warp + parts["inside"] * (truth - warp),
        "told the truth, adds what is missing as this one does": repair_towards(
            warp, truth, inner, outer
        ),
        "told the truth, may change lips and inside": truth + parts["skin"] * (warp - truth),
    }


def compare(pairs: Arrays, network: Network) -> tuple[Table, Table]:
    """The comparisons of pairs, and the losses by cause."""
    table = Table(COLUMNS)
    lost = Table(("lost", *CAUSES))
    for row in range(len(pairs["person"])):
        mouth = list(MOUTHS)[int(pairs["to"][row])]
        inner, outer = pairs["inner"][row], pairs["outer"][row]
        warp = pairs["warp"][row].astype(np.float32)
        truth = toned(pairs["target"][row], pairs["warp"][row], outer)
        made = repaired(network, pairs, row)
        photo = pairs["source"][row].astype(np.float32)
        chance = np.random.default_rng(row)
        placed = brought_onto(truth, warp)
        against = {
            "repaired": (made, truth),
            "repaired, the truth brought onto it": (made, brought_onto(truth, made)),
            "photo, the truth brought onto it": (photo, brought_onto(truth, photo)),
            "repaired, as light as the truth": (made + coarse(truth - made), truth),
        }
        against |= {
            f"repaired, but for the truth's {part}": (made + share * (truth - made), truth)
            for part, share in shares(inner, outer).items()
        }
        against |= {what: (image, truth) for what, image in told(warp, truth, inner, outer).items()}
        against |= {
            f"{what}, brought onto the warp": (image, placed)
            for what, image in told(warp, placed, inner, outer).items()
        }
        against |= {
            f"truth against itself, moved by {s} px": (shaken(truth, s, chance), truth)
            for s in SHIFTS
        }
        against |= {
            f"truth against itself, blurred by {s} px": (cv2.GaussianBlur(truth, (0, 0), s), truth)
            for s in BLURS
        }
        for what, (image, wanted) in against.items():
            table.add(what, mouth, both_scales(image, wanted, outer))
        shares_lost = losses(made, truth, inner, outer)
        lost.add("repaired", mouth, (sum(shares_lost.values()), *shares_lost.values()))
    return table, lost


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="How alike can a repaired mouth be?")
    parser.add_argument("data", type=Path)
    parser.add_argument("network", type=Path)
    given = parser.parse_args()
    pairs = load(given.data / "pairs", HELD_EVERY)
    likeness, lost = compare(pairs, open_network(given.network))
    likeness.show()
    lost.show_kinds()
    compare_mouths(load(given.data / "people", HELD_EVERY)).show()
    if finished(given.data / "twins"):
        compare_twins(load(given.data / "twins")).show()


if __name__ == "__main__":
    main()
