"""Leaves to the engine what it does better: `python -m training.lips.fold QUANTISED.onnx OUT.onnx`.

Step 8, after `quantise`. The shipped file's first convolution takes bytes as they are given,
instead of bytes that were brought to -1 to 1 and back. Its weights stay as they are.
"""

import argparse
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from deployments.lipsync.repair import COLUMNS, GIVEN, ROWS
from training.lips.student import PLACES

MIDDLE: Final = 127.5
"""What stands for 0 among bytes."""

Values = dict[str, NDArray[np.generic]]


def fold(model: onnx.ModelProto) -> onnx.ModelProto:
    """The network whose first convolution takes the blocks as they are.

    Raises ValueError where the first convolution does not take bytes as they are.
    """
    graph = model.graph
    values: Values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    enter = next(node for node in graph.node if node.name == "/enter/Conv")
    taken = makers[enter.input[0]]  # bytes to numbers, before the first convolution
    scale, zero = (values[name].item() for name in taken.input[1:])
    if abs(scale * MIDDLE - 1) > 1e-4:
        raise ValueError(f"a byte is worth {scale} to the network, not 1 / {MIDDLE}")
    weights, bias = (makers[enter.input[k]].input[0] for k in (1, 2))
    values[bias] = _for_whole_bytes(values[bias], values[weights], zero)
    values["places"] = _places(zero)[None]
    values["places_shape"] = np.array([PLACES, ROWS, COLUMNS])
    nodes = [
        helper.make_node("Shape", ["blocks"], ["count"], start=0, end=1),
        helper.make_node("Concat", ["count", "places_shape"], ["shape"], axis=0),
        helper.make_node("Expand", ["places", "shape"], ["places_of_each"]),
        helper.make_node("Concat", ["blocks", "places_of_each"], ["seen"], axis=1),
        helper.make_node("DequantizeLinear", ["seen", *taken.input[1:]], list(taken.output)),
        *_after(taken, makers, graph),
    ]
    return _model(nodes, values, model)


def _for_whole_bytes(
    bias: NDArray[np.generic], weights: NDArray[np.generic], zero: int
) -> NDArray[np.int32]:
    """The bias that makes up for zero being a whole byte, which MIDDLE is not."""
    sums = weights[:, :GIVEN].astype(np.int64).sum(axis=(1, 2, 3))
    return np.asarray(bias + np.rint((zero - MIDDLE) * sums), np.int32)


def _places(zero: int) -> NDArray[np.uint8]:
    """(PLACES, ROWS, COLUMNS): where a block lies, down and across from -1 to 1, as bytes."""
    down, across = np.meshgrid(np.linspace(-1, 1, ROWS), np.linspace(-1, 1, COLUMNS), indexing="ij")
    planes = np.rint(np.stack([down, across]) * MIDDLE) + zero
    return np.asarray(np.clip(planes, 0, 255), np.uint8)


def _after(
    first: onnx.NodeProto, makers: dict[str, onnx.NodeProto], graph: onnx.GraphProto
) -> list[onnx.NodeProto]:
    """The nodes that the outputs need from `first` on, itself excluded."""
    needed, open_nodes = set[str](), [makers[one.name] for one in graph.output]
    while open_nodes:
        node = open_nodes.pop()
        if node.name not in needed and node.name != first.name:
            needed.add(node.name)
            open_nodes += [makers[name] for name in node.input if name in makers]
    return [node for node in graph.node if node.name in needed]


def _model(nodes: list[onnx.NodeProto], values: Values, old: onnx.ModelProto) -> onnx.ModelProto:
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "repair",
        old.graph.input,
        old.graph.output,
        [numpy_helper.from_array(value, name) for name, value in values.items() if name in used],
    )
    model = helper.make_model(graph, opset_imports=old.opset_import, ir_version=old.ir_version)
    onnx.checker.check_model(model)
    return model


def main() -> None:
    """Read, fold, write."""
    parser = argparse.ArgumentParser(description="Give a repairing network the engine's form.")
    parser.add_argument("network", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    onnx.save(fold(onnx.load(given.network)), given.out)
    print(f"{given.out}: {given.out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
