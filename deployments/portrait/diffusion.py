"""Portrait engine: any text-to-image pipeline in the format of diffusers. An extra.

Default: SD-Turbo, which needs few steps (Sauer et al., "Adversarial Diffusion Distillation",
arXiv 2311.17042). What comes out is looked at by the face engine; another seed is drawn where the
picture does not show one usable face.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Self

import numpy as np

from deployments.face.mediapipe import MediaPipe
from deployments.portrait.diffusion_folder import INDEX, alone, read_folder
from deployments.portrait.diffusion_prompt import NEGATIVE, TEMPLATE, portrait_prompt
from deployments.portrait.diffusion_recipe import DEFAULT, RECIPES, known, recipe
from deployments.portrait.engine import Painting
from deployments.portrait.usable import FaceFinder, what_is_wrong
from media.errors import AvatarError

if TYPE_CHECKING:
    from deployments.devices.torch_device import Choice
    from deployments.portrait.diffusion_pipeline import Painter

FACES: Final = "mediapipe-face-landmarker"

TRIES: Final = 6
"""Pictures painted until one shows one usable face."""


class Diffusion:
    """Paints frontal portraits of people who do not exist. Thread-safe."""

    weights: ClassVar[tuple[str, ...]] = (FACES, *RECIPES)
    """The option `model` chooses one of RECIPES."""

    def __init__(self, painter: "Painter", faces: FaceFinder) -> None:
        self._painter = painter
        self._faces = faces

    @classmethod
    def weights_for(cls, options: Mapping[str, object]) -> tuple[str, ...]:
        """Names of the weights that `load` opens with these options. Raises ValueError like it."""
        if options.get("folder"):
            return (FACES,)
        return (FACES, known(str(options.get("model", DEFAULT))))

    @classmethod
    def load(
        cls,
        files: Mapping[str, Path],
        *,
        threads: int,
        model: str = DEFAULT,
        folder: str = "",
        device: "Choice" = "auto",
        dtype: str = "auto",
        memory_mb: int = 0,
        steps: int | None = None,
        guidance: float | None = None,
        size: int | None = None,
        compile: bool = False,
    ) -> Self:
        """Open the pipeline whose `model_index.json` is among the files, and the face engine's.

        Options: `model` names one of RECIPES; `folder` holds a pipeline of the operator's in its
        place; `steps`, `guidance`, `size` (pixels of the square, a multiple of 64) change the
        recipe; `compile`: see Painter.open; `device`, `dtype`, `memory_mb`: see open_device.

        Raises AvatarError `weights_missing` where a file or the library is absent,
        `invalid_request` where the GPU is, `overloaded` where it is full; ValueError for an
        option's value.
        """
        chosen = recipe(model, folder, steps, guidance, size)
        remedy = (
            f"put a whole pipeline into {folder}"
            if folder
            else f"run `avatar-serve weights fetch {model}`"
        )
        if not folder and INDEX not in files:
            raise AvatarError("weights_missing", f"{INDEX} of {model} is missing: {remedy}.")
        try:
            from deployments.portrait.diffusion_pipeline import Painter
        except ImportError as error:
            raise AvatarError(
                "weights_missing",
                f"Portraits by diffusion need more than is installed ({error.name}): "
                "`pip install 'avatar-serve[diffusion]'`.",
            ) from error
        from deployments.devices.torch_device import open_device

        on = open_device(device, dtype, memory_mb)
        where: AbstractContextManager[Path] = nullcontext(Path(folder)) if folder else alone(files)
        with where as path:
            found = read_folder(path, remedy)
            painter = Painter.open(
                found, chosen, on, threads=threads, remedy=remedy, compiled=compile
            )
        return cls(painter, MediaPipe.load(files, threads=threads))

    def paint(self, prompt: str, seed: int) -> Painting:
        """Paint one person as the words ask, (size, size, 3).

        The words that a text encoder's limit cuts off come back in `words_ignored`. There is no
        safety checker: what may be asked for is the operator's to say.

        Raises AvatarError `invalid_request` for a prompt without words, `overloaded` where the
        memory is full, `internal` where no picture shows one usable face.
        """
        asked = portrait_prompt(prompt, self._painter.fits)
        wrong: str | None = None
        for attempt in range(TRIES):
            picture = self._painter.paint(asked.text, NEGATIVE, _drawn(seed, attempt))
            wrong = what_is_wrong(picture, self._faces)
            if wrong is None:
                return Painting(picture, seed, asked.used, asked.ignored)
        raise AvatarError(
            "internal",
            f"None of {TRIES} pictures shows one usable face ({wrong} in the last): "
            "try other words or another seed.",
        )

    def warm_up(self) -> None:
        """Paint and look at one picture, in as few steps as there can be."""
        picture = self._painter.paint(TEMPLATE.format(words="a person"), NEGATIVE, 0, steps=2)
        what_is_wrong(picture, self._faces)

    def peak_mb(self) -> int | None:
        """The most that the GPU held, MiB; None on a CPU."""
        return self._painter.peak_mb()


def _drawn(seed: int, attempt: int) -> int:
    """The seed of one attempt; any integer will do for the one it is derived from."""
    sequence = np.random.SeedSequence([abs(seed), int(seed < 0), attempt])
    return int(sequence.generate_state(1, np.uint64)[0])
