"""YourTTS's own parts with random weights, saved as the published model is.

Tiny for the tests, or as large as the published one: what speech costs does not depend on what the
weights say.
"""

import json
from pathlib import Path

import torch
from TTS.encoder.configs.speaker_encoder_config import SpeakerEncoderConfig
from TTS.encoder.models.resnet import ResNetSpeakerEncoder
from TTS.tts.configs.shared_configs import CharactersConfig
from TTS.tts.configs.vits_config import VitsConfig
from TTS.tts.models.vits import Vits

LANGUAGES = {"en": 0, "fr-fr": 1, "pt-br": 2}
SPEAKERS = ("female-en-5", "female-en-5\n", "male-pt-3\n")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz¯·ßàáâãäæçèéêëìíîïñòóôõöùúûüÿ"


def save_yourtts(folder: Path, *, real: bool = False) -> Path:
    """The model's six files; without the discriminator, which only training needs."""
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "language_ids.json").write_text(json.dumps(LANGUAGES))
    config = _config(str(folder / "language_ids.json"), real)
    model = Vits(config)
    torch.save({"model": model.state_dict()}, folder / "model_file.pth")
    config.save_json(str(folder / "config.json"))
    _point_elsewhere(folder / "config.json")
    _save_encoder(folder)
    clips = {
        f"{n}.wav": {"name": name, "embedding": torch.randn(512).tolist()}
        for n, name in enumerate(SPEAKERS)
    }
    (folder / "speakers.json").write_text(json.dumps(clips))
    return folder


def _config(languages: str, real: bool) -> VitsConfig:
    config = VitsConfig(
        text_cleaner="multilingual_cleaners",
        use_phonemes=False,
        add_blank=True,
        use_d_vector_file=True,
        d_vector_dim=512,
    )
    config.audio.sample_rate = 16_000
    config.audio.num_mels = 80
    config.audio.mel_fmax = None
    args = config.model_args
    args.use_d_vector_file, args.d_vector_dim = True, 512
    args.use_language_embedding, args.embedded_language_dim = True, 4
    args.language_ids_file = languages
    args.num_layers_text_encoder = 10
    args.resblock_type_decoder = "2"
    if not real:
        args.upsample_initial_channel_decoder = 64
    args.init_discriminator = False
    config.characters = CharactersConfig(
        characters_class="TTS.tts.models.vits.VitsCharacters",
        pad="_",
        eos="&",
        bos="*",
        characters=_LETTERS,
        punctuations="!'(),-.:;? ",
        phonemes="",
        is_unique=True,
        is_sorted=True,
    )
    config.num_chars = args.num_chars = len(_LETTERS) + 13
    return config


def _point_elsewhere(path: Path) -> None:
    """As published, with files of the machine that it was trained on."""
    config = json.loads(path.read_text())
    for part in (config, config["model_args"]):
        part["d_vector_file"] = ["/trained/here/speakers.json"]
        part["speakers_file"] = "/trained/here/speakers.json"
    config["model_args"]["language_ids_file"] = "/trained/here/language_ids.json"
    config["model_args"]["use_speaker_encoder_as_loss"] = True
    config["model_args"]["speaker_encoder_model_path"] = "/trained/here/model_se.pth"
    config["model_args"]["speaker_encoder_config_path"] = "/trained/here/config_se.json"
    path.write_text(json.dumps(config))


def _save_encoder(folder: Path) -> None:
    config = SpeakerEncoderConfig()
    config.audio.sample_rate = 16_000
    config.audio.fft_size, config.audio.win_length, config.audio.hop_length = 512, 400, 160
    config.audio.num_mels, config.audio.preemphasis = 64, 0.97
    config.model_params = {
        "model_name": "resnet",
        "input_dim": 64,
        "use_torch_spec": True,
        "log_input": True,
        "proj_dim": 512,
    }
    encoder = ResNetSpeakerEncoder(
        input_dim=64, proj_dim=512, log_input=True, use_torch_spec=True, audio_config=config.audio
    )
    torch.save({"model": encoder.state_dict()}, folder / "model_se.pth")
    config.num_loader_workers = config.num_classes_in_batch = config.num_utter_per_class = 1
    config.save_json(str(folder / "config_se.json"))
