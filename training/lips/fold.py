"""Leaves to the engine what it does better: `python -m training.lips.fold QUANTISED.onnx OUT.onnx`.

Step 7, after `quantise`. The shipped file begins with blocks of bytes instead of planes, and ends
with blocks before they are kept to the lips. Cutting planes into blocks, bringing bytes to -1 to 1
and back to bytes, and means and masks over the whole crop took a third of the network's time. Its
weights stay as they are.
"""

import argparse
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from deployments.lipsync.repair import COLUMNS, ROWS, to_blocks
from deployments.lipsync.repair_crop import HEIGHT, WIDTH

GIVEN: Final = 32
"""Channels of blocks of eight planes."""
MIDDLE: Final = 127.5
"""What stands for 0 among bytes."""

Values = dict[str, NDArray[np.generic]]


def fold(model: onnx.ModelProto) -> onnx.ModelProto:
    """The network from blocks (n, 32, ROWS, COLUMNS) of bytes to (n, 12, ROWS, COLUMNS).

    Raises ValueError where the first convolution does not take bytes as they are.
    """
    graph = model.graph
    values: Values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    users = {name: node for node in graph.node for name in node.input}
    named = {node.name: node for node in graph.node}
    enter = named["/enter/Conv"]
    taken = makers[enter.input[0]]  # bytes to numbers, before the first convolution
    given = users[users[named["/leave/Conv"].output[0]].output[0]]  # and after the last one
    scale, zero = (values[name].item() for name in taken.input[1:])
    if abs(scale * MIDDLE - 1) > 1e-4:
        raise ValueError(f"a byte is worth {scale} to the network, not 1 / {MIDDLE}")
    weights, bias = (makers[enter.input[k]].input[0] for k in (1, 2))
    values[bias] = _for_whole_bytes(values[bias], values[weights], zero)
    values["places"] = _places(zero)[None]
    values["places_shape"] = np.array([8, ROWS, COLUMNS])
    nodes = [
        helper.make_node("Shape", ["blocks"], ["count"], start=0, end=1),
        helper.make_node("Concat", ["count", "places_shape"], ["shape"], axis=0),
        helper.make_node("Expand", ["places", "shape"], ["places_of_each"]),
        helper.make_node("Concat", ["blocks", "places_of_each"], ["seen"], axis=1),
        helper.make_node("DequantizeLinear", ["seen", *taken.input[1:]], list(taken.output)),
        *_between(taken, given, makers, graph),
        helper.make_node("Identity", list(given.output), ["added"]),
    ]
    return _model(nodes, values, model)


def _for_whole_bytes(
    bias: NDArray[np.generic], weights: NDArray[np.generic], zero: int
) -> NDArray[np.int32]:
    """The bias that makes up for zero being a whole byte, which MIDDLE is not."""
    sums = weights[:, :GIVEN].astype(np.int64).sum(axis=(1, 2, 3))
    return np.asarray(bias + np.rint((zero - MIDDLE) * sums), np.int32)


def _places(zero: int) -> NDArray[np.uint8]:
    """(8, ROWS, COLUMNS): where a pixel lies, down and across from -1 to 1, as blocks of bytes."""
    down, across = np.meshgrid(np.linspace(-1, 1, HEIGHT), np.linspace(-1, 1, WIDTH), indexing="ij")
    planes = np.clip(np.rint(np.dstack([down, across]) * MIDDLE) + zero, 0, 255)
    blocks = np.empty((8, ROWS, COLUMNS), np.uint8)
    to_blocks(planes.astype(np.uint8), blocks)
    return blocks


def _between(
    first: onnx.NodeProto,
    last: onnx.NodeProto,
    makers: dict[str, onnx.NodeProto],
    graph: onnx.GraphProto,
) -> list[onnx.NodeProto]:
    """The nodes that `last` needs, itself included, from `first` on."""
    needed, open_nodes = set[str](), [last]
    while open_nodes:
        node = open_nodes.pop()
        if node.name not in needed and node.name != first.name:
            needed.add(node.name)
            open_nodes += [makers[name] for name in node.input if name in makers]
    return [node for node in graph.node if node.name in needed]


def _model(nodes: list[onnx.NodeProto], values: Values, old: onnx.ModelProto) -> onnx.ModelProto:
    used = {name for node in nodes for name in node.input}
    of_bytes, of_numbers = onnx.TensorProto.UINT8, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "repair",
        [helper.make_tensor_value_info("blocks", of_bytes, ["n", GIVEN, ROWS, COLUMNS])],
        [helper.make_tensor_value_info("added", of_numbers, ["n", 12, ROWS, COLUMNS])],
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
