"""Pocket TTS's own parts with random weights, saved as a model's folder is.

Tiny for the tests, or as large as the published ones: what speech costs depends on the weights only
in when a sentence ends.
"""

import json
from pathlib import Path

import torch
import yaml
from pocket_tts.models.flow_lm import FlowLMModel
from pocket_tts.models.mimi import build_mimi
from pocket_tts.models.tts_model import TTSModel
from pocket_tts.utils.config import CONFIGS_DIR, Config
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import Unigram

_SURE = 1e4
"""How sure the network is that a sentence is over, or that it is not."""


def save_pocket(folder: Path, *, real: bool = False) -> Path:
    """`config.yaml`, `model.safetensors` and `tokenizer.json`.

    A tiny model ends each sentence as soon as it may, a real one as late.
    """
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    config = yaml.safe_load((CONFIGS_DIR / "english.yaml").read_text())
    if not real:
        _shrink(config)
    bins = _save_tokenizer(folder / "tokenizer.json")
    table = config["flow_lm"]["lookup_table"]
    table["n_bins"], table["tokenizer_path"] = bins, str(folder / "tokenizer.json")
    config["weights_path"] = None
    config["weights_path_without_voice_cloning"] = None
    state = _random(Config(**config), -_SURE if real else _SURE)
    save_file(state, folder / "model.safetensors")
    config["weights_path"] = "hf://someone/mine/model.safetensors@main"
    table["tokenizer_path"] = "hf://someone/mine/tokenizer.json"
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


def _random(config: Config, end: float) -> dict[str, torch.Tensor]:
    model = TTSModel(
        FlowLMModel.from_pydantic_config(
            config.flow_lm,
            latent_dim=config.mimi.quantizer.dimension,
            insert_bos_before_voice=config.flow_lm.insert_bos_before_voice,
        ),
        *(0.3, 1, None, 0.0, config),
    )
    shape = (config.flow_lm.transformer.d_model, config.mimi.inner_dim)
    model.flow_lm.speaker_proj_weight = torch.nn.Parameter(torch.randn(shape) * 0.05)
    model.mimi = build_mimi(config.mimi)
    with torch.no_grad():
        model.flow_lm.out_eos.weight.zero_()
        model.flow_lm.out_eos.bias.fill_(end)
    return {name: value.contiguous().clone() for name, value in model.state_dict().items()}


def _shrink(config: dict[str, dict[str, object]]) -> None:
    flow, mimi = config["flow_lm"], config["mimi"]
    flow["flow"] = {"dim": 32, "depth": 2}
    flow["transformer"] = {"d_model": 64, "hidden_scale": 2, "max_period": 10000, "num_heads": 4,
                           "num_layers": 2}  # fmt: skip
    flow["lookup_table"] |= {"dim": 64}  # type: ignore[operator]  # a table of the file
    mimi["outer_dim"] = 32
    mimi["seanet"] |= {"dimension": 32, "n_filters": 8}  # type: ignore[operator]  # the same
    mimi["transformer"] |= {  # type: ignore[operator]  # the same
        "d_model": 32, "num_heads": 4, "num_layers": 1, "dim_feedforward": 64,
        "input_dimension": 32, "output_dimensions": [32],
    }  # fmt: skip
    mimi["quantizer"] |= {"output_dimension": 32}  # type: ignore[operator]  # the same


def _save_tokenizer(path: Path) -> int:
    """Every letter a piece, as in the published tokenizer's format; returns how many pieces."""
    pieces = ["<unk>", "▁", *(chr(c) for c in (*range(33, 127), *range(0xA1, 0x180)))]
    tokenizer = Tokenizer(Unigram([(piece, -5.0) for piece in pieces], unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    path.write_text(json.dumps(json.loads(tokenizer.to_str())))
    return len(pieces)
