"""Stable Diffusion's own parts with random weights, saved in the folder format of diffusers.

Tiny for the tests, or as large as the published ones: what a picture costs does not depend on what
the weights say.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    EulerDiscreteScheduler,
    PNDMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from safetensors.torch import load_file, save_file
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

LIMIT = 200
"""Tokens that the text encoder reads; each letter is one."""

WIDTH = 16

START, END = "<|startoftext|>", "<|endoftext|>"


def save_sd(folder: Path, *, pndm: bool = False) -> Path:
    """A Stable Diffusion pipeline whose pictures are eight times as wide as its latents."""
    torch.manual_seed(0)
    pipeline = StableDiffusionPipeline(
        vae=_vae(),
        text_encoder=CLIPTextModel(_text_config()),
        tokenizer=_tokenizer(folder / "words"),
        unet=_unet(cross_attention_dim=WIDTH),
        scheduler=_scheduler(pndm),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder / "model", safe_serialization=True)
    return _as_published(folder)


def save_sdxl(folder: Path) -> Path:
    """A Stable Diffusion XL pipeline, in half precision as published ones are."""
    torch.manual_seed(0)
    tokenizer = _tokenizer(folder / "words")
    pipeline = StableDiffusionXLPipeline(
        vae=_vae(),
        text_encoder=CLIPTextModel(_text_config()),
        text_encoder_2=CLIPTextModelWithProjection(_text_config()),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=_unet(
            cross_attention_dim=2 * WIDTH,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + WIDTH,
        ),
        scheduler=_scheduler(False),
    )
    pipeline.to(torch.float16).save_pretrained(folder / "model", variant="fp16")
    return _as_published(folder)


def _as_published(folder: Path) -> Path:
    """The folder as the published ones are, which older releases of transformers saved."""
    model = folder / "model"
    for tokenizer in model.glob("tokenizer*"):
        (tokenizer / "tokenizer.json").unlink()
        for file in ("vocab.json", "merges.txt"):
            shutil.copy(folder / "words" / file, tokenizer)
        config = {"model_max_length": LIMIT, "tokenizer_class": "CLIPTokenizer"}
        tokens = {f"{kind}_token": _token(END) for kind in ("eos", "unk")}
        tokens |= {"bos_token": _token(START), "pad_token": END}
        (tokenizer / "special_tokens_map.json").write_text(json.dumps(tokens))
        (tokenizer / "tokenizer_config.json").write_text(json.dumps(config | tokens))
    for path in model.glob("text_encoder*/*.safetensors"):
        tensors = {
            name
            if name.startswith(("text_model.", "text_projection."))
            else f"text_model.{name}": x
            for name, x in load_file(path).items()
        }
        tensors["text_model.embeddings.position_ids"] = torch.arange(LIMIT)[None]
        save_file(tensors, path, metadata={"format": "pt"})
    return model


def _token(content: str) -> dict[str, Any]:
    kept = {"lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    return {"__type": "AddedToken", "content": content, **kept}


def save_real_sd(folder: Path) -> Path:
    """A pipeline of the size of SD-Turbo (Stable Diffusion 2.1), in half precision: 2.6 GB."""
    torch.manual_seed(0)
    pipeline = StableDiffusionPipeline(
        vae=AutoencoderKL(
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            latent_channels=4,
            sample_size=768,
        ).half(),
        text_encoder=CLIPTextModel(
            CLIPTextConfig(
                vocab_size=49408,
                hidden_size=1024,
                intermediate_size=4096,
                num_hidden_layers=23,
                num_attention_heads=16,
                hidden_act="gelu",
                max_position_embeddings=LIMIT,
                bos_token_id=0,
                eos_token_id=1,
                pad_token_id=1,
            )
        ).half(),
        tokenizer=_tokenizer(folder / "words"),
        unet=UNet2DConditionModel(
            sample_size=64,
            attention_head_dim=[5, 10, 20, 20],
            cross_attention_dim=1024,
            use_linear_projection=True,
        ).half(),
        scheduler=_scheduler(False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder / "model", variant="fp16")
    return _as_published(folder)


def _vae() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        norm_num_groups=4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        sample_size=64,
    )


def _unet(**more: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        block_out_channels=(8, 16),
        norm_num_groups=4,
        layers_per_block=1,
        sample_size=8,
        in_channels=4,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=4,
        **more,
    )


def _scheduler(pndm: bool) -> Any:
    betas = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    if pndm:  # as Stable Diffusion 1.5 has it
        return PNDMScheduler(skip_prk_steps=True, steps_offset=1, **betas)
    return EulerDiscreteScheduler(timestep_spacing="trailing", steps_offset=1, **betas)


def _text_config() -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=200,
        hidden_size=WIDTH,
        intermediate_size=32,
        projection_dim=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=LIMIT,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )


def _tokenizer(folder: Path) -> CLIPTokenizer:
    """CLIP's tokenizer with a vocabulary of single letters."""
    folder.mkdir(parents=True)
    letters = [chr(n) for n in range(33, 127)]
    vocabulary = [START, END, *letters, *(f"{one}</w>" for one in letters)]
    (folder / "vocab.json").write_text(json.dumps({v: n for n, v in enumerate(vocabulary)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(
        str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=LIMIT
    )
