"""A text-to-image pipeline of diffusers, opened on its device, one picture at a time."""

import inspect
from threading import Lock
from typing import Any, Final, Self

import diffusers
import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from safetensors import SafetensorError

from deployments.devices.torch_device import TorchDevice, free_memory, move
from deployments.portrait.diffusion_folder import ModelFolder, missing
from deployments.portrait.diffusion_recipe import Recipe
from media.errors import AvatarError
from media.face import Picture

SMALL_MB: Final = 4096
"""A cap below which memory is spared from the start."""


class Painter:
    """The pipeline. Thread-safe: it paints one picture at a time."""

    def __init__(self, pipeline: Any, recipe: Recipe, device: TorchDevice) -> None:
        self.recipe = recipe
        self._pipeline = pipeline
        self._device = device
        self._lock = Lock()
        self._spared = False
        self._takes = set(inspect.signature(pipeline.__call__).parameters)

    @classmethod
    def open(
        cls,
        folder: ModelFolder,
        recipe: Recipe,
        device: TorchDevice,
        *,
        threads: int,
        remedy: str,
        compiled: bool = False,
    ) -> Self:
        """Load the folder's networks from safetensors; no code of the folder runs.

        `compiled`: let torch compile the denoiser, on a GPU only: a slower start for faster
        pictures. Raises AvatarError `weights_missing` with `remedy`, `overloaded` where the
        networks do not fit.
        """
        left_out: dict[str, Any] = dict.fromkeys(folder.left_out)
        if "safety_checker" in left_out:
            left_out["requires_safety_checker"] = False
        for library in (diffusers, transformers):
            library.utils.logging.disable_progress_bar()  # logs are no terminal
        try:
            pipeline: Any = diffusers.AutoPipelineForText2Image.from_pretrained(  # type: ignore[no-untyped-call]
                folder.path,
                dtype=device.dtype,
                variant=folder.variant,
                local_files_only=True,
                use_safetensors=True,
                **left_out,
            )
        except (
            OSError,
            ValueError,
            KeyError,
            AttributeError,
            RuntimeError,
            SafetensorError,
        ) as error:
            why = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise missing(folder.path / "model_index.json", remedy, f"({why})") from error
        pipeline.set_progress_bar_config(disable=True)
        move(pipeline, device, "The painter")
        if not device.is_cuda:
            torch.set_num_threads(threads)
        painter = cls(pipeline, recipe, device)
        if device.is_cuda:
            painter._suit_the_gpu(compiled)
        return painter

    def fits(self, text: str) -> bool:
        """True when every text encoder reads the text to its end."""
        names = (f"tokenizer{number}" for number in ("", "_2", "_3"))
        found = (getattr(self._pipeline, name, None) for name in names)
        return all(
            len(tokenizer(text, verbose=False).input_ids) <= tokenizer.model_max_length
            for tokenizer in found
            if tokenizer is not None
        )

    def paint(self, prompt: str, negative: str, seed: int, steps: int | None = None) -> Picture:
        """One (size, size, 3) picture; the same prompt and seed (0 to 2**64 - 1) give the same.

        Where the memory is full it is tried again, sparing memory. Raises AvatarError
        `overloaded` where that does not help.
        """
        with self._lock:
            for _ in range(2):
                try:
                    return self._paint(prompt, negative, seed, steps or self.recipe.steps)
                except torch.OutOfMemoryError:
                    last = self._spared
                # Outside the handler: its traceback holds the tensors that did not fit.
                free_memory()
                if last:
                    break
                self._spare_memory()
        raise AvatarError("overloaded", "The GPU's memory is full: try again in a moment.")

    def peak_mb(self) -> int | None:
        """The most that the GPU held, MiB; None on a CPU."""
        return self._device.peak_mb()

    def _paint(self, prompt: str, negative: str, seed: int, steps: int) -> Picture:
        recipe = self.recipe
        # Drawn on the CPU and in float32: the same noise on every device, in every precision.
        generator = torch.Generator("cpu").manual_seed(seed)
        wanted: dict[str, Any] = {
            "negative_prompt": negative if recipe.guidance > 1 else None,
            "latents": self._noise(generator),
        }
        given = {k: v for k, v in wanted.items() if v is not None and k in self._takes}
        with torch.inference_mode():
            images: NDArray[np.float32] = self._pipeline(
                prompt,
                num_inference_steps=steps,
                guidance_scale=recipe.guidance,
                height=recipe.size,
                width=recipe.size,
                generator=generator,
                output_type="np",
                **given,
            ).images
        picture: Picture = np.rint(np.nan_to_num(images[0]) * 255).clip(0, 255).astype(np.uint8)
        return picture

    def _noise(self, generator: torch.Generator) -> torch.Tensor | None:
        """What the picture starts from; None where the pipeline lays it out in a way of its own."""
        unet = getattr(self._pipeline, "unet", None)
        if unet is None:
            return None
        side = self.recipe.size // self._pipeline.vae_scale_factor
        noise = torch.randn((1, unet.config.in_channels, side, side), generator=generator)
        return noise.to(self._device.dtype)

    def _suit_the_gpu(self, compiled: bool) -> None:
        """Convolutions are faster with channels last; attention is torch's own, which is fused."""
        unet, vae = getattr(self._pipeline, "unet", None), getattr(self._pipeline, "vae", None)
        for network in (unet, vae):
            if network is not None:
                network.to(memory_format=torch.channels_last)
        denoiser = unet if unet is not None else getattr(self._pipeline, "transformer", None)
        if compiled and denoiser is not None:
            # Without CUDA graphs, which belong to the thread that recorded them.
            denoiser.compile(mode="max-autotune-no-cudagraphs", fullgraph=True)
        if 0 < self._device.memory_mb < SMALL_MB:
            self._spare_memory()

    def _spare_memory(self) -> None:
        """Attention and decoding in pieces: slower, and in far less memory."""
        self._spared = True
        if hasattr(self._pipeline, "enable_attention_slicing"):
            self._pipeline.enable_attention_slicing()
        vae: Any = getattr(self._pipeline, "vae", None)
        if hasattr(vae, "enable_tiling") and hasattr(vae, "tile_sample_min_size"):
            # As it is made, it only cuts pictures larger than those that the model paints.
            vae.enable_tiling()
            vae.tile_sample_min_size = self.recipe.size // 2
            vae.tile_latent_min_size = self.recipe.size // 2 // self._pipeline.vae_scale_factor
