"""YourTTS's networks on their device: one hears a sample, the other speaks a clause."""

import json
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import torch
from TTS.encoder.configs.speaker_encoder_config import SpeakerEncoderConfig
from TTS.encoder.models.resnet import ResNetSpeakerEncoder
from TTS.tts.configs.vits_config import VitsConfig
from TTS.tts.layers.xtts.tokenizer import multilingual_cleaners
from TTS.tts.models.vits import Vits

from deployments.devices.torch_device import TorchDevice, move
from deployments.devices.torch_turns import turn
from deployments.speech.coqui.numbers import speakable
from deployments.speech.coqui.opening import tensors, unfit
from deployments.speech.heard import Said
from deployments.speech.scripts import primary
from deployments.speech.timing import Timed, words_of
from media.sound import Samples

LONGEST: Final = 250
"""Characters in one go: as long as what it was trained on."""

Manner = torch.Tensor
"""A speaker's embedding, (1, 512), of length 1."""


class YourTTSNetwork:
    """The networks. Thread-safe: they say one thing at a time."""

    def __init__(
        self,
        model: Vits,
        encoder: ResNetSpeakerEncoder,
        numbers: Mapping[str, int],
        on: TorchDevice,
        languages: Sequence[str],
    ) -> None:
        self.languages = tuple(languages)
        self._model = model
        self._encoder = encoder
        self._numbers = numbers
        self._on = on
        self._rate = int(model.config.audio.sample_rate)
        self._frame = int(model.config.audio.hop_length) / self._rate

    @classmethod
    def open(
        cls, files: Mapping[str, Path], on: TorchDevice, languages: Sequence[str], *, threads: int
    ) -> tuple[Self, dict[str, Manner]]:
        """The networks, and the embeddings of the speakers that they are published with, by name.

        Raises AvatarError `weights_missing` for files that are not the model's.
        """
        # What it warns of quotes the text.
        logging.getLogger("TTS").setLevel(logging.CRITICAL)
        numbers = _numbers(files["language_ids.json"], languages)
        model = _vits(files)
        encoder = _encoder(files)
        for network in (model, encoder):
            move(network.eval().requires_grad_(False), on)
        if not on.is_cuda:
            torch.set_num_threads(threads)
        return cls(model, encoder, numbers, on, languages), _speakers(files["speakers.json"])

    def fits(self, text: str, language: str) -> bool:
        """Whether it is within the length that the model speaks well."""
        return len(text) <= LONGEST and sum(map(len, self._spelled(text.split(), language))) <= (
            2 * LONGEST  # numbers grow when they are written out
        )

    def listen(self, sample: Samples, language: str) -> Manner:
        """The embedding of a sample at 16 kHz."""
        sound = torch.from_numpy(sample)[None].to(self._on.device)
        with turn(self._on, 0):
            return torch.nn.functional.normalize(self._encoder.compute_embedding(sound))

    def say(
        self, words: Sequence[str], language: str, manner: Manner, speed: float, seed: int
    ) -> Said:
        """The words, each with the time that the network's own durations give it."""
        symbols, owners = _owned(self._spelled(words, language))
        ids = self._model.tokenizer.encode(symbols)
        if self._model.tokenizer.add_blank:
            ids = self._model.tokenizer.intersperse_blank_char(ids)
        device = self._on.device
        asked: dict[str, Any] = {
            "x_lengths": torch.tensor([len(ids)], device=device),
            "d_vectors": manner.to(device),
            "speaker_ids": None,
            "language_ids": torch.tensor([self._numbers[language]], device=device),
            "durations": None,
        }
        with turn(self._on, seed):
            self._model.length_scale = self._model.args.length_scale / speed
            made = self._model.inference(torch.tensor([ids], device=device), asked)
            samples = made["model_outputs"].reshape(-1).float().cpu().numpy()
            durations = made["durations"].reshape(-1).float().cpu().numpy()
        ends = np.cumsum(durations, dtype=np.float64) * self._frame
        times = self._times(symbols, owners, ends)
        return Said(samples, self._rate, words_of(words, times))

    def peak_mb(self) -> int | None:
        """The most that the GPU held, MiB; None on a CPU."""
        return self._on.peak_mb()

    def _spelled(self, words: Sequence[str], language: str) -> list[str]:
        """Each word in the letters that the network knows, numbers and signs written out."""
        tokenizer = self._model.tokenizer
        known = set(tokenizer.characters.vocab)
        spelled = []
        clean = partial(multilingual_cleaners, lang=language)
        for word in words:
            said = clean(speakable(word, language, clean))
            if tokenizer.text_cleaner is not None:
                said = tokenizer.text_cleaner(said, lang=language)
            spelled.append("".join(c for c in said if c in known).strip())
        return spelled

    def _times(self, symbols: str, owners: Sequence[int], ends: Any) -> list[Timed]:
        """When each symbol is heard; a blank belongs to the symbol behind it, the last one to none.

        `ends`: of each of the network's tokens, in seconds.
        """
        step = 2 if self._model.tokenizer.add_blank else 1
        last = ends[step - 1 :: step][: len(symbols)]
        first = np.concatenate([[0.0], last[:-1]])
        return [
            Timed(c, owner, float(a), float(b))
            for c, owner, a, b in zip(symbols, owners, first, last, strict=True)
        ]


def _owned(spelled: Sequence[str]) -> tuple[str, list[int]]:
    """The words with a space between, and the number of the word that each character is of."""
    symbols, owners = "", []
    for n, word in enumerate(spelled):
        said = f" {word}" if symbols and word else word
        symbols += said
        owners += [n] * len(said)
    return symbols, owners


def _numbers(path: Path, languages: Sequence[str]) -> dict[str, int]:
    """By primary tag the number of the language in the network."""
    try:
        numbers = {primary(str(k)): int(v) for k, v in json.loads(path.read_bytes()).items()}
        return {tag: numbers[tag] for tag in languages}
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise unfit(path, "it does not number the model's languages") from error


def _vits(files: Mapping[str, Path]) -> Vits:
    path = files["config.json"]
    config = VitsConfig()
    try:
        config.load_json(str(path))
        # Files of the machine that it was trained on; what is needed of them is given otherwise.
        for part in (config, config.model_args):
            part.d_vector_file, part.speakers_file = None, None
            part.use_speaker_embedding = False
        config.model_args.use_speaker_encoder_as_loss = False
        config.model_args.speaker_encoder_model_path = ""
        config.model_args.speaker_encoder_config_path = ""
        config.model_args.init_discriminator = False
        config.model_args.language_ids_file = str(files["language_ids.json"])
        model = Vits(config)
    except Exception as error:  # its libraries raise all kinds
        raise unfit(path, "it describes no YourTTS") from error
    loaded = _state(files["model_file.pth"])
    left_out = ("speaker_encoder.", "disc.")
    _fill(model, {k: v for k, v in loaded.items() if not k.startswith(left_out)}, files)
    return model


def _encoder(files: Mapping[str, Path]) -> ResNetSpeakerEncoder:
    path = files["config_se.json"]
    config = SpeakerEncoderConfig()
    try:
        config.load_json(str(path))
        made = config.model_params
        encoder = ResNetSpeakerEncoder(
            input_dim=made["input_dim"],
            proj_dim=made["proj_dim"],
            log_input=made.get("log_input", False),
            use_torch_spec=made.get("use_torch_spec", False),
            audio_config=config.audio,
        )
    except Exception as error:  # its libraries raise all kinds
        raise unfit(path, "it describes no speaker encoder") from error
    if not encoder.use_torch_spec:
        raise unfit(path, "its encoder does not hear sound itself")
    _fill(encoder, _state(files["model_se.pth"]), files, "model_se.pth")
    return encoder


def _state(path: Path) -> dict[str, torch.Tensor]:
    loaded = tensors(path)
    inner = loaded.get("model") if isinstance(loaded, dict) else None
    if not isinstance(inner, dict):
        raise unfit(path, "it holds no model")
    return inner


def _fill(
    network: torch.nn.Module,
    weights: Mapping[str, torch.Tensor],
    files: Mapping[str, Path],
    file: str = "model_file.pth",
) -> None:
    try:
        network.load_state_dict(weights, strict=True)
    except (RuntimeError, TypeError) as error:
        why = (str(error).strip().splitlines() or [""])[-1].strip()
        raise unfit(files[file], f"its tensors are not the config's: {why}") from error


def _speakers(path: Path) -> dict[str, Manner]:
    """The mean embedding of each speaker; some published names end in a line break."""
    spoken: dict[str, list[Any]] = {}
    try:
        for clip in json.loads(path.read_bytes()).values():
            spoken.setdefault(str(clip["name"]).strip(), []).append(clip["embedding"])
        return {
            name: torch.nn.functional.normalize(torch.tensor(clips).float().mean(0)[None])
            for name, clips in spoken.items()
        }
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise unfit(path, "it holds no speakers") from error
