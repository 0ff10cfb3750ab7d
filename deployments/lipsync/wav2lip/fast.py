"""Wav2Lip for a still portrait: what does not depend on the sound is computed once.

The face is the same in every frame, so the face encoder runs once a portrait. Its features enter
the decoder by convolutions over [what changes, features]; a convolution is linear, so the features'
part of its sum is a map that is added. Only what the shown part of the picture can see is made
(`region.py`), and batch norm is folded (`layers.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from deployments.lipsync.wav2lip.layers import Layer
from deployments.lipsync.wav2lip.network import Generator
from deployments.lipsync.wav2lip.region import Cut, Cuts, find_cuts

Maps = tuple[Tensor, ...]
"""What faces add to the sums of each growing level and of the output: (faces, channels, h, w)."""


@dataclass(frozen=True, slots=True, eq=False)
class FastGenerator:
    """The generator, taken apart. Thread-safe."""

    cuts: Cuts
    face: tuple[tuple[Layer, ...], ...]
    """The face encoder's groups; after each a feature is taken."""
    parts: tuple[Layer, ...]
    """The features' part of each level's convolution and of the output's."""
    sound: tuple[Layer, ...]
    """The sound encoder and what the decoder begins with, before a feature comes in."""
    levels: tuple[tuple[Layer, ...], ...]
    """Of each level what changes: the growing convolution, then the residual ones."""
    mouth: Layer
    """The output's convolution over what changes."""
    colours: Layer

    @classmethod
    def of(cls, network: Generator, cuts: Cuts | None = None) -> Self:
        """Take a loaded generator apart; `cuts` says which part of the picture is made."""
        first, *growing = (_folded(group) for group in network.face_decoder_blocks)
        widths = [512, *(group[0].weight.shape[1] for group in growing)]
        splits = [g[0].split(width) for g, width in zip(growing, widths[:-1], strict=True)]
        mouth, still = Layer.of(network.output_block[0]).split(widths[-1])
        return cls(
            cuts or find_cuts(),
            tuple(_folded(group) for group in network.face_encoder_blocks),
            (*(part for _, part in splits), still),
            (*_folded(network.audio_encoder), *first),
            tuple((grow, *group[1:]) for (grow, _), group in zip(splits, growing, strict=True)),
            mouth,
            Layer.plain(network.output_block[1]),
        )

    def to(self, device: torch.device, dtype: torch.dtype) -> Self:
        """The generator elsewhere. What is done once a portrait stays in float32."""
        once, often = torch.float32, dtype
        return type(self)(
            self.cuts,
            tuple(_moved(group, device, once) for group in self.face),
            _moved(self.parts, device, once),
            _moved(self.sound, device, often),
            tuple(_moved(level, device, often) for level in self.levels),
            self.mouth.to(device, often),
            self.colours.to(device, often),
        )

    def maps(self, face: Tensor) -> Maps:
        """What faces, (faces, 6, 96, 96) in float32, add to the decoder's sums."""
        features = []
        for group in self.face:
            for layer in group:
                face = layer(face)
            features.append(face)
        sums = [
            part.sums(feature) for part, feature in zip(self.parts, reversed(features), strict=True)
        ]
        # The first level is 3 x 3 and whole; the output's lies where the last level's does.
        places = (*self.cuts.made, self.cuts.made[-1])
        cut = [sums[0], *(_cut(s, place) for s, place in zip(sums[1:], places, strict=True))]
        dtype = self.mouth.weight.dtype
        return tuple(s.to(dtype).contiguous(memory_format=torch.channels_last) for s in cut)

    def speak(self, mel: Tensor, maps: Maps, whose: Tensor | None = None) -> Tensor:
        """The shown part of a speaking face for each frame.

        Args:
            mel: (n, 1, 80, 16) in the generator's type.
            maps: what `maps` gave for one face or several.
            whose: (n,) which face each frame is of; None: all are of the first.

        Returns:
            (n, 3, rows, columns) of `cuts.shown`, BGR from 0 to 1 in the generator's type.
        """
        x = mel
        for layer in self.sound:
            x = layer(x)
        takes = (None, *self.cuts.taken)
        before = (None, None, *self.cuts.made)
        for (grow, *residuals), still, take, made in zip(
            self.levels, maps, takes, before, strict=False
        ):
            if take is not None:
                x = _within(x, take, made)
            x = _add(grow.sums(x), still, whose).relu_()
            for layer in residuals:
                x = layer(x)
        x = _add(self.mouth.sums(x), maps[-1], whose).relu_()
        x = _within(x, self.cuts.shown, self.cuts.made[-1])
        return self.colours.sums(x).sigmoid_()


def _folded(group: nn.Module) -> tuple[Layer, ...]:
    return tuple(Layer.of(block) for block in group.children())


def _moved(layers: Sequence[Layer], device: torch.device, dtype: torch.dtype) -> tuple[Layer, ...]:
    return tuple(layer.to(device, dtype) for layer in layers)


def _add(sums: Tensor, still: Tensor, whose: Tensor | None) -> Tensor:
    return sums.add_(still if whose is None else still.index_select(0, whose))


def _cut(x: Tensor, place: Cut) -> Tensor:
    return x[:, :, slice(*place.rows), slice(*place.columns)]


def _within(x: Tensor, wanted: Cut, made: Cut | None) -> Tensor:
    """The wanted part of a whole picture of which `x` is the part `made`."""
    top, left = (0, 0) if made is None else (made.rows[0], made.columns[0])
    rows = wanted.rows[0] - top, wanted.rows[1] - top
    columns = wanted.columns[0] - left, wanted.columns[1] - left
    part = _cut(x, Cut(rows, columns))
    return part.contiguous(memory_format=torch.channels_last)
