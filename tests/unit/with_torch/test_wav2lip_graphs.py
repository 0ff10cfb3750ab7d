"""What is laid into a GPU's captured batches, and what is taken out: replayed on a processor."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from deployments.lipsync.wav2lip.fast import FastGenerator
from deployments.lipsync.wav2lip.graphs import Captured, Graphs
from deployments.lipsync.wav2lip.network import MEL_SHAPE, Generator
from tests.wav2lip import inputs, made_up


@dataclass
class Replay:
    """A graph whose launch runs the network as it stands, on what lies in its inputs."""

    network: FastGenerator
    bank: Any
    captured: Any = None
    launches: int = 0

    def replay(self) -> None:
        self.launches += 1
        one = self.captured
        one.made.copy_(self.network.speak(one.mel, self.bank, one.whose))


def graphs_of(network: FastGenerator, bank: Any, sizes: tuple[int, ...]) -> tuple[Graphs, Any]:
    captured = {}
    for size in sizes:
        replay: Any = Replay(network, bank)
        mel, whose = torch.zeros(size, *MEL_SHAPE), torch.zeros(size, dtype=torch.long)
        captured[size] = Captured(
            replay, mel, whose, torch.zeros(size, 3, *network.cuts.shown.size)
        )
        replay.captured = captured[size]
    return Graphs(bank, captured), captured


@pytest.mark.parametrize(
    ("frames", "launches"), [(1, {1: 1, 3: 0}), (2, {1: 0, 3: 1}), (4, {1: 1, 3: 1})]
)
def test_frames_are_filled_up_to_a_size_and_come_back_as_they_are_alone(
    frames: int, launches: dict[int, int]
) -> None:
    generator = Generator().eval().requires_grad_(False)
    generator.load_state_dict({n: torch.from_numpy(v) for n, v in made_up().items()})
    network = FastGenerator.of(generator)
    mel, face = (torch.from_numpy(values) for values in inputs())
    with torch.inference_mode():
        faces = [network.maps(one[None]) for one in face[:2]]
        bank = tuple(m.expand(3, -1, -1, -1).clone() for m in faces[0])
        graphs, captured = graphs_of(network, bank, (1, 3))
        whose = torch.tensor([0, 1, 1, 0])[:frames]
        # Twice: what an earlier batch left behind must not show.
        graphs.speak(mel.flip(0), [faces[1]], torch.zeros(4, dtype=torch.long))
        made = graphs.speak(mel[:frames], faces, whose)
        alone = [network.speak(mel[n : n + 1], faces[whose[n]]) for n in range(frames)]
    assert np.abs(made.numpy() - torch.cat(alone).numpy()).max() < 1e-4
    before = {1: 1, 3: 1}
    assert {n: one.graph.launches - before[n] for n, one in captured.items()} == launches
