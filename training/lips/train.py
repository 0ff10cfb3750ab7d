"""Trains the repairing network: `python -m training.lips.train DATA OUT.onnx --steps 11000`.

Step 5, after `pairs`. A checkpoint lies beside OUT; the same command goes on from it.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from torch import nn

from training.lips.descent import Descent
from training.lips.evaluate import split
from training.lips.export import export
from training.lips.judge import Judge
from training.lips.mouths import column
from training.lips.network import Repair, reach
from training.lips.shards import Arrays

BATCH = 16
PEAK_RATE = 1e-3
CRITIC_FROM = 0.62
"""Share of the steps after which the critic has a say."""
USUAL, MISREAD = 12.0, 15.0
"""Of 255: mouths are this much lighter inside than painted, on average; how far beyond is wrong."""
SAVE_EVERY = 250


def likelihood(pairs: Arrays) -> NDArray[np.float64]:
    """How often each pair is to be seen.

    Wide mouths are rare here, broad smiles in speech. Where the inside was painted much lighter or
    darker than it is, teeth or none were read wrongly: such a pair teaches grey.
    """
    opening, smile = (column(pairs["measures"], name) for name in ("opening", "smile"))
    weight = np.clip(1.2 - smile, 0.2, 1.0) * (0.5 + np.clip(opening, 0, 0.3) * 8)
    painted, drawn = (inner_light(pairs, name) for name in ("warp", "target"))
    apart = drawn - painted
    weight = weight * np.exp(-((np.maximum(0, np.abs(apart - USUAL) - USUAL) / MISREAD) ** 2))
    weight = weight.astype(np.float64)
    return np.asarray(weight / weight.sum())


def inner_light(pairs: Arrays, name: str) -> NDArray[np.float64]:
    """(n,) mean brightness inside the mouths of one kind of picture, 0 to 255."""
    masks = pairs["inner"]
    return np.array(
        [cv2.mean(image, mask)[:3] for image, mask in zip(pairs[name], masks, strict=True)]
    ).mean(axis=1)


def tensors(pairs: Arrays, rows: NDArray[Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """The network's input (n, 8, height, width) and the target in the warp's tone, 0 to 255."""
    colours = [torch.from_numpy(pairs[k][rows]).permute(0, 3, 1, 2) for k in ("warp", "source")]
    masks = [torch.from_numpy(pairs[k][rows])[:, None] for k in ("inner", "outer")]
    given = torch.cat([*colours, *masks], 1).float()
    target = torch.from_numpy(pairs["target"][rows]).permute(0, 3, 1, 2).float()
    skin = 1 - functional.max_pool2d(given[:, 7:8] / 255, 13, 1, 6) + 1e-3
    gain = (given[:, :3] * skin).sum((2, 3), True) / (target * skin).sum((2, 3), True)
    return given, (target * gain.clamp(0.75, 1.33)).clamp(0, 255)


def spoil(
    given: torch.Tensor, target: torch.Tensor, chance: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Other light, other tint, mirrored."""
    n = len(given)
    gain = torch.from_numpy(chance.uniform(0.6, 1.15, (n, 1, 1, 1))).float()
    gain = gain * torch.from_numpy(chance.uniform(0.92, 1.08, (n, 3, 1, 1))).float()
    given = given.clone()
    given[:, :3] *= gain
    given[:, 3:6] *= gain
    target = target * gain
    if chance.random() < 0.5:
        given, target = given.flip(3), target.flip(3)
    return given.clamp(0, 255), target.clamp(0, 255)


def batches(
    descent: Descent, pairs: Arrays, stop: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Inputs and targets of each step until step `stop`, the same whenever a run goes on."""
    often = likelihood(pairs)
    while descent.step < stop:
        chance = np.random.default_rng(descent.step)
        rows = chance.choice(len(often), BATCH, p=often)
        yield spoil(*tensors(pairs, rows), chance)


def pixel_loss(made: torch.Tensor, target: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
    """Absolute errors of pixels, slopes and means of 4 x 4, most where the mouth's inside is."""
    where = reach(given)
    weight = where * (0.35 + 2 * given[:, 7:8] / 255 + 2 * given[:, 6:7] / 255)
    a, b = made / 127.5, target / 127.5
    loss = 2 * (weight * (a - b).abs()).mean()
    for axis in (2, 3):
        slope = (torch.diff(a, dim=axis) - torch.diff(b, dim=axis)).abs()
        loss = loss + 2 * (weight.narrow(axis, 1, weight.shape[axis] - 1) * slope).mean()
    coarse = (functional.avg_pool2d(a, 4) - functional.avg_pool2d(b, 4)).abs()
    return loss + (functional.avg_pool2d(weight, 4) * coarse).mean()


class Training:
    """The repairing network, its judge, and where the training stands."""

    def __init__(self, steps: int) -> None:
        torch.manual_seed(0)
        self.judge = Judge()
        self.descent = Descent(Repair(), steps, PEAK_RATE, **self.judge.parts())

    def advance(self, given: torch.Tensor, target: torch.Tensor) -> tuple[float, float]:
        """One step; the loss of pixels and the critic's."""
        with torch.autocast("cpu", torch.bfloat16):
            added = self.descent.network(given)
        made = given[:, :3] + added.float()
        where = reach(given)
        wanted = given[:, :3] * (1 - where) + target * where
        loss, judged = pixel_loss(made, wanted, given), 0.0
        value = loss.item()
        if self.descent.done >= CRITIC_FROM:
            loss, judged = self.judge.with_critic(loss, made, wanted, given)
        self.descent.down(loss)
        return value, judged


def held_out(network: nn.Module, pairs: Arrays, most: int = 256) -> tuple[float, float]:
    """Mean absolute error inside the lips on held-out people, of the warp and repaired, of 255."""
    rows = np.random.default_rng(0).choice(len(pairs["person"]), most, p=likelihood(pairs))
    given, target = tensors(pairs, rows)
    with torch.inference_mode():
        made = (given[:, :3] + network(given)).clamp(0, 255)
    lips = given[:, 7:8] / 255
    share = 3 * lips.sum()
    return tuple(float(((x - target).abs() * lips).sum() / share) for x in (given[:, :3], made))  # type: ignore[return-value]


def main() -> None:
    """Train, go on with, or only export."""
    parser = argparse.ArgumentParser(description="Train the network that repairs warped mouths.")
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=11_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--stop", type=int, help="export after this step of the way")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    learn, held = split(given.data / "pairs")
    print(f"{len(learn['person'])} pairs to learn from, {len(held['person'])} held out", flush=True)
    training = Training(given.steps)
    descent = training.descent
    checkpoint = given.out.with_suffix(".checkpoint.pt")
    descent.resume(checkpoint)
    for crops, targets in batches(descent, learn, min(given.steps, given.stop or given.steps)):
        loss, judged = training.advance(crops, targets)
        if descent.step % SAVE_EVERY == 0:
            descent.save(checkpoint)
            warp, made = held_out(descent.mean, held)
            print(
                f"{descent.step} of {given.steps}: loss {loss:.4f}, critic {judged:.2f}; "
                f"held out {made:.2f}, warp {warp:.2f}",
                flush=True,
            )
    export(descent.mean.eval(), given.out, (8, *learn["inner"].shape[1:]), "given", ["added"])


if __name__ == "__main__":
    main()
