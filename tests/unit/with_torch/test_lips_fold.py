"""The network in the engine's form says what the trained one says."""

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from deployments.lipsync.repair_crop import HEIGHT, WIDTH
from training.lips.answers import open_network
from training.lips.fold import fold
from training.lips.network import Repair
from training.lips.train import export


def crop(chance: np.random.Generator) -> NDArray[np.uint8]:
    """(8, HEIGHT, WIDTH): soft colours, and masks of a mouth."""
    planes = cv2.GaussianBlur(chance.integers(0, 256, (HEIGHT, WIDTH, 6), np.uint8), (0, 0), 3)
    planes = np.clip((planes.astype(float) - 127) * 4 + 127, 0, 255).astype(np.uint8)
    inner, outer = np.zeros((2, HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(outer, (64, 44), (30, 16), 0, 0, 360, 255, -1)
    cv2.ellipse(inner, (64, 44), (24, 9), 0, 0, 360, 255, -1)
    return np.concatenate([planes.transpose(2, 0, 1), [inner, outer]])


class Examples(CalibrationDataReader):  # type: ignore[misc]  # ships no types
    def __init__(self) -> None:
        chance = np.random.default_rng(1)
        extremes = np.zeros((8, HEIGHT, WIDTH), np.uint8)
        extremes[:, ::2] = 255  # a byte's whole range is seen, as in the training's pairs
        self.left = iter([extremes, *(crop(chance) for _ in range(8))])

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        given = next(self.left, None)
        return None if given is None else {"given": given[None]}


@pytest.fixture(scope="module")
def quantised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network, whose zeroed ends are given weights, in eight bits."""
    folder = tmp_path_factory.mktemp("fold")
    torch.manual_seed(0)
    network = Repair().eval()
    for name, values in network.named_parameters():
        if name.startswith("leave") or ".second" in name:
            torch.nn.init.normal_(values, std=0.05)
    export(network, folder / "trained.onnx", HEIGHT, WIDTH)
    quantize_static(
        folder / "trained.onnx",
        folder / "quantised.onnx",
        Examples(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv"],
    )
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
    for value in model.graph.initializer:
        if value.name.endswith("Concat_3_output_0_scale"):
            value.CopyFrom(onnx.numpy_helper.from_array(np.float32(0.02), value.name))
    with pytest.raises(ValueError, match="a byte is worth"):
        fold(model)
