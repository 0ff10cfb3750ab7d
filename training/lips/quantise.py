"""Makes the network small and fast: `python -m training.lips.quantise DATA REPAIR.onnx OUT.onnx`.

Step 6, after `train`. Convolutions in 8 bits, their ranges taken from pairs of the training; the
rest stays in floating point. Says what it costs on people held out, and how much faster it is.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

from training.lips.evaluate import given_of, split
from training.lips.shards import Arrays

EXAMPLES: Final = 256
MOST_APART: Final = 1.5
"""Of 255, on average, that the networks may differ by."""


class Examples(CalibrationDataReader):  # type: ignore[misc]  # ships no types
    """Pairs of the training, one by one."""

    def __init__(self, pairs: Arrays) -> None:
        rows = np.random.default_rng(0).choice(len(pairs["person"]), EXAMPLES)
        self.left: Iterator[NDArray[np.uint8]] = (given_of(pairs, row) for row in rows)

    def get_next(self) -> dict[str, Any] | None:
        """The next one, or None after the last."""
        given = next(self.left, None)
        return None if given is None else {"given": given[None]}


def main() -> None:
    """Quantise, compare, time."""
    parser = argparse.ArgumentParser(description="Quantise a repairing network.")
    parser.add_argument("data", type=Path)
    parser.add_argument("network", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    learn, held = split(given.data / "pairs")
    quantize_static(
        given.network,
        given.out,
        Examples(learn),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv"],
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    before, after = (
        onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        for path in (given.network, given.out)
    )
    crops = np.stack([given_of(held, row) for row in range(0, len(held["person"]), 8)])
    apart = np.abs(before.run(None, {"given": crops})[0] - after.run(None, {"given": crops})[0])
    lips = crops[:, 7:8] > 127
    difference = float(apart.max(axis=1, keepdims=True)[lips].mean())
    spent = [timed(session, crops[:25]) for session in (before, after)]
    size = given.out.stat().st_size / 1e3
    print(f"{given.out}: {size:.0f} kB, {difference:.2f} of 255 apart inside the lips")
    print(f"{spent[0]:.2f} ms a frame before, {spent[1]:.2f} after, one thread, 25 frames a call")
    if difference > MOST_APART:
        raise SystemExit("the quantised network is too far from the trained one")


def timed(session: onnxruntime.InferenceSession, crops: NDArray[np.uint8]) -> float:
    """Least milliseconds a crop of several calls."""
    spent = []
    for _ in range(8):
        began = time.perf_counter()
        session.run(None, {"given": crops})
        spent.append(time.perf_counter() - began)
    return min(spent) / len(crops) * 1e3


if __name__ == "__main__":
    main()
