"""The portrait generator with a latent of its own for every layer (W+), fast on the CPU.

Moving only the layers that draw a mouth's shape leaves the person and the background nearly still.
Only the face is drawn, at half size: a seventh of the work.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as op

from deployments.portrait.generator import LATENT
from media.face import Picture

LAYERS: Final = 23
"""Places where the latent enters, from coarse to fine."""
MOUTH_LAYERS: Final = slice(2, 8)
"""Those that work on 8 to 32 pixels a side."""
SIDE: Final = 352
"""Pixels of a picture's side: the face's part, (160, 304) to (864, 1008), of 1024, halved."""
_LEFT, _TOP, _CUT = 40, 76, 176
"""That part where it is cut out, in layers of 256 pixels a side."""


class LayeredGenerator:
    """The synthesis network, recompiled with one latent a layer. One thread each."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int = 1) -> Self:
        """Compile; `files` holds SynthesisNetwork.xml and .bin by name."""
        core = openvino.Core()
        model = core.read_model(files["SynthesisNetwork.xml"], files["SynthesisNetwork.bin"])
        _part_latents(model)
        _draw_the_face_only(model)
        _split_by_gather(model)
        model.validate_nodes_and_infer_types()
        properties = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
        return cls(core.compile_model(model, "CPU", properties))

    def picture(self, latents: NDArray[np.float64]) -> Picture:
        """The (SIDE, SIDE, 3) picture of (LAYERS, LATENT) latents."""
        out = self._compiled(latents[None].astype(np.float32))[0][0].transpose(1, 2, 0)
        # The Haar wavelet's low band is twice the mean of four pixels.
        return np.asarray(np.clip(np.rint((out / 2 + 1) * 127.5), 0, 255), np.uint8)


def _part_latents(model: openvino.Model) -> None:
    """Replace the one input (1, LATENT) by (1, LAYERS, LATENT), a slice for each layer."""
    (old,) = model.get_parameters()
    new = op.parameter([1, LAYERS, LATENT], np.float32, name="latents")
    entries = sorted(
        (t for t in old.output(0).get_target_inputs() if t.get_node().get_type_name() == "MatMul"),
        key=lambda t: int(t.get_node().get_friendly_name().split("/")[0].split("_")[1]),
    )
    if len(entries) != LAYERS:
        raise ValueError("this is not the synthesis network that the layers were counted in")
    for n, entry in enumerate(entries):
        entry.replace_source_output(_pick(new.output(0), [n], 1, squeeze=True))
    for rest in list(old.output(0).get_target_inputs()):
        rest.replace_source_output(_pick(new.output(0), [0], 1, squeeze=True))
    model.remove_parameter(old)
    model.add_parameters([new])


def _draw_the_face_only(model: openvino.Model) -> None:
    """Cut the last layers' input to the face, and end before the last enlargement."""
    nodes = {node.get_friendly_name(): node for node in model.get_ordered_ops()}
    coarse = nodes["LeakyRelu_642"].output(0)
    for place in list(coarse.get_target_inputs()):  # its shape is asked for too
        _cut(place, _TOP, _LEFT, _CUT)
    for noise in ("Add_707", "Add_740"):
        _cut(nodes[noise].input(1), 2 * _TOP, 2 * _LEFT, 2 * _CUT)
    bands = nodes["Add_754"].output(0)
    (old,) = model.get_results()
    model.remove_result(old)
    model.add_results([op.result(_pick(bands, [0, 1, 2], 1))])


def _cut(place: Any, top: int, left: int, side: int) -> None:
    part = op.slice(
        place.get_source_output(), [top, left], [top + side, left + side], [1, 1], axes=[2, 3]
    )
    place.replace_source_output(part.output(0))


def _split_by_gather(model: openvino.Model) -> None:
    """Split channels by Gather: OpenVINO's VariadicSplit copies far more slowly on the CPU."""
    for node in model.get_ordered_ops():
        if node.get_type_name() != "VariadicSplit":
            continue
        source = node.input(0).get_source_output()
        if len(source.partial_shape) < 4:
            continue
        axis = int(node.input(1).get_source_output().get_node().data)
        lengths = node.input(2).get_source_output().get_node().data.tolist()
        whole = source.partial_shape[axis].get_length()
        lengths = [n if n >= 0 else whole - sum(m for m in lengths if m > 0) for n in lengths]
        start = 0
        for n, length in enumerate(lengths):
            part = _pick(source, list(range(start, start + length)), axis)
            start += length
            for target in list(node.output(n).get_target_inputs()):
                target.replace_source_output(part)


def _pick(source: Any, indices: list[int], axis: int, *, squeeze: bool = False) -> Any:
    wanted = np.array(indices[0] if squeeze else indices, np.int64)
    return op.gather(source, op.constant(wanted), op.constant(np.int64(axis))).output(0)
