"""XTTS's network on its device: hears a sample, speaks a clause."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import torch
from TTS.config.shared_configs import BaseDatasetConfig
from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig
from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer
from TTS.tts.models import xtts

from deployments.devices.torch_device import TorchDevice, move
from deployments.devices.torch_turns import turn
from deployments.speech.coqui.numbers import speakable
from deployments.speech.coqui.opening import tensors, unfit
from deployments.speech.fronts.dense import joined
from deployments.speech.heard import Said
from media.sound import Samples

HEARS: Final = 22_050
"""Samples per second of what it listens to."""

Manner = tuple[torch.Tensor, torch.Tensor]
"""Latents that condition the language model, (1, n, channels), and the decoder, (1, 512, 1)."""

_TRAINING_ONLY: Final = (
    "torch_mel_spectrogram_style_encoder",
    "torch_mel_spectrogram_dvae",
    "dvae",
)
_PICKLED: Final = (
    BaseDatasetConfig,
    XttsConfig,
    (XttsArgs, "TTS.tts.models.xtts.XttsArgs"),
    (XttsAudioConfig, "TTS.tts.models.xtts.XttsAudioConfig"),
)
"""Classes of plain fields that the published checkpoint holds beside its tensors: its config, some
of it under the names of an older release of the library."""
_SAMPLING: Final = ("temperature", "length_penalty", "repetition_penalty", "top_k", "top_p")
"""Settings in the model's config that its authors found best."""


class XTTSNetwork:
    """The network. Thread-safe: it says one thing at a time."""

    def __init__(self, model: xtts.Xtts, on: TorchDevice, languages: Sequence[str]) -> None:
        self.languages = tuple(languages)
        self._model = model
        self._on = on
        self._sampling = {name: getattr(model.config, name) for name in _SAMPLING}

    @classmethod
    def open(
        cls, files: Mapping[str, Path], on: TorchDevice, languages: Sequence[str], *, threads: int
    ) -> tuple[Self, dict[str, Manner]]:
        """The network, and the latents of the speakers that it is published with, by name.

        Raises AvatarError `weights_missing` for files that are not the model's.
        """
        # What it warns of quotes the text.
        logging.getLogger("TTS").setLevel(logging.ERROR)
        config = XttsConfig()
        try:
            config.load_json(str(files["config.json"]))
            model = xtts.Xtts(config)
            model.tokenizer = VoiceBpeTokenizer(vocab_file=str(files["vocab.json"]))
            model.init_models()
        except Exception as error:  # its libraries raise all kinds
            raise unfit(files["config.json"], "it describes no XTTS") from error
        _fill(model, files["model.pth"])
        move(model.requires_grad_(False), on)
        if not on.is_cuda:
            torch.set_num_threads(threads)
        return cls(model, on, languages), _speakers(files["speakers_xtts.pth"])

    def fits(self, text: str, language: str) -> bool:
        """Whether it is within the length that the model speaks to its end."""
        if len(text) > self._model.tokenizer.char_limits[language]:
            return False
        read = self._read(self._speakable(text.split(), language), language)
        return len(read) < int(self._model.args.gpt_max_text_tokens)

    def listen(self, sample: Samples, language: str) -> Manner:
        """The latents of a sample at HEARS."""
        config = self._model.config
        sound = torch.from_numpy(sample)[None].to(self._on.device)
        with turn(self._on, 0):
            latents = self._model.get_gpt_cond_latents(
                sound, HEARS, length=config.gpt_cond_len, chunk_length=config.gpt_cond_chunk_len
            )
            longest = config.max_ref_len * HEARS
            speaker = self._model.get_speaker_embedding(sound[:, :longest], HEARS)
        return latents, speaker

    def say(
        self, words: Sequence[str], language: str, manner: Manner, speed: float, seed: int
    ) -> Said:
        """The words; the network does not tell when each is heard."""
        latents, speaker = manner
        text = self._speakable(words, language)
        with turn(self._on, seed):
            made: dict[str, Any] = self._model.inference(
                text, language, latents, speaker, speed=speed, **self._sampling
            )
        return Said(made["wav"], self._model.args.output_sample_rate)

    def peak_mb(self) -> int | None:
        """The most that the GPU held, MiB; None on a CPU."""
        return self._on.peak_mb()

    def _read(self, text: str, language: str) -> list[int]:
        """Its tokens."""
        read: list[int] = self._model.tokenizer.encode(text.lower(), lang=language)
        return read

    def _speakable(self, words: Sequence[str], language: str) -> str:
        read = partial(self._read, language=language)
        return joined([speakable(word, language, read) for word in words])


def _fill(model: xtts.Xtts, path: Path) -> None:
    """Load a checkpoint.

    The library's own loader is not used: it writes the file anew where it holds the config as an
    object, and then it is no longer the file that was verified.
    """
    loaded = tensors(path, _PICKLED)
    inner = loaded.get("model") if isinstance(loaded, dict) else None
    if not isinstance(inner, dict):
        raise unfit(path, "it holds no model")
    weights = {name.removeprefix("xtts."): value for name, value in inner.items()}
    kept = {n: v for n, v in weights.items() if n.split(".")[0] not in _TRAINING_ONLY}
    try:
        # Release 1 was saved with what inference adds to the network, release 2 without.
        if any(name.startswith("gpt.gpt_inference.") for name in kept):
            model.gpt.init_gpt_for_inference(kv_cache=model.args.kv_cache)
        model.load_state_dict(kept, strict=True)
    except (RuntimeError, TypeError) as error:
        why = (str(error).strip().splitlines() or [""])[-1].strip()
        raise unfit(path, f"its tensors are not the config's: {why}") from error
    model.hifigan_decoder.eval()
    model.gpt.init_gpt_for_inference(kv_cache=model.args.kv_cache)
    model.gpt.eval()


def _speakers(path: Path) -> dict[str, Manner]:
    loaded = tensors(path)
    try:
        return {
            str(name): (latents["gpt_cond_latent"], latents["speaker_embedding"])
            for name, latents in loaded.items()
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise unfit(path, "it holds no speakers") from error
