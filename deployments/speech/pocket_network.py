"""Pocket TTS's models on their device: each hears samples and speaks clauses of its language."""

import logging
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

import torch
import yaml
from pocket_tts import TTSModel
from pocket_tts.utils.config import CONFIGS_DIR

from deployments.devices.torch_device import TorchDevice, move
from deployments.devices.torch_turns import turn
from deployments.speech.fronts.dense import joined
from deployments.speech.heard import Said
from deployments.speech.opening import first_line, unfit
from deployments.speech.pacing import paced
from media.errors import AvatarError
from media.sound import Samples

MOST_TOKENS: Final = 50
"""In one go; the library's own limit, beyond which words may be skipped."""

Manner = dict[str, dict[str, torch.Tensor]]
"""The state that a sample left a language's model in, by module and name."""


class PocketNetwork:
    """The models. Thread-safe: they say one thing at a time."""

    def __init__(self, models: Mapping[str, TTSModel], on: TorchDevice) -> None:
        self.languages: Sequence[str] = tuple(models)
        self._models = models
        self._on = on

    @classmethod
    def open(
        cls,
        paths: Mapping[str, Mapping[str, Path]],
        names: Mapping[str, str],
        on: TorchDevice,
        *,
        threads: int,
        quantize: bool,
    ) -> Self:
        """The models of the languages; nothing is fetched and no pickle opened.

        `paths`: by language the files "weights" and "tokenizer", or "config", which names them;
        `names`: what the library calls a language's model.

        Raises AvatarError `weights_missing` for files that are not a model's, `overloaded`.
        """
        # What it warns of quotes the text.
        logging.getLogger("pocket_tts").setLevel(logging.ERROR)
        models = {}
        for tag, found in paths.items():
            model = _load(names.get(tag, tag), found, quantize).eval().requires_grad_(False)
            move(model, on, "The voice")
            # As many as have piled up, as the library does, gives other roundings each time.
            model.max_decoder_frames_per_call = 1
            models[tag] = model
        # The library sets one thread for the whole process when it is imported.
        torch.set_num_threads(threads)
        return cls(models, on)

    def fits(self, text: str, language: str) -> bool:
        """Whether it is within the length that the model speaks without skipping words."""
        tokens = self._models[language].flow_lm.conditioner.tokenizer(text)
        return int(tokens.shape[-1]) <= MOST_TOKENS

    def listen(self, sample: Samples, language: str) -> Manner:
        """The state after a sample at 24 kHz."""
        sound = torch.from_numpy(sample)[None].to(self._on.device)
        with turn(self._on, 0):
            state: Manner = self._models[language].get_state_for_audio_prompt(sound)
        return state

    def recall(self, language: str, path: Path) -> Manner:
        """The state of a published voice. Raises AvatarError `weights_missing`."""
        try:
            state: Manner = self._models[language].get_state_for_audio_prompt(path)
        except Exception as error:  # its libraries raise all kinds
            raise unfit(path, "it holds no voice of Pocket TTS") from error
        return state

    def say(
        self, words: Sequence[str], language: str, manner: Manner, speed: float, seed: int
    ) -> Said:
        """The words; the model does not tell when each is heard.

        It knows one pace: another one is made of its sound.
        """
        model = self._models[language]
        with turn(self._on, seed):
            made = model.generate_audio(manner, joined(words), max_tokens=MOST_TOKENS)
            samples = made.detach().float().cpu().numpy()
        return Said(paced(samples, model.sample_rate, speed), model.sample_rate)

    def peak_mb(self) -> int | None:
        """The most that the GPU held, MiB; None on a CPU."""
        return self._on.peak_mb()


def _load(name: str, found: Mapping[str, Path], quantize: bool) -> TTSModel:
    """The model of a config whose files all lie here, so that the library fetches none."""
    own = found.get("config")
    source = own or CONFIGS_DIR / f"{name}.yaml"
    try:
        config = yaml.safe_load(source.read_text(encoding="utf-8"))
        files = found if own is None else _own_files(config, own.parent)
        config["weights_path"] = str(files["weights"])
        config["weights_path_without_voice_cloning"] = None
        config["flow_lm"]["weights_path"] = config["mimi"]["weights_path"] = None
        config["flow_lm"]["lookup_table"]["tokenizer_path"] = str(files["tokenizer"])
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder) / source.name
            local.write_text(yaml.safe_dump(config), encoding="utf-8")
            return TTSModel.load_model(config=local, quantize=quantize)
    except AvatarError:
        raise
    except Exception as error:  # its libraries raise all kinds
        raise unfit(found.get("weights", source), first_line(error)) from error


def _own_files(config: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """The files of an operator's model, named by its config, that lie beside it."""
    named = {
        "weights": config["weights_path"],
        "tokenizer": config["flow_lm"]["lookup_table"]["tokenizer_path"],
    }
    # "hf://OWNER/REPO/PATH@REVISION" as published, or a plain name.
    files = {k: folder / str(name).split("@")[0].rsplit("/", 1)[-1] for k, name in named.items()}
    for path in files.values():
        if not path.is_file():
            raise unfit(path, "it is not there")
    return files
