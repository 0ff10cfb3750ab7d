"""Wav2Lip from a checkpoint that is laid out as the published ones, its weights made up.

What it paints is noise; everything on the way from file and sound to patches is real.
"""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from deployments.devices.torch_device import TorchDevice, open_device
from deployments.encode.engine import SegmentTask
from deployments.encode.feed import calls
from deployments.lipsync.wav2lip import torch_runner
from deployments.lipsync.wav2lip.checkpoint import load_generator
from deployments.lipsync.wav2lip.engine import Wav2Lip
from deployments.lipsync.wav2lip.fast import FastGenerator
from deployments.lipsync.wav2lip.network import Generator
from deployments.lipsync.wav2lip.region import find_cuts
from deployments.lipsync.wav2lip.shown import SHOWN_COLUMNS, SHOWN_ROWS
from deployments.lipsync.wav2lip.torch_runner import TorchRunner
from media.errors import AvatarError
from media.face import Portrait
from media.resample import resample
from media.sound import Sound
from media.timegrid import HEARING_RATE, SOUND_RATE
from tests.wav2lip import golden, inputs, made_up, save_checkpoint, waveform

CPU = torch.device("cpu")
SHOWN = np.s_[:, :, slice(*SHOWN_ROWS), slice(*SHOWN_COLUMNS)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("weights") / "wav2lip_gan.pth")


@pytest.fixture(scope="module")
def generator(checkpoint: Path) -> Generator:
    return load_generator(checkpoint)


def test_a_published_checkpoint_gives_the_references_output(generator: Generator) -> None:
    mel, face = (torch.from_numpy(values) for values in inputs())
    with torch.inference_mode():
        assert np.abs(generator(mel, face).numpy() - golden()["output"]).max() < 1e-4


def test_a_checkpoint_without_wrapping_or_prefix_loads_too(tmp_path: Path) -> None:
    tensors = {name: torch.from_numpy(value) for name, value in made_up().items()}
    torch.save(tensors, tmp_path / "bare.pth")
    loaded = load_generator(tmp_path / "bare.pth").state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in tensors.items())


def changed(**tensors: torch.Tensor | None) -> Mapping[str, Mapping[str, torch.Tensor]]:
    state = {f"module.{name}": torch.from_numpy(value) for name, value in made_up().items()}
    for name, value in tensors.items():
        state.pop(f"module.{name}", None)
        if value is not None:
            state[f"module.{name}"] = value
    return {"state_dict": state}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no checkpoint at all", "torch cannot read it"),
        ([1, 2], "no tensors by name"),
        ({"state_dict": {"epoch": 3}}, "no tensors by name"),
        ({"state_dict": {}}, "no tensor face_encoder_blocks.0.0"),
        (changed(**{"output_block.1.bias": None}), "no tensor output_block.1.bias"),
        (changed(**{"output_block.1.bias": torch.zeros(4)}), "is (4,), not (3,)"),
        (changed(binary_pred=torch.zeros(1)), "1 tensors more, binary_pred"),
    ],
)
def test_another_file_is_refused_in_one_sentence(tmp_path: Path, content: object, why: str) -> None:
    path = tmp_path / "wav2lip_gan.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(AvatarError) as refused:
        load_generator(path)
    assert refused.value.code == "weights_missing"
    assert why in refused.value.message
    assert "wav2lip_gan.pth as published" in refused.value.message


def test_a_checkpoint_that_would_run_code_is_not_run(tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (Path(tmp_path / "harm"),))  # type: ignore[return-value]

    torch.save({"state_dict": Harmful()}, tmp_path / "harmful.pth")
    with pytest.raises(AvatarError, match="torch cannot read it"):
        load_generator(tmp_path / "harmful.pth")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    "shown", [((0, 96), (0, 96)), (SHOWN_ROWS, SHOWN_COLUMNS), ((70, 81), (33, 60))]
)
def test_the_network_taken_apart_makes_what_the_plain_one_makes(
    generator: Generator, shown: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    """Folded norms, a face seen once, and only the shown part: each of any size."""
    fast = FastGenerator.of(generator, find_cuts(*shown))
    mel, face = (torch.from_numpy(values) for values in inputs())
    with torch.inference_mode():
        made = fast.speak(mel, fast.maps(face), torch.arange(4)).numpy()
        alone = fast.speak(mel[2:3], fast.maps(face[2:3])).numpy()
    wanted = golden()["output"][:, :, slice(*shown[0]), slice(*shown[1])]
    assert np.abs(made - wanted).max() < 1e-4
    assert np.abs(alone - wanted[2:3]).max() < 1e-4


def test_bfloat16_is_within_a_step_of_8_bits_of_float32(generator: Generator) -> None:
    fast = FastGenerator.of(generator).to(CPU, torch.bfloat16)
    mel, face = (torch.from_numpy(values) for values in inputs())
    with torch.inference_mode():
        made = fast.speak(mel.bfloat16(), fast.maps(face), torch.arange(4)).float().numpy()
    off = np.abs(made - golden()["output"][SHOWN])
    assert np.sqrt((off**2).mean()) < 1 / 255
    assert off.max() < 0.02


def test_frames_of_several_faces_are_made_in_one_batch_and_in_order(
    generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = TorchRunner.of(generator, TorchDevice(CPU, torch.float32, 0))
    monkeypatch.setattr(torch_runner, "TOGETHER", 3)  # so that batches end between the faces
    mel, face = inputs()
    faces = [runner.face(one) for one in face]
    whose = np.array([0, 1, 1, 3], np.intp)
    made = runner.speak(mel[:, 0], faces, whose)
    with torch.inference_mode():
        wanted = generator(torch.from_numpy(mel), torch.from_numpy(face[whose])).numpy()
    assert np.abs(made - wanted[SHOWN]).max() < 1e-4
    assert runner.speak(mel[:0, 0], faces, whose[:0]).shape == (0, *made.shape[1:])


def test_a_batch_that_does_not_fit_is_made_in_halves(
    generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = TorchRunner.of(generator, TorchDevice(CPU, torch.float32, 0))
    mel, face = inputs()
    faces = [runner.face(face[0])]
    whole = runner.speak(mel[:, 0], faces, np.zeros(4, np.intp))
    sizes = []
    plain = FastGenerator.speak

    def small(self: FastGenerator, mel: torch.Tensor, *rest: object) -> torch.Tensor:
        sizes.append(len(mel))
        if len(mel) > 1:
            raise torch.OutOfMemoryError
        return plain(self, mel, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(FastGenerator, "speak", small)
    assert np.abs(runner.speak(mel[:, 0], faces, np.zeros(4, np.intp)) - whole).max() < 1e-4
    assert sizes == [4, 2, 1, 1, 2, 1, 1]


def test_the_option_says_which_checkpoint_is_loaded(checkpoint: Path) -> None:
    assert Wav2Lip.weights_for({}) == ("wav2lip-gan",)
    assert Wav2Lip.weights_for({"variant": "plain"}) == ("wav2lip",)
    assert Wav2Lip.weights_for({"file": "mine.pth"}) == ()
    assert Wav2Lip.weights_for({"runtime": "onnx", "file": "mine.onnx"}) == ()
    with pytest.raises(ValueError, match="variant is one of gan, plain"):
        Wav2Lip.weights_for({"variant": "hd"})
    Wav2Lip.load({"wav2lip.pth": checkpoint}, threads=1, variant="plain", device="cpu")
    Wav2Lip.load({}, threads=1, file=str(checkpoint), device="cpu")


@pytest.mark.parametrize(
    "options", [{"sharpen": 3.0}, {"runtime": "tensorrt"}, {"device": "tpu"}, {"dtype": "int8"}]
)
def test_options_that_mean_nothing_are_refused(
    checkpoint: Path, options: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        Wav2Lip.load({"wav2lip_gan.pth": checkpoint}, threads=1, **options)  # type: ignore[arg-type]


def test_sound_and_a_portrait_become_patches(checkpoint: Path, astronaut: Portrait) -> None:
    engine = Wav2Lip.load({"wav2lip_gan.pth": checkpoint}, threads=1, device="cpu", silence=False)
    engine.warm_up()
    assert engine.peak_mb() is None
    assert engine.batch >= 1
    prepared = engine.prepare(astronaut)
    track = Sound(resample(waveform(), HEARING_RATE, SOUND_RATE), SOUND_RATE)

    def made(start: int, stop: int) -> list[np.ndarray]:
        task = SegmentTask("", Fraction(25), start, stop, False, track)
        frames = [f for call in calls(task) for f in engine.frames([(prepared, call)])[0]]
        return [patch.planes.astype(int) for frame in frames for patch in frame.patches]

    whole = made(8, 40)
    assert len(whole) == 32
    assert max(np.abs(whole[0] - other).max() for other in whole) > 4  # what is heard is seen
    # Another cut is another batch, which may round otherwise, by steps of 8 bits.
    for one, other in zip(whole[10:15], made(18, 23), strict=True):
        assert np.abs(one - other).max() <= 2
        assert np.abs(one - other).mean() < 0.2


def test_on_a_processor_numbers_are_the_fastest_it_has() -> None:
    on = open_device("cpu")
    assert on.dtype in (torch.bfloat16, torch.float32)
