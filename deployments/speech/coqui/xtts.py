"""XTTS-v2 (Casanova et al. 2024, arXiv 2406.04904), by Coqui TTS: clones voices in 17 languages.

24 kHz, on the CPU or a GPU. The weights are under the Coqui Public Model License, which allows
non-commercial use only, of what they say too. An extra.
"""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Self

from deployments.speech.coqui.opening import EXTRA, known, library_missing, required, weights_of
from deployments.speech.scripts import listed
from deployments.speech.stock import stock_voices
from deployments.speech.zero_shot import Takes, ZeroShot

if TYPE_CHECKING:
    from deployments.devices.torch_device import Choice

MODEL: Final = "xtts-v2"
FILES: Final = ("config.json", "model.pth", "vocab.json", "speakers_xtts.pth")
LICENCE: Final = "Coqui Public Model License 1.0.0: non-commercial use only"
LANGUAGES: Final = (
    *("en", "es", "fr", "de", "it", "pt", "pl", "tr", "ru", "nl", "cs", "ar", "zh", "hu"),
    *("ko", "ja", "hi"),
)
_READERS: Final = {"ja": "cutlet", "zh": "pypinyin"}
"""What a language is read by, where the library itself does not bring it; the extra does."""


@dataclass(frozen=True, slots=True)
class XTTS(ZeroShot):
    """Speaks in the model's own voices and in cloned ones."""

    weights: ClassVar[tuple[str, ...]] = (MODEL,)
    takes: ClassVar[Takes] = Takes("xtts", 22_050, 30.0, LANGUAGES, LICENCE)

    @classmethod
    def weights_for(cls, options: Mapping[str, object]) -> tuple[str, ...]:
        """Names of the weights that `load` opens with these options. Raises ValueError like it."""
        return weights_of(options, MODEL)

    @classmethod
    def load(
        cls,
        files: Mapping[str, Path],
        *,
        threads: int,
        model: str = MODEL,
        folder: str = "",
        languages: str = "en",
        device: "Choice" = "auto",
        memory_mb: int = 0,
        seed: int = 0,
    ) -> Self:
        """Open the network, its tokenizer and its speakers.

        Options: `languages`, separated by commas, are those that the model's own voices are
        offered in, one voice for each speaker and language; cloned voices may have any that can be
        read here. `folder` holds a model of the operator's, files named as the published ones.
        `device`, `memory_mb`: see open_device. `seed`: another one says all a little differently.

        Raises AvatarError `weights_missing` where a file or the library is absent,
        `invalid_request` where the GPU is, `overloaded` where it is full; ValueError for a model
        or a language that there is not.
        """
        found = required(files, FILES, folder, known(model, MODEL))
        readable = tuple(tag for tag in LANGUAGES if tag not in _unread())
        offered = listed(languages)
        if wrong := [tag for tag in offered if tag not in readable]:
            raise ValueError(_unread().get(wrong[0], f"XTTS speaks no {wrong[0]}"))
        try:
            from deployments.speech.coqui.xtts_network import XTTSNetwork
        except ImportError as error:
            raise library_missing("XTTS", error) from error
        from deployments.devices.torch_device import open_device

        on = open_device(device, "float32", memory_mb)
        network, speakers = XTTSNetwork.open(found, on, readable, threads=threads)
        voices, manners = stock_voices(cls.takes, speakers, offered)
        return cls(network, voices, manners, _unread(), seed)


def _unread() -> dict[str, str]:
    """Languages whose reader is not installed, and what to do."""
    return {
        tag: f"XTTS reads {tag} by {library}, which is not installed: {EXTRA}."
        for tag, library in _READERS.items()
        if importlib.util.find_spec(library) is None
    }
