"""How fast Wav2Lip is: `python -m bench.wav2lip [--device cuda]`.

In one run, by turns so that a busy machine slows all alike: the plain PyTorch loop of the same
network (float32, batch of 128, inference mode), our network, and the whole engine with its hearing
and pasting; and eight jobs' calls made together against one after another. Weights are made up,
which costs the same. Raw figures go to bench/results/wav2lip.json, under the device.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

import gallery
from bench.roofline import Limits, Work, count, measure_limits, seconds
from deployments.devices.torch_device import TorchDevice, open_device
from deployments.face.mediapipe import MediaPipe
from deployments.lipsync.engine import LOOK_AHEAD, LOOK_BACK, LipsyncCall
from deployments.lipsync.wav2lip.buckets import SIZES
from deployments.lipsync.wav2lip.engine import Wav2Lip, Wav2LipPortrait
from deployments.lipsync.wav2lip.fast import FastGenerator
from deployments.lipsync.wav2lip.network import FACE_SHAPE, MEL_SHAPE, Generator
from deployments.lipsync.wav2lip.opening import GPU_BATCH
from deployments.lipsync.wav2lip.torch_runner import TorchRunner
from deployments.loading import weight_files
from media.framing import frame_portrait
from media.sound import Sound
from media.timegrid import HEARING_RATE, TimeGrid
from serve.settings import Settings
from serve.weights.store import open_store

RESULTS: Final = Path(__file__).parent / "results" / "wav2lip.json"
PLAIN_BATCH: Final = 128
JOBS: Final = 8
CALL_FRAMES: Final = 16
"""Frames of a call, about as the graph asks for them."""
FPS: Final = Fraction(25)


def made_up() -> Generator:
    """The network with weights of a seed."""
    torch.manual_seed(1)
    return Generator().eval().requires_grad_(False)


def by_turns(
    ways: Mapping[str, tuple[int, Callable[[], object]]], device: torch.device, rounds: int
) -> dict[str, dict[str, float]]:
    """Frames a second of each way, (frames a run, run): the best and the median of the rounds."""
    for _, run in ways.values():
        run()
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (frames, run) in ways.items():
            rates[name].append(frames / seconds(run, device))
    return {
        name: {"best": max(found), "median": statistics.median(found)}
        for name, found in rates.items()
    }


def plain_loop(network: Generator, device: torch.device) -> tuple[int, Callable[[], object]]:
    """One batch as everybody's loop makes it: to the device, through the network, back."""
    mel, face = torch.randn(PLAIN_BATCH, *MEL_SHAPE), torch.rand(PLAIN_BATCH, *FACE_SHAPE)
    there = network.to(device)

    def run() -> object:
        with torch.inference_mode():
            return there(mel.to(device), face.to(device)).cpu()

    return PLAIN_BATCH, run


def our_network(runner: TorchRunner) -> tuple[int, Callable[[], object]]:
    """Frames of one face through our network; on a GPU more, in batches of its own."""
    frames = 4 * SIZES[-1] if runner.on_gpu else PLAIN_BATCH
    mel = np.random.default_rng(1).uniform(-4, 4, (frames, *MEL_SHAPE[1:]))
    face = runner.face(np.random.default_rng(2).random(FACE_SHAPE, np.float32))
    whose = np.zeros(frames, np.intp)
    heard = mel.astype(np.float32)
    return frames, lambda: runner.speak(heard, [face], whose)


def portraits(engine: Wav2Lip, many: int) -> list[Wav2LipPortrait]:
    """Gallery faces of 512 x 512, prepared."""
    files = weight_files(tuple(MediaPipe.weights), open_store(Settings()))
    faces = MediaPipe.load(files, threads=1)
    prepared = []
    for avatar in list(gallery.avatars())[:many]:
        picture = gallery.picture(avatar.id)
        face = faces.mesh(picture, faces.find(picture)[0])
        prepared.append(engine.prepare(frame_portrait(picture, face, (512, 512), 1280)))
    return prepared


def a_call(frames: int, first: int = 25) -> LipsyncCall:
    """A call with sound in every frame."""
    grid = TimeGrid(FPS)
    start = grid.sample(first, HEARING_RATE) - int(LOOK_BACK * HEARING_RATE)
    stop = grid.sample(first + frames - 1, HEARING_RATE) + int(LOOK_AHEAD * HEARING_RATE) + 1
    noise = 0.2 * np.random.default_rng(first).standard_normal(stop - start)
    return LipsyncCall(
        "", FPS, first, first + frames, Sound(noise.astype(np.float32), HEARING_RATE, start)
    )


def whole_engine(engine: Wav2Lip, portrait: Wav2LipPortrait) -> tuple[int, Callable[[], object]]:
    """Calls of one job until as many frames are made: hearing, network, pasting."""
    calls = [a_call(CALL_FRAMES, 25 + n) for n in range(0, PLAIN_BATCH, CALL_FRAMES)]
    together = engine.batch

    def run() -> None:
        for first in range(0, len(calls), together):
            engine.frames([(portrait, call) for call in calls[first : first + together]])

    return PLAIN_BATCH, run


def jobs(
    engine: Wav2Lip, ready: list[Wav2LipPortrait]
) -> dict[str, tuple[int, Callable[[], object]]]:
    """A call of each of several jobs: all in one batch, and one after another."""
    asked = [(portrait, a_call(CALL_FRAMES, 25 + 7 * n)) for n, portrait in enumerate(ready)]
    frames = len(asked) * CALL_FRAMES
    return {
        "jobs together": (frames, lambda: engine.frames(asked)),
        "jobs one after another": (frames, lambda: [engine.frames([one]) for one in asked]),
    }


def work_a_frame(on: TorchDevice) -> tuple[Work, Work]:
    """What a frame asks of the device: by the plain network in float32, and by ours."""
    frames = 32
    network = made_up()
    mel, face = torch.zeros(frames, *MEL_SHAPE), torch.zeros(frames, *FACE_SHAPE)
    plain = count(lambda: network(mel, face))
    dtype = torch.float32 if on.dtype is torch.float32 else torch.bfloat16  # 16 bits as well
    fast = FastGenerator.of(network).to(torch.device("cpu"), dtype)
    maps, heard = fast.maps(face[:1]), mel.to(dtype)
    ours = count(lambda: fast.speak(heard, maps, torch.zeros(frames, dtype=torch.long)))
    first, second = (Work(w.flops / frames, w.bytes / frames) for w in (plain, ours))
    return first, second


def measure(device: str, threads: int, rounds: int) -> dict[str, Any]:
    """All figures of one device."""
    torch.set_num_threads(threads)
    on = open_device(device)  # type: ignore[arg-type]  # the parser knows the choices
    began = time.perf_counter()
    runner = TorchRunner.of(made_up(), on, GPU_BATCH)
    runner.warm_up()
    engine = Wav2Lip(runner, None, GPU_BATCH if on.is_cuda else 2)
    ready = portraits(engine, JOBS)
    warm = time.perf_counter() - began
    first = seconds(lambda: engine.frames([(ready[0], a_call(CALL_FRAMES))]), on.device)
    ways = {
        "plain loop": plain_loop(made_up(), on.device),
        "our network": our_network(runner),
        "our engine": whole_engine(engine, ready[0]),
        **jobs(engine, ready),
    }
    if not on.is_cuda and on.dtype != torch.float32:
        exact = TorchRunner.of(made_up(), TorchDevice(on.device, torch.float32, 0))
        ways["our network, float32"] = our_network(exact)
    rates = by_turns(ways, on.device, rounds)
    plain, ours = work_a_frame(on)
    limits = measure_limits(on.device, on.dtype)
    return {
        "device": torch.cuda.get_device_name(on.device) if on.is_cuda else platform.machine(),
        "cores": os.cpu_count(),
        "threads": threads,
        "dtype": str(on.dtype).removeprefix("torch."),
        "rounds": rounds,
        "frames_a_second": rates,
        "times_plain": {
            name: {key: rates[name][key] / rates["plain loop"][key] for key in ("best", "median")}
            for name in ("our network", "our engine")
        },
        "together_over_alone": rates["jobs together"]["best"]
        / rates["jobs one after another"]["best"],
        "seconds_until_warm": warm,
        "seconds_first_call": first,
        "peak_mb": on.peak_mb(),
        "roofline": roofline(plain, ours, limits, rates["our network"]["best"]),
    }


def roofline(plain: Work, ours: Work, limits: Limits, rate: float) -> dict[str, float]:
    """What a frame asks for, what the device can do, and the share of it that is reached."""
    return {
        "gflop_a_frame_plain": plain.flops / 1e9,
        "gflop_a_frame": ours.flops / 1e9,
        "mb_a_frame": ours.bytes / 1e6,
        "tflops_of_the_device": limits.flops_a_second / 1e12,
        "gb_a_second_of_the_device": limits.bytes_a_second / 1e9,
        "frames_a_second_at_most": 1 / limits.seconds(ours),
        "share": rate * limits.seconds(ours),
    }


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    found = measure(arguments.device, arguments.threads, arguments.rounds)
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    kept[found["device"]] = found
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
