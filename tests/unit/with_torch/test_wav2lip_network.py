"""Our Wav2Lip generator computes what the reference computes."""

import numpy as np
import pytest
import torch

from deployments.lipsync.wav2lip.network import Generator
from tests.wav2lip import SHAPES, golden, inputs, made_up


@pytest.fixture(scope="module")
def generator() -> Generator:
    network = Generator().eval()
    network.load_state_dict({name: torch.from_numpy(v) for name, v in made_up().items()})
    return network


def test_every_tensor_has_the_published_name_and_shape() -> None:
    assert {n: list(v.shape) for n, v in Generator().state_dict().items()} == SHAPES


def test_the_output_is_the_references(generator: Generator) -> None:
    mel, face = (torch.from_numpy(values) for values in inputs())
    with torch.inference_mode():
        made = generator(mel, face).numpy()
    assert np.abs(made - golden()["output"]).max() < 1e-4


def test_the_reference_is_sensitive_to_every_layer(generator: Generator) -> None:
    """A proof by one output is worth as much as the output depends on each convolution."""
    mel, face = (torch.from_numpy(values[:1]) for values in inputs())
    generator.requires_grad_(True)
    generator(mel, face).square().sum().backward()
    for name, tensor in generator.named_parameters():
        assert tensor.grad is not None
        assert tensor.grad.abs().max() > 1e-3, name
