"""The diffusion engine on real pipelines of diffusers, tiny and with random weights, on the CPU."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bench.diffusion import measure
from bench.random_diffusion import save_sd, save_sdxl
from deployments.devices.torch_device import TorchDevice, move, open_device
from deployments.portrait.diffusion import Diffusion
from deployments.portrait.diffusion_pipeline import Painter
from media.errors import AvatarError
from tests.diffusion import painter
from tests.weights import weights

MAKERS: dict[str, Callable[[Path], Path]] = {
    "sd": save_sd,
    "sd-pndm": lambda folder: save_sd(folder, pndm=True),
    "sdxl": save_sdxl,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: make(tmp_path_factory.mktemp(name)) for name, make in MAKERS.items()}


def calls(made: Painter) -> list[tuple[int, ...]]:
    """Shapes of what the denoiser is given from now on."""
    seen: list[tuple[int, ...]] = []
    made._pipeline.unet.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape))
    return seen


@pytest.mark.parametrize("kind", MAKERS)
def test_the_same_seed_gives_the_same_picture_and_another_another(
    folders: dict[str, Path], kind: str
) -> None:
    made = painter(folders[kind])
    picture = made.paint("a woman", "", 5)
    assert (picture.shape, picture.dtype) == ((64, 64, 3), np.uint8)
    assert picture.std() > 5
    np.testing.assert_array_equal(made.paint("a woman", "", 5), picture)
    np.testing.assert_array_equal(painter(folders[kind]).paint("a woman", "", 5), picture)
    other = made.paint("a woman", "", 2**64 - 1)
    assert np.abs(other.astype(int) - picture).mean() > 5


@pytest.mark.parametrize("kind", ["sd", "sdxl"])
def test_steps_size_and_guidance_are_honoured(folders: dict[str, Path], kind: str) -> None:
    made = painter(folders[kind], steps=3, size=128)
    seen = calls(made)
    assert made.paint("a man", "a hat", 1).shape == (128, 128, 3)
    assert seen == [(1, 4, 16, 16)] * 3
    guided = painter(folders[kind], steps=2, guidance=7.0)
    seen = calls(guided)
    hat, beard = (guided.paint("a man", negative, 1) for negative in ("a hat", "beard"))
    assert seen == [(2, 4, 8, 8)] * 4, "with and without the words, as one batch"
    assert (hat != beard).any(), "the negative prompt counts"


def test_without_guidance_the_negative_prompt_does_not_count(folders: dict[str, Path]) -> None:
    made = painter(folders["sd"])
    np.testing.assert_array_equal(made.paint("a", "a hat", 1), made.paint("a", "beard", 1))


def test_the_words_count(folders: dict[str, Path]) -> None:
    made = painter(folders["sd"])
    assert (made.paint("woman", "", 1) != made.paint("man", "", 1)).any()


def test_half_precision_starts_from_the_same_noise(folders: dict[str, Path]) -> None:
    whole, half = (painter(folders["sd"], dtype=dtype) for dtype in ("float32", "bfloat16"))
    pictures = [made.paint("a", "", 3).astype(int) for made in (whole, half)]
    apart = np.abs(whole.paint("a", "", 4).astype(int) - pictures[0]).mean()
    assert np.abs(pictures[0] - pictures[1]).mean() < apart / 4


def test_text_encoders_say_what_they_read_to_the_end(folders: dict[str, Path]) -> None:
    for kind in ("sd", "sdxl"):
        made = painter(folders[kind])
        assert made.fits("x" * 198)
        assert not made.fits("x" * 199)


class Full:
    """Raises as a full GPU does, so many times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self, *_: Any) -> None:
        if self.times:
            self.times -= 1
            raise torch.OutOfMemoryError("CUDA out of memory")


def test_a_full_memory_is_spared_and_tried_again(folders: dict[str, Path]) -> None:
    made = painter(folders["sd"])
    made._pipeline.unet.register_forward_pre_hook(Full(1))
    picture = made.paint("a", "", 1)
    assert picture.std() > 5
    assert made._pipeline.vae.use_tiling
    assert {type(p).__name__ for p in made._pipeline.unet.attn_processors.values()} == {
        "SlicedAttnProcessor"
    }


def test_a_memory_that_stays_full_is_said_and_the_next_picture_may_work(
    folders: dict[str, Path],
) -> None:
    made = painter(folders["sd"])
    made._pipeline.unet.register_forward_pre_hook(Full(2))
    with pytest.raises(AvatarError) as full:
        made.paint("a", "", 1)
    assert (full.value.code, full.value.retryable) == ("overloaded", True)
    assert made.paint("a", "", 1).std() > 5


class TooLarge:
    """Networks that do not fit onto any device."""

    def to(self, device: torch.device) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 5 GiB")


def test_networks_that_do_not_fit_are_said() -> None:
    with pytest.raises(AvatarError, match=r"\(CUDA out of memory\): raise .*memory_mb") as full:
        move(TooLarge(), open_device("cpu", "float32"), "The painter")
    assert full.value.code == "overloaded"


def loaded(folder: Path, **options: Any) -> Diffusion:
    files = dict(weights("mediapipe-face-landmarker"))
    options = {"device": "cpu", "dtype": "float32", "steps": 1, "size": 64} | options
    return Diffusion.load(files, threads=1, folder=str(folder), **options)


def test_the_whole_engine_loads_warms_up_and_says_that_noise_shows_no_face(
    folders: dict[str, Path],
) -> None:
    made = loaded(folders["sd"])
    made.warm_up()
    assert made.peak_mb() is None
    with pytest.raises(AvatarError, match="there is no face") as failed:
        made.paint("a woman", 3)
    assert failed.value.code == "internal"


def test_an_unknown_device_type_is_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="dtype is one of"):
        loaded(folders["sd"], dtype="int3")


def test_a_small_share_of_a_gpu_spares_memory_from_the_start(folders: dict[str, Path]) -> None:
    small = TorchDevice(torch.device("cpu"), torch.float32, 2048)
    made = painter(folders["sd"])
    made._device = small
    made._suit_the_gpu(compiled=False)
    assert made._pipeline.vae.use_tiling
    assert made._pipeline.unet.conv_in.weight.is_contiguous(memory_format=torch.channels_last)
    assert made.paint("a", "", 1).std() > 5


def test_its_cost_is_measured_against_the_plain_loop() -> None:
    figures = measure(real=False, repeats=2, threads=1)
    assert figures["images_per_second"] > 0
    assert figures["first_seconds"] > figures["open_seconds"]
    assert figures["flops_per_image"] > 1e6
    assert figures["bytes_per_image"] > 1e5
    assert figures["plain_seconds_per_image"] > 0
