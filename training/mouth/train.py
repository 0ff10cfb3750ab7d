"""Trains the network on the CPU and writes the file that the engine loads.

python -m training.mouth.train DATA OUT.onnx --minutes 20
"""

import argparse
import copy
import math
import time
from pathlib import Path
from queue import Queue
from threading import Thread

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray

from deployments.lipsync.hearing import CHANNELS
from training.mouth.batches import Speakers, batch
from training.mouth.network import OUTPUTS, REACH, MouthNetwork

BATCH = 24
PEAK_RATE = 2e-3
DECAY = 1e-2
WEIGHTS = (4.0, 1.5, 0.5, 0.5, 0.6)
"""Of opening, width, closure, teeth and voice in the loss."""
CHANGE = 3.0
"""Weight of the errors in movement from hop to hop, so that lips snap shut rather than drift."""
AVERAGE = 0.997


def loss_of(given: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Squared error of the shapes and of their movement; more where the lips should be shut."""
    weights = torch.tensor(WEIGHTS)[None, :, None]
    shut = wanted[:, 2:3]
    error = ((given - wanted) ** 2 * weights * (1 + 1.5 * shut)).mean()
    moved = torch.diff(given, n=1, dim=2) - torch.diff(wanted, n=1, dim=2)
    return error + CHANGE * (moved**2 * weights).mean()


def feed(folder: Path, seed: int) -> "Queue[tuple[NDArray[np.float32], NDArray[np.float32]]]":
    """Batches made beside the training."""
    queue: Queue[tuple[NDArray[np.float32], NDArray[np.float32]]] = Queue(maxsize=8)
    speakers = Speakers(folder, "train")
    chance = np.random.default_rng(seed)

    def work() -> None:
        while True:
            queue.put(batch(speakers, BATCH, chance))

    Thread(target=work, daemon=True).start()
    return queue


def train(folder: Path, minutes: float, seed: int) -> MouthNetwork:
    """Train for a time, the learning rate falling along a cosine; returns the averaged weights."""
    torch.manual_seed(seed)
    network = MouthNetwork()
    average = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(network.parameters(), PEAK_RATE, weight_decay=DECAY)
    batches = feed(folder, seed)
    begin, step, seen = time.monotonic(), 0, 0.0
    while (done := (time.monotonic() - begin) / (60 * minutes)) < 1:
        rate = (
            PEAK_RATE
            * min(1, (step + 1) / 100)
            * (0.02 + 0.98 * (1 + math.cos(math.pi * done)) / 2)
        )
        optimizer.param_groups[0]["lr"] = rate
        features, wanted = (torch.from_numpy(x) for x in batches.get())
        loss = loss_of(network(features), wanted)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        keep = min(AVERAGE, (step + 1) / (step + 10))
        with torch.no_grad():
            for mean, now in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(now, 1 - keep)
        step, seen = step + 1, 0.98 * seen + 0.02 * loss.item()
        if step % 100 == 0:
            print(f"{done:5.1%} step {step} loss {seen / (1 - 0.98**step):.4f}", flush=True)
    return average.eval()


def export(network: MouthNetwork, path: Path) -> float:
    """Write ONNX; returns the largest difference from the trained network on random input."""
    example = torch.randn(1, CHANNELS, REACH + 50)
    torch.onnx.export(
        network,
        (example,),
        str(path),
        input_names=["features"],
        output_names=["shapes"],
        dynamic_axes={"features": {2: "hops"}, "shapes": {2: "hops_spoken_of"}},
        opset_version=17,
        dynamo=False,
    )
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    other = torch.randn(1, CHANNELS, REACH + 77)
    with torch.no_grad():
        wanted = network(other).numpy()
    given = session.run(None, {"features": other.numpy()})[0]
    if given.shape != (1, OUTPUTS, 77):
        raise ValueError(f"the exported network gives {given.shape}")
    return float(np.abs(given - wanted).max())


def main() -> None:
    """Train and export."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("data", type=Path)
    options.add_argument("out", type=Path)
    options.add_argument("--minutes", type=float, default=20)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--threads", type=int, default=1)
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    network = train(given.data, given.minutes, given.seed)
    torch.save(network.state_dict(), given.out.with_suffix(".pt"))
    difference = export(network, given.out)
    print(f"{given.out}: {given.out.stat().st_size / 1e3:.0f} kB, differs {difference:.1e}")
    if difference > 1e-4:
        raise SystemExit("the exported network differs from the trained one")


if __name__ == "__main__":
    main()
