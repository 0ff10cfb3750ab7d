"""A check of pictures by Yahoo's open_nsfw (Mahadeokar and Pesavento 2016), for nudity alone.

The picture is prepared as its authors do: squeezed to 256 x 256, the middle 224 x 224 of it as a
JPEG, blue before red, the training set's mean taken away. A test holds the scores to those of the
package that the weights come from.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # ships no types
from numpy.typing import NDArray
from PIL import Image

from media.errors import AvatarError
from media.face import Picture

FILE: Final = "open-nsfw.onnx"
WHOLE, SEEN = 256, 224
"""Sides of the squeezed picture, and of what the network sees of it."""
MEAN: Final = np.array([104, 117, 123], np.float32)
"""Of the training set: blue, green, red."""


class OpenNSFW:
    """Scores how likely a picture shows nudity. Thread-safe."""

    weights: ClassVar[Sequence[str]] = ("open-nsfw",)

    def __init__(self, session: Any) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int) -> Self:
        """Open `open-nsfw.onnx`; there are no options.

        Raises AvatarError `weights_missing` where it is absent or unreadable.
        """
        if FILE not in files:
            raise AvatarError(
                "weights_missing", f"{FILE} is missing: run `avatar-serve weights fetch open-nsfw`."
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        try:
            session = onnxruntime.InferenceSession(
                files[FILE], options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's errors have no common class
            raise AvatarError(
                "weights_missing",
                f"{files[FILE]} cannot be read: remove it and run "
                "`avatar-serve weights fetch open-nsfw`.",
            ) from error
        return cls(session)

    def warm_up(self) -> None:
        """Infer once."""
        self.score(np.zeros((SEEN, SEEN, 3), np.uint8))

    def prepare(self, picture: Picture) -> NDArray[np.uint8]:
        """(224, 224, 3): all that the network will see of it."""
        edge = (WHOLE - SEEN) // 2
        small = Image.fromarray(picture).resize((WHOLE, WHOLE), Image.Resampling.BILINEAR)
        return np.asarray(small.crop((edge, edge, edge + SEEN, edge + SEEN)), np.uint8)

    def score(self, prepared: NDArray[np.uint8]) -> float:
        """Probability of nudity for what `prepare` gave."""
        coded = io.BytesIO()
        Image.fromarray(prepared).save(coded, "JPEG")
        pixels = np.asarray(Image.open(coded, formats=("JPEG",)), np.float32)
        given = np.ascontiguousarray(pixels[None, ..., ::-1] - MEAN)
        (probabilities,) = self._session.run(None, {self._input: given})
        return float(probabilities[0, 1])
