"""What a picture of the diffusion engine costs: `python -m bench.diffusion [FILE]`.

On a GPU a network of SD-Turbo's size with random weights (512 pixels, 4 steps, half precision), on
a CPU a tiny one, which only shows that the measurement works (`--real`: the large one there too).
`measure` is what bench/gpu.py takes. The plain loop is the same network as diffusers opens it by
default: float32, called as its documentation calls it.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import diffusers
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.random_diffusion import save_real_sd, save_sd
from deployments.devices.torch_device import free_memory, open_device
from deployments.portrait.diffusion_folder import read_folder
from deployments.portrait.diffusion_pipeline import Painter
from deployments.portrait.diffusion_recipe import RECIPES, Recipe

PROMPT: Final = "frontal portrait photo of a woman"
TINY: Final = Recipe(4, 0.0, 64)


def measure(
    real: bool | None = None, repeats: int = 10, threads: int = 2, compiled: bool = False
) -> dict[str, Any]:
    """Figures of the engine's pipeline and of the plain loop, of one run on one machine.

    `real`: the network of SD-Turbo's size, by default on a GPU only. Seconds are medians; FLOPs
    are counted by torch over one picture (a multiply-add is two); bytes are the weights, once a
    step for the denoiser, which a picture at a time has to read whole.
    """
    large = torch.cuda.is_available() if real is None else real
    recipe = RECIPES["sd-turbo"] if large else TINY
    with tempfile.TemporaryDirectory(prefix="diffusion-") as name:
        folder = (save_real_sd if large else save_sd)(Path(name))
        ours = _ours(folder, recipe, repeats, threads, compiled)
        free_memory()
        plain = _plain(folder, recipe, repeats)
    return {
        "network": "SD-Turbo's size, random weights" if large else "tiny, random weights",
        "steps": recipe.steps,
        "size": recipe.size,
        **ours,
        "plain_seconds_per_image": plain,
        "times_plain": round(plain / ours["seconds_per_image"], 2),
    }


def _ours(
    folder: Path, recipe: Recipe, repeats: int, threads: int, compiled: bool
) -> dict[str, Any]:
    device = open_device("auto")
    began = time.perf_counter()
    painter = Painter.open(
        read_folder(folder, ""), recipe, device, threads=threads, remedy="", compiled=compiled
    )
    opened = time.perf_counter()
    painter.paint(PROMPT, "", 0)
    first = time.perf_counter()
    seconds = _median(lambda seed: painter.paint(PROMPT, "", seed), repeats)
    with FlopCounterMode(display=False) as counter:
        painter.paint(PROMPT, "", 0)
    flops = counter.get_total_flops()
    return {
        "device": torch.cuda.get_device_name(0) if device.is_cuda else "cpu",
        "dtype": str(device.dtype).removeprefix("torch."),
        "compiled": compiled and device.is_cuda,
        "open_seconds": round(opened - began, 3),
        "first_seconds": round(first - began, 3),
        "seconds_per_image": round(seconds, 4),
        "images_per_second": round(1 / seconds, 2),
        "peak_mb": painter.peak_mb(),
        "flops_per_image": flops,
        "bytes_per_image": _weight_bytes(painter, recipe.steps),
        "teraflops_per_second": round(flops / seconds / 1e12, 3),
    }


def _plain(folder: Path, recipe: Recipe, repeats: int) -> float:
    """Seconds a picture of the library's own pipeline, as it comes."""
    variant = read_folder(folder, "").variant
    pipeline = diffusers.AutoPipelineForText2Image.from_pretrained(
        folder,
        variant=variant,
        dtype=torch.float32,
        local_files_only=True,
        use_safetensors=True,
    )
    pipeline.set_progress_bar_config(disable=True)
    pipeline.to("cuda" if torch.cuda.is_available() else "cpu")

    def paint(seed: int) -> object:
        return pipeline(
            PROMPT,
            num_inference_steps=recipe.steps,
            guidance_scale=recipe.guidance,
            height=recipe.size,
            width=recipe.size,
            generator=torch.Generator("cpu").manual_seed(seed),
            output_type="np",
        )

    paint(0)
    return round(_median(paint, max(1, repeats // 2)), 4)


def _median(paint: Callable[[int], object], repeats: int) -> float:
    """Seconds of a call; its picture is on the CPU when it returns, so nothing is left running."""
    seconds = []
    for seed in range(repeats):
        began = time.perf_counter()
        paint(seed)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _weight_bytes(painter: Painter, steps: int) -> int:
    parts = painter._pipeline.components
    sizes = {
        name: sum(p.numel() * p.element_size() for p in part.parameters())
        for name, part in parts.items()
        if isinstance(part, torch.nn.Module)
    }
    return sum(size * (steps if name == "unet" else 1) for name, size in sizes.items())


def main() -> None:
    """Print the figures, and keep them in a file if one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--real", action="store_true", default=None)
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--repeats", type=int, default=10)
    given = parser.parse_args()
    figures = measure(given.real, given.repeats, compiled=given.compiled)
    text = json.dumps(figures, indent=1)
    print(text)
    if given.file is not None:
        given.file.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
