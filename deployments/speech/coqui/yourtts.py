"""YourTTS (Casanova et al. 2022, arXiv 2112.02418), by Coqui TTS: English, French, Portuguese.

16 kHz, so voices sound duller than XTTS's; small and quick, and its durations say when each word is
heard. The weights are CC BY-NC-ND 4.0: non-commercial use only. An extra.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Self

from deployments.speech.coqui.opening import known, library_missing, required, weights_of
from deployments.speech.scripts import listed
from deployments.speech.stock import stock_voices
from deployments.speech.zero_shot import Takes, ZeroShot

if TYPE_CHECKING:
    from deployments.devices.torch_device import Choice

MODEL: Final = "yourtts"
PACKED: Final = "tts_models--multilingual--multi-dataset--your_tts"
"""The folder in the published archive."""
FILES: Final = tuple(
    f"{PACKED}/{name}"
    for name in (
        *("config.json", "model_file.pth", "language_ids.json", "speakers.json"),
        *("config_se.json", "model_se.pth"),
    )
)
LANGUAGES: Final = ("en", "fr", "pt")
LICENCE: Final = "CC BY-NC-ND 4.0: non-commercial use only"


@dataclass(frozen=True, slots=True)
class YourTTS(ZeroShot):
    """Speaks in the model's own voices and in cloned ones."""

    weights: ClassVar[tuple[str, ...]] = (MODEL,)
    takes: ClassVar[Takes] = Takes("yourtts", 16_000, 30.0, LANGUAGES, LICENCE)

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
        """Open the network, its speaker encoder and its speakers.

        Options: as those of XTTS.

        Raises AvatarError `weights_missing` where a file or the library is absent,
        `invalid_request` where the GPU is, `overloaded` where it is full; ValueError for a model
        or a language that there is not.
        """
        found = required(files, FILES, folder, known(model, MODEL))
        offered = listed(languages)
        if wrong := sorted(set(offered) - set(LANGUAGES)):
            raise ValueError(f"YourTTS speaks no {wrong[0]}, only {', '.join(LANGUAGES)}")
        try:
            from deployments.speech.coqui.yourtts_network import YourTTSNetwork
        except ImportError as error:
            raise library_missing("YourTTS", error) from error
        from deployments.devices.torch_device import open_device

        on = open_device(device, "float32", memory_mb)
        network, speakers = YourTTSNetwork.open(found, on, LANGUAGES, threads=threads)
        genders = {name: _gender(name) for name in speakers}
        voices, manners = stock_voices(cls.takes, speakers, offered, genders)
        return cls(network, voices, manners, seed=seed)


def _gender(name: str) -> str:
    """Of a speaker as published, "female-en-5"."""
    found = name.partition("-")[0]
    return found if found in ("female", "male") else "unknown"
