"""Trains the network on the CPU and writes the file that the engine loads.

    python -m training.mouth.train DATA OUT.onnx --steps 6000 [--start mouth.onnx --rate 1e-3]

A checkpoint lies beside OUT; the same command goes on from it, with the very batches that an
unbroken run would have had. `--start` begins with the weights of an exported network, which may
be narrower, instead of random ones.
"""

import argparse
import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray

from deployments.lipsync.hearing import CHANNELS
from deployments.lipsync.mouth import PRESSED, SPEAKS
from training.mouth.batches import Speakers, batch, renew_all
from training.mouth.network import OUTPUTS, REACH, MouthNetwork

BATCH = 24
WARM_STEPS = 100
DECAY = 1e-2
WEIGHTS = (4.0, 1.5, 1.0, 0.7, 0.9, 0.5, 0.3)
"""Of opening, width, closure, teeth, voice, bared and tongue in the loss."""
SHUT = 3.0
"""How much more an error weighs where the lips should be shut."""
CHANGE = 3.0
"""Weight of the errors in movement from hop to hop, so that lips snap shut rather than drift."""
SPREAD = 2.0
"""Weight of moving too little or too much over a crop: unsure networks mumble."""
AVERAGE = 0.999
SAVE_EVERY = 250

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]


def loss_of(given: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Squared error of the network's curves and of what the engine shows of them."""
    seen = shown(given)
    weights = torch.tensor(WEIGHTS)[None, :, None]
    stress = weights * (1 + SHUT * wanted[:, 2:3])
    error = ((given - wanted) ** 2 * weights).mean() + ((seen - wanted) ** 2 * stress).mean()
    moved = torch.diff(seen, n=1, dim=2) - torch.diff(wanted, n=1, dim=2)
    sizes = [(x[:, :2].var(dim=2) + 1e-4).sqrt() for x in (seen, wanted)]
    spread = ((sizes[0] - sizes[1]) ** 2 * weights[:, :2, 0]).mean()
    return error + CHANGE * (moved**2 * weights).mean() + SPREAD * spread


def shown(given: torch.Tensor) -> torch.Tensor:
    """The curves as the engine shows them: still without a voice, shut where lips are pressed."""
    voice, pressed = ease(given[:, 4], *SPEAKS), ease(given[:, 2], *PRESSED)
    gap = given[:, 0].clamp(0, 1.2) * voice * (1 - pressed)
    return torch.cat([gap[:, None], given[:, 1:2] * voice[:, None], given[:, 2:]], dim=1)


def ease(x: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """0 below `low`, 1 above `high`, smooth between, as in the engine."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def feed(folder: Path, seed: int, first: int) -> Iterator[Batch]:
    """The batches of steps `first`, `first` + 1, ..., made beside the training."""
    queue: Queue[Batch] = Queue(maxsize=8)
    speakers = Speakers(folder, "train")
    renew_all(speakers, seed, first)

    def work() -> None:
        step = first
        while True:
            queue.put(batch(speakers, BATCH, seed, step))
            step += 1

    Thread(target=work, daemon=True).start()
    while True:
        yield queue.get()


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to train, how fast, and from where."""

    steps: int
    peak_rate: float
    seed: int
    start: Path | None

    def rate(self, step: int) -> float:
        """The learning rate: a short rise, then down along a cosine."""
        fall = 0.01 + 0.99 * (1 + math.cos(math.pi * step / self.steps)) / 2
        return self.peak_rate * min(1, (step + 1) / WARM_STEPS) * fall


def begin(network: MouthNetwork, exported: Path) -> None:
    """Take over the weights of an exported network; what it lacks has no say at first."""
    known = {w.name: onnx.numpy_helper.to_array(w) for w in onnx.load(exported).graph.initializer}
    with torch.no_grad():
        for name, here in network.named_parameters():
            old = torch.from_numpy(known[name].copy())
            if here.dim() > 1:
                here[: old.shape[0], old.shape[1] :] = 0
            here[tuple(slice(0, n) for n in old.shape)] = old


def train(folder: Path, checkpoint: Path, plan: Plan) -> MouthNetwork:
    """Train as planned, from the checkpoint if there is one; returns the averaged weights."""
    seed, steps = plan.seed, plan.steps
    torch.manual_seed(seed)
    network = MouthNetwork()
    if plan.start is not None:
        begin(network, plan.start)
    average = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(network.parameters(), plan.peak_rate, weight_decay=DECAY)
    parts = {"network": network, "average": average, "optimizer": optimizer}
    first, seen = resume(checkpoint, parts, seed)
    batches = feed(folder, seed, first)
    for step in range(first, steps):
        optimizer.param_groups[0]["lr"] = plan.rate(step)
        features, wanted = (torch.from_numpy(x) for x in next(batches))
        loss = loss_of(network(features), wanted)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        keep = min(AVERAGE, (step + 1) / (step + 10))
        with torch.no_grad():
            for mean, now in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(now, 1 - keep)
        seen = 0.98 * seen + 0.02 * loss.item()
        done = step + 1
        if done % 100 == 0:
            print(f"step {done} of {steps}, loss {seen / (1 - 0.98**done):.4f}", flush=True)
        if done % SAVE_EVERY == 0 or done == steps:
            save(checkpoint, parts, done, seen, seed)
    return average.eval()


def save(checkpoint: Path, parts: dict[str, Any], step: int, seen: float, seed: int) -> None:
    """Write the checkpoint whole or not at all."""
    state = {name: part.state_dict() for name, part in parts.items()}
    fresh = checkpoint.with_suffix(".new")
    torch.save({**state, "step": step, "seen": seen, "seed": seed}, fresh)
    fresh.replace(checkpoint)


def resume(checkpoint: Path, parts: dict[str, Any], seed: int) -> tuple[int, float]:
    """Load a checkpoint into the parts; returns the next step and the running loss."""
    if not checkpoint.exists():
        return 0, 0.0
    state = torch.load(checkpoint, weights_only=True)
    if state["seed"] != seed:
        raise SystemExit(f"{checkpoint} was begun with seed {state['seed']}: use it or remove it")
    for name, part in parts.items():
        part.load_state_dict(state[name])
    print(f"goes on from step {state['step']}", flush=True)
    return int(state["step"]), float(state["seen"])


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
    options.add_argument("--steps", type=int, default=6000)
    options.add_argument("--rate", type=float, default=2e-3)
    options.add_argument("--start", type=Path)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--threads", type=int, default=1)
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    checkpoint = given.out.with_suffix(".checkpoint")
    network = train(given.data, checkpoint, Plan(given.steps, given.rate, given.seed, given.start))
    difference = export(network, given.out)
    print(f"{given.out}: {given.out.stat().st_size / 1e3:.0f} kB, differs {difference:.1e}")
    if difference > 1e-4:
        raise SystemExit("the exported network differs from the trained one")


if __name__ == "__main__":
    main()
