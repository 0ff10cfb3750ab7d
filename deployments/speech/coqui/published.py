"""What XTTS and YourTTS share: one published model, or an operator's of its kind in a folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from deployments.speech.zero_shot import ZeroShot


@dataclass(frozen=True, slots=True)
class Published(ZeroShot):
    """Speaks in the model's own voices and in cloned ones."""

    weights: ClassVar[tuple[str, ...]]
    """The one model's name in the weights manifest."""

    @classmethod
    def weights_for(cls, options: Mapping[str, object]) -> tuple[str, ...]:
        """Names of the weights that `load` opens with these options. Raises ValueError like it."""
        return () if options.get("folder") else (cls.known(str(options.get("model", ""))),)

    @classmethod
    def known(cls, model: str) -> str:
        """The model's name; empty means the only one. Raises ValueError for another."""
        (name,) = cls.weights
        if model not in ("", name):
            raise ValueError(f"model is {name}, not {model}")
        return name
