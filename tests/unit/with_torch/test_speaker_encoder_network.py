"""The speaker encoder beside the same network in torch, and its reader beside torch's own files."""

import collections
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from deployments.cloning.speaker_encoder import (
    FILE,
    WEIGHTS,
    SpeakerEncoder,
    spectrogram,
    unit,
)
from deployments.cloning.torch_file import TorchFileError, read_tensors
from media.mel import slaney_bands
from media.sound import Sound
from tests.weights import weights


class Reference(nn.Module):
    """What the weights were trained as."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(40, 256, 3, batch_first=True)
        self.linear = nn.Linear(256, 256)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        _, (state, _) = self.lstm(mel)
        return nn.functional.normalize(torch.relu(self.linear(state[-1])), dim=1)


@pytest.fixture(scope="module")
def path() -> Path:
    return weights(WEIGHTS)[FILE]


@pytest.fixture(scope="module")
def encoder(path: Path) -> SpeakerEncoder:
    return SpeakerEncoder.load({FILE: path})


@pytest.fixture(scope="module")
def reference(path: Path) -> Reference:
    saved = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
    network = Reference()
    missing, _ = network.load_state_dict(saved, strict=False)
    assert not missing
    return network.eval()


def hum(seconds: float, seed: int = 0) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Something like speech: a wandering pitch with overtones, in syllables."""
    t = np.arange(int(16_000 * seconds)) / 16_000
    dice = np.random.default_rng(seed)
    pitch = 120 + 30 * np.sin(2 * np.pi * 0.7 * t + dice.uniform(0, 6))
    phase = 2 * np.pi * np.cumsum(pitch) / 16_000
    tones = sum(np.sin(n * phase) / n for n in range(1, 30))
    sound = tones * (0.1 + np.abs(np.sin(2 * np.pi * 2.5 * t)))
    return (0.1 * sound + dice.normal(0, 1e-4, len(t))).astype(np.float32)


def test_every_tensor_is_the_one_that_torch_reads(path: Path) -> None:
    saved = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
    ours = read_tensors(path, "model_state")
    assert ours.keys() == saved.keys()
    for name, tensor in saved.items():
        assert np.array_equal(ours[name], tensor.numpy())


def test_the_network_says_what_torch_s_says(encoder: SpeakerEncoder, reference: Reference) -> None:
    mels = np.stack([spectrogram(hum(1.6, seed))[:160] for seed in range(5)])
    with torch.no_grad():
        expected = reference(torch.from_numpy(mels)).numpy()
    assert np.abs(expected[0] - expected[1]).max() > 1e-3
    np.testing.assert_allclose(encoder.network(mels), expected, atol=1e-4)


def test_a_long_sound_is_the_mean_of_stretches_of_160_spectra(
    encoder: SpeakerEncoder, reference: Reference
) -> None:
    sound = hum(4.0)
    level = np.float32(10 ** (-30 / 20)) / np.sqrt(np.mean(np.square(sound, dtype=np.float64)))
    mel = spectrogram((sound * level).astype(np.float32))
    with torch.no_grad():
        cuts = [torch.from_numpy(mel[a : a + 160]) for a in (0, 77, 154, 231)]
        expected = reference(torch.stack(cuts)).numpy().mean(axis=0)
    ours = unit(encoder.stretches(Sound(sound, 16_000)).mean(axis=0))
    np.testing.assert_allclose(ours, expected / np.linalg.norm(expected), atol=1e-4)


def test_the_spectrogram_is_the_mel_power_of_torch_s_short_time_transform() -> None:
    sound = hum(0.7)
    spectrum = torch.stft(
        torch.from_numpy(sound),
        400,
        hop_length=160,
        window=torch.hann_window(400),
        center=True,
        pad_mode="constant",
        return_complex=True,
    )
    bands = slaney_bands(16_000, 400, 40, 0.0, 8000.0)
    expected = (spectrum.abs().square().numpy().T) @ bands
    np.testing.assert_allclose(spectrogram(sound), expected, rtol=1e-3, atol=1e-6)


def saved(path: Path, value: object) -> Path:
    torch.save(value, path, _use_new_zipfile_serialization=False)
    return path


def test_tensors_of_any_shape_and_their_part_of_a_storage_are_read(tmp_path: Path) -> None:
    whole = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    state = collections.OrderedDict(part=whole[2:], scalar=torch.tensor(7.0), none=whole[:0])
    read = read_tensors(saved(tmp_path / "a.pt", {"state": state, "step": 3}), "state")
    assert np.array_equal(read["part"], whole[2:].numpy())
    assert read["scalar"] == 7.0
    assert read["none"].shape == (0, 6)


class Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def test_nothing_in_a_file_is_executed(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    evil = saved(tmp_path / "evil.pt", {"state": {"weight": torch.zeros(2)}, "x": Evil(mark)})
    with pytest.raises(TorchFileError, match="mkdir"):
        read_tensors(evil, "state")
    assert not mark.exists()


def test_what_is_no_file_of_tensors_is_refused(tmp_path: Path, path: Path) -> None:
    whole = path.read_bytes()
    new = io.BytesIO()
    torch.save({"state": {}}, new)
    assert zipfile.is_zipfile(new)
    turned = {"state": {"weight": torch.zeros(2, 3).T}}
    files = {
        "empty": b"",
        "text": b"no weights",
        "cut": whole[:-1000],
        "early": whole[:300],
        "new": new.getvalue(),
        "turned": saved(tmp_path / "turned.pt", turned).read_bytes(),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(TorchFileError):
            read_tensors(tmp_path / name, "state" if name == "turned" else "model_state")
