"""Painters on tiny pipelines of diffusers, for the tests of what diffusion opens and paints."""

from pathlib import Path

from deployments.devices.torch_device import open_device
from deployments.portrait.diffusion_folder import read_folder
from deployments.portrait.diffusion_pipeline import Painter
from deployments.portrait.diffusion_recipe import Recipe


def painter(
    folder: Path, steps: int = 2, guidance: float = 0.0, size: int = 64, dtype: str = "float32"
) -> Painter:
    return Painter.open(
        read_folder(folder, "do this"),
        Recipe(steps, guidance, size),
        open_device("cpu", dtype),
        threads=1,
        remedy="do this",
    )
