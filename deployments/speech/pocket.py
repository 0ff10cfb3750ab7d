"""Pocket TTS (Kyutai 2026, arXiv 2509.06926): clones voices in seven languages, on a CPU.

24 kHz; 100 million parameters, a model for each language. The weights that can clone are CC BY 4.0
and are fetched once its terms of use are accepted on their page. An extra.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Self

from deployments.speech.opening import library_missing
from deployments.speech.scripts import listed
from deployments.speech.stock import stock_voices
from deployments.speech.zero_shot import Takes, ZeroShot
from media.errors import AvatarError

if TYPE_CHECKING:
    from deployments.devices.torch_device import Choice

LANGUAGES: Final[Mapping[str, str]] = {
    "en": "english",
    "fr": "french",
    "de": "german",
    "es": "spanish",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
}
"""By primary tag what the library and its repository call the language's model."""
STOCK: Final = ("marius", "javert")
"""English voices whose recordings were given under CC0; the others' terms differ."""
LICENCE: Final = "CC BY 4.0, with Kyutai's terms: no voice without its owner's consent"


@dataclass(frozen=True, slots=True)
class PocketTTS(ZeroShot):
    """Speaks in cloned voices, and English in two of its own."""

    weights: ClassVar[tuple[str, ...]] = (
        *(f"pocket-tts-{tag}" for tag in LANGUAGES),
        *(f"pocket-tts-{tag}-tokenizer" for tag in LANGUAGES),
        "pocket-tts-en-voices",
    )
    takes: ClassVar[Takes] = Takes("pocket", 24_000, 30.0, ("en",), LICENCE)

    @classmethod
    def weights_for(cls, options: Mapping[str, object]) -> tuple[str, ...]:
        """Names of the weights that `load` opens with these options. Raises ValueError like it."""
        if options.get("folder"):
            return ()
        tags = _tags(str(options.get("languages", "en")), LANGUAGES)
        voices = ("pocket-tts-en-voices",) if "en" in tags else ()
        both = (f"pocket-tts-{tag}{part}" for tag in tags for part in ("", "-tokenizer"))
        return (*both, *voices)

    @classmethod
    def load(
        cls,
        files: Mapping[str, Path],
        *,
        threads: int,
        languages: str = "en",
        folder: str = "",
        device: "Choice" = "auto",
        memory_mb: int = 0,
        quantize: bool = False,
        seed: int = 0,
    ) -> Self:
        """Open a model for each language.

        Options: `languages`, separated by commas, each with a model of its own (0.5 GB in memory).
        `folder` holds one model of the operator's, `config.yaml` and the files that it names, for
        the one language that `languages` says. `device` (auto: the CPU, for which it is made),
        `memory_mb`: see open_device. `quantize`: the language model in 8 bits, on a CPU only.
        `seed`: another one says all a little differently.

        Raises AvatarError `weights_missing` where a file or the library is absent,
        `invalid_request` where the GPU is, `overloaded` where it is full; ValueError for a
        language that there is not, or options that do not go together.
        """
        tags = _tags(languages, None if folder else LANGUAGES)
        if folder and len(tags) > 1:
            raise ValueError(f"a folder holds the model of one language, not of {languages}")
        if quantize and device == "cuda":
            raise ValueError("quantize is for the CPU")
        paths = {tag: _paths(files, tag, folder) for tag in tags}
        try:
            from deployments.speech.pocket_network import PocketNetwork
        except ImportError as error:
            raise library_missing("Pocket TTS", error, "pocket") from error
        from deployments.devices.torch_device import open_device

        on = open_device("cpu" if device == "auto" else device, "float32", memory_mb)
        network = PocketNetwork.open(paths, LANGUAGES, on, threads=threads, quantize=quantize)
        if folder or "en" not in tags:
            return cls(network, (), {}, seed=seed)
        states = {name: network.recall("en", _needed(files, _voice(name))) for name in STOCK}
        speakers = {name.capitalize(): state for name, state in states.items()}
        voices, manners = stock_voices(cls.takes, speakers, ("en",))
        return cls(network, voices, manners, seed=seed)


def _tags(languages: str, known: Mapping[str, str] | None) -> tuple[str, ...]:
    tags = listed(languages)
    if not tags:
        raise ValueError("languages must name at least one language")
    if known is not None and (wrong := [tag for tag in tags if tag not in known]):
        raise ValueError(f"Pocket TTS speaks no {wrong[0]}, only {', '.join(known)}")
    return tags


def _paths(files: Mapping[str, Path], tag: str, folder: str) -> dict[str, Path]:
    """The model's files: a config of the operator's, or the weights and tokenizer published."""
    if not folder:
        name = f"languages/{LANGUAGES[tag]}"
        return {
            "weights": _needed(files, f"{name}/model.safetensors"),
            "tokenizer": _needed(files, f"{name}/tokenizer.json"),
        }
    config = Path(folder) / "config.yaml"
    if not config.is_file():
        raise AvatarError(
            "weights_missing",
            f"config.yaml is missing: put the whole model into {folder}.",
            details={"file": str(config)},
        )
    return {"config": config}


def _needed(files: Mapping[str, Path], name: str) -> Path:
    if name in files:
        return files[name]
    raise AvatarError(
        "weights_missing",
        f"{name} of Pocket TTS is missing: run `avatar-serve weights list` for its weights, then "
        "`avatar-serve weights fetch` with their names.",
        details={"file": name},
    )


def _voice(name: str) -> str:
    return f"languages/english/embeddings/{name}.safetensors"
