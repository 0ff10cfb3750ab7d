"""The network in the engine's form says what the trained one says."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader

from deployments.lipsync.repair import COLUMNS, GIVEN, ROWS
from tests.unit.with_torch.lips import crop
from training.lips.answers import blocks_of, open_network
from training.lips.distil import export_student
from training.lips.fold import fold
from training.lips.quantise import quantise
from training.lips.student import Student


class Examples(CalibrationDataReader):  # type: ignore[misc]  # ships no types
    def __init__(self) -> None:
        chance = np.random.default_rng(1)
        extremes = np.zeros((GIVEN, ROWS, COLUMNS), np.uint8)
        extremes[:, ::2] = 255  # a byte's whole range is seen, as in the training's pairs
        self.left = iter([extremes, *(blocks_of(crop(chance)) for _ in range(8))])

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        given = next(self.left, None)
        return None if given is None else {"blocks": given[None]}


@pytest.fixture(scope="module")
def quantised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network, whose zeroed parts are given weights, in eight bits."""
    folder = tmp_path_factory.mktemp("fold")
    torch.manual_seed(0)
    network = Student().eval()
    for name, values in network.named_parameters():
        if ".second" in name:
            torch.nn.init.normal_(values, std=0.05)
    export_student(network, folder / "trained.onnx")
    quantise(folder / "trained.onnx", folder / "quantised.onnx", Examples())
    return folder / "quantised.onnx"


def test_the_folded_network_is_as_near_to_the_trained_one(quantised: Path) -> None:
    folded = quantised.with_name("repair.onnx")
    onnx.save(fold(onnx.load(quantised)), folded)
    exact = open_network(quantised.with_name("trained.onnx"))
    before, after = open_network(quantised), open_network(folded)
    chance = np.random.default_rng(2)
    apart: list[tuple[float, float]] = []
    for given in (crop(chance) for _ in range(6)):
        wanted = exact(given)
        assert np.abs(wanted).max() > 5
        apart.append(tuple(float(np.abs(made(given) - wanted).mean()) for made in (before, after)))  # type: ignore[arg-type]
    was, now = np.mean(apart, axis=0)
    assert now < 1.1 * was + 0.02


def test_a_network_of_other_ranges_is_not_folded(quantised: Path) -> None:
    model = onnx.load(quantised)
    makers = {name: node for node in model.graph.node for name in node.output}
    enter = next(node for node in model.graph.node if node.name == "/enter/Conv")
    scale = makers[enter.input[0]].input[1]
    (value,) = (one for one in model.graph.initializer if one.name == scale)
    value.CopyFrom(onnx.numpy_helper.from_array(np.float32(0.02), scale))
    with pytest.raises(ValueError, match="a byte is worth"):
        fold(model)
