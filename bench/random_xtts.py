"""XTTS's own parts with random weights, saved as the published model is.

Tiny for the tests, or as large as the published one: what speech costs does not depend on what the
weights say.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE
from TTS.tts.configs.shared_configs import BaseDatasetConfig
from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig
from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer
from TTS.tts.models.xtts import Xtts

LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "pl", "tr", "ru", "nl", "cs", "ar", "zh-cn", "hu",
             "ko", "ja", "hi")  # fmt: skip
SPEAKERS = ("Claribel Dervla", "Damien Black")


def save_xtts(folder: Path, *, real: bool = False, as_object: bool = False) -> Path:
    """The model's four files; `real`: as large as release 2 (1.9 GB).

    `as_object`: with the config pickled beside the tensors, as release 2 is published.
    """
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    config = _config(real)
    _save_vocabulary(folder / "vocab.json")
    config.save_json(str(folder / "config.json"))
    model = Xtts(config)
    model.tokenizer = VoiceBpeTokenizer(vocab_file=str(folder / "vocab.json"))
    model.init_models()
    held: Any = config if as_object else config.to_dict()
    with _older_names():
        torch.save({"model": model.state_dict(), "config": held}, folder / "model.pth")
    channels = config.model_args.gpt_n_model_channels
    speakers = {
        name: {
            "gpt_cond_latent": torch.randn(1, 32, channels),
            "speaker_embedding": torch.nn.functional.normalize(torch.randn(1, 512, 1), dim=1),
        }
        for name in SPEAKERS
    }
    torch.save(speakers, folder / "speakers_xtts.pth")
    return folder


@contextmanager
def _older_names() -> Iterator[None]:
    """The config's classes as they were named when release 2 was pickled."""
    classes = (XttsArgs, XttsAudioConfig)
    now = XttsArgs.__module__
    for kind in classes:
        kind.__module__ = "TTS.tts.models.xtts"
    try:
        yield
    finally:
        for kind in classes:
            kind.__module__ = now


def _config(real: bool) -> XttsConfig:
    channels, layers, heads = (1024, 30, 16) if real else (64, 2, 4)
    args = XttsArgs(
        gpt_max_audio_tokens=605 if real else 24,
        gpt_layers=layers,
        gpt_n_model_channels=channels,
        gpt_n_heads=heads,
        gpt_num_audio_tokens=1026,
        gpt_start_audio_token=1024,
        gpt_stop_audio_token=1025,
        gpt_use_perceiver_resampler=True,
        decoder_input_dim=channels,
    )
    return XttsConfig(
        model_args=args,
        datasets=[BaseDatasetConfig()],
        temperature=0.75,
        repetition_penalty=5.0,
        gpt_cond_len=30,
        gpt_cond_chunk_len=4,
        max_ref_len=30,
    )


def _save_vocabulary(path: Path) -> None:
    """Every letter a token, and the special ones that the published vocabulary has."""
    special = ["[STOP]", "[UNK]", "[SPACE]", *(f"[{tag}]" for tag in LANGUAGES), "[START]"]
    letters = [chr(c) for c in (*range(33, 127), *range(0xA1, 0x250))]
    vocabulary = {token: n for n, token in enumerate([*special, *letters])}
    tokenizer = Tokenizer(BPE(vocabulary, [], unk_token="[UNK]"))  # noqa: S106 - no password
    tokenizer.add_special_tokens(special)
    path.write_text(json.dumps(json.loads(tokenizer.to_str())))
