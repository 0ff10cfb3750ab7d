"""Wav2Lip in onnxruntime: our export, exports of others, and GPUs that are not there."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from deployments.devices.onnx_device import CUDA
from deployments.encode.engine import SegmentTask
from deployments.encode.feed import calls
from deployments.lipsync.wav2lip.engine import Wav2Lip
from deployments.lipsync.wav2lip.onnx_runner import OnnxRunner
from deployments.lipsync.wav2lip.shown import SHOWN_COLUMNS, SHOWN_ROWS
from media.errors import AvatarError
from media.face import Portrait
from media.resample import resample
from media.sound import Sound
from media.timegrid import HEARING_RATE, SOUND_RATE
from tests.wav2lip import golden, inputs, save_checkpoint, waveform

SHOWN = np.s_[:, :, slice(*SHOWN_ROWS), slice(*SHOWN_COLUMNS)]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As a user writes it: by the command."""
    folder = tmp_path_factory.mktemp("exported")
    checkpoint = save_checkpoint(folder / "wav2lip_gan.pth")
    command = [sys.executable, "-m", "deployments.lipsync.wav2lip.export"]
    made = folder / "new folder" / "wav2lip.onnx"
    subprocess.run([*command, str(checkpoint), str(made)], check=True, capture_output=True)
    return made


def altered(exported: Path, folder: Path, *, names: tuple[str, str], batch: int | None) -> Path:
    """The same network as others write it: other names of the inputs, a fixed batch."""
    model = onnx.load(exported)
    renamed = {"mel": names[0], "face": names[1]}
    for given in model.graph.input:
        given.name = renamed[given.name]
        if batch:
            given.type.tensor_type.shape.dim[0].dim_value = batch
    for node in model.graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
    onnx.save(model, folder / "other.onnx")
    return folder / "other.onnx"


def test_our_export_computes_what_the_reference_computes(exported: Path) -> None:
    runner = OnnxRunner.load(exported, threads=2)
    runner.warm_up()
    mel, face = inputs()
    made = runner.speak(mel[:, 0], list(face), np.arange(4))
    assert np.abs(made - golden()["output"][SHOWN]).max() < 1e-4
    assert runner.speak(mel[:0, 0], list(face), np.arange(0)).shape == (0, *made.shape[1:])


def test_an_export_of_another_with_other_names_and_a_fixed_batch_runs_too(
    exported: Path, tmp_path: Path
) -> None:
    path = altered(exported, tmp_path, names=("audio", "video_frames"), batch=3)
    runner = OnnxRunner.load(path, threads=2)
    runner.warm_up()
    mel, face = inputs()
    made = runner.speak(mel[:, 0], list(face), np.arange(4))
    assert np.abs(made - golden()["output"][SHOWN]).max() < 1e-4


def test_the_engine_runs_on_an_export(exported: Path, astronaut: Portrait) -> None:
    engine = Wav2Lip.load({}, threads=2, runtime="onnx", file=str(exported), silence=False)
    track = Sound(resample(waveform(), HEARING_RATE, SOUND_RATE), SOUND_RATE)
    (call,) = calls(SegmentTask("", Fraction(25), 8, 12, False, track))
    (frames,) = engine.frames([(engine.prepare(astronaut), call)])
    assert len(frames) == 4
    assert all(frame.patches[0].planes.std() > 5 for frame in frames)


def test_a_network_with_other_inputs_is_refused(tmp_path: Path) -> None:
    mouth = Path("deployments/lipsync/mouth.onnx").resolve()
    with pytest.raises(AvatarError, match="inputs are not") as refused:
        OnnxRunner.load(mouth, threads=1)
    assert refused.value.code == "weights_missing"
    assert "wav2lip.export" in refused.value.message


def test_a_file_that_is_no_network_or_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match="cannot be read"):
        OnnxRunner.load(tmp_path / "none.onnx", threads=1)
    (tmp_path / "noise.onnx").write_bytes(b"noise")
    with pytest.raises(AvatarError, match="cannot open it"):
        OnnxRunner.load(tmp_path / "noise.onnx", threads=1)
    with pytest.raises(AvatarError, match="needs an ONNX file"):
        Wav2Lip.load({}, threads=1, runtime="onnx")


@pytest.mark.skipif(CUDA in onnxruntime.get_available_providers(), reason="it has CUDA")
def test_a_gpu_that_onnxruntime_cannot_use_is_said_plainly(exported: Path) -> None:
    with pytest.raises(AvatarError, match="this onnxruntime has no CUDA") as refused:
        OnnxRunner.load(exported, threads=1, device="cuda")
    assert refused.value.code == "invalid_request"
    assert not OnnxRunner.load(exported, threads=1, device="auto").on_gpu
