"""Makes the network small and fast: `python -m training.lips.quantise DATA STUDENT.onnx OUT.onnx`.

Step 7, after `distil`. Convolutions in 8 bits, their ranges taken from pairs of the training; the
rest stays in floating point. Says what it costs on people held out, and how much faster it is.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

from deployments.lipsync.repair import Repairer
from training.lips.answers import blocks_of, open_network
from training.lips.evaluate import given_of, split
from training.lips.shards import Arrays

EXAMPLES: Final = 256
MOST_APART: Final = 1.5
"""Of 255, on average, that the networks may differ by."""


class Examples(CalibrationDataReader):  # type: ignore[misc]  # ships no types
    """Pairs of the training, one by one."""

    def __init__(self, pairs: Arrays) -> None:
        rows = np.random.default_rng(0).choice(len(pairs["person"]), EXAMPLES)
        self.left: Iterator[NDArray[np.uint8]] = (blocks_of(given_of(pairs, row)) for row in rows)

    def get_next(self) -> dict[str, Any] | None:
        """The next one, or None after the last."""
        given = next(self.left, None)
        return None if given is None else {"blocks": given[None]}


def quantise(network: Path, out: Path, examples: CalibrationDataReader) -> None:
    """Write the network with its convolutions in 8 bits."""
    quantize_static(
        network,
        out,
        examples,
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv"],
    )


def main() -> None:
    """Quantise, compare, time."""
    parser = argparse.ArgumentParser(description="Quantise a repairing network.")
    parser.add_argument("data", type=Path)
    parser.add_argument("network", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    learn, held = split(given.data / "pairs")
    quantise(given.network, given.out, Examples(learn))
    crops = [given_of(held, row) for row in range(0, len(held["person"]), 8)]
    before, after = (open_network(path) for path in (given.network, given.out))
    apart = [np.abs(before(crop) - after(crop))[crop[7] > 127] for crop in crops]
    difference = float(np.concatenate(apart).mean())
    blocks = np.stack([blocks_of(crop) for crop in crops[:25]])
    spent = [timed(path, blocks) for path in (given.network, given.out)]
    size = given.out.stat().st_size / 1e3
    print(f"{given.out}: {size:.0f} kB, {difference:.2f} of 255 apart inside the lips")
    print(f"{spent[0]:.2f} ms a frame before, {spent[1]:.2f} after, one thread, 25 frames a call")
    if difference > MOST_APART:
        raise SystemExit("the quantised network is too far from the trained one")


def timed(path: Path, blocks: NDArray[np.uint8]) -> float:
    """Least milliseconds a crop of several calls."""
    repairer = Repairer.load(path, threads=1)
    spent = []
    for _ in range(8):
        began = time.perf_counter()
        repairer.answer(blocks)
        spent.append(time.perf_counter() - began)
    return min(spent) / len(blocks) * 1e3


if __name__ == "__main__":
    main()
