"""Teaches a smaller network to answer as a larger: `python -m training.lips.distil DATA BIG OUT`.

After `train` (or with any network that it or `fold` made as BIG). The larger one's answer to a
crop is one, where drawn mouths are many, so that pixels teach most of it (Hinton et al., 2015, on
answers that are pictures); a critic at the end brings back what is left of the teeth's edges. A
checkpoint lies beside OUT; the same command goes on.
"""

import argparse
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from deployments.lipsync.repair import COLUMNS, GIVEN, ROWS
from training.lips.answers import Network, open_network
from training.lips.descent import Descent
from training.lips.evaluate import split
from training.lips.export import export
from training.lips.judge import Judge
from training.lips.shards import Arrays
from training.lips.student import Student, added_to, blocks_of
from training.lips.train import SAVE_EVERY, batches, likelihood, pixel_loss, tensors

PEAK_RATE: Final = 2e-3
CRITIC_FROM: Final = 0.81
"""Share of the steps after which the critic has a say."""
HELD: Final = 128
"""Pairs of people held out that progress is told on."""


def answered(network: Network, given: torch.Tensor) -> torch.Tensor:
    """(n, 3, height, width): what the larger network adds to crops of whole bytes."""
    crops = given.to(torch.uint8).numpy()
    return torch.from_numpy(np.stack([network(crop).transpose(2, 0, 1) for crop in crops]))


def advance(descent: Descent, judge: Judge, teacher: Network, given: torch.Tensor) -> float:
    """One step; its loss of pixels."""
    wanted = (given[:, :3] + answered(teacher, given)).clamp(0, 255)
    blocks = blocks_of(given)
    with torch.autocast("cpu", torch.bfloat16):
        luma, chroma = descent.network(blocks)
    made = given[:, :3] + added_to(given, luma.float(), chroma.float())
    loss = pixel_loss(made, wanted, given)
    value = loss.item()
    if descent.done >= CRITIC_FROM:
        loss, _ = judge.with_critic(loss, made, wanted, given)
    descent.down(loss)
    return value


def apart(student: nn.Module, teacher: Network, pairs: Arrays, rows: NDArray[Any]) -> float:
    """Mean difference of the answers inside the lips, of 255."""
    given, _ = tensors(pairs, rows)
    with torch.inference_mode():
        made = added_to(given, *student(blocks_of(given)))
        difference = (made - answered(teacher, given)).abs()
    lips = given[:, 7:8] / 255
    return float((difference * lips).sum() / (3 * lips.sum()))


def export_student(student: nn.Module, path: Path) -> None:
    """Write it as ONNX, in the engine's form."""
    export(student, path, (GIVEN, ROWS, COLUMNS), "blocks", ["luma", "chroma"])


def main() -> None:
    """Teach, go on with, or only export."""
    parser = argparse.ArgumentParser(description="Teach a smaller network what a larger answers.")
    parser.add_argument("data", type=Path)
    parser.add_argument("teacher", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=10_500)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    teacher = open_network(given.teacher)
    learn, held = split(given.data / "pairs")
    print(f"{len(learn['person'])} pairs to learn from, {len(held['person'])} held out", flush=True)
    shown = np.random.default_rng(0).choice(len(held["person"]), HELD, p=likelihood(held))
    judge = Judge()
    descent = Descent(Student(), given.steps, PEAK_RATE, **judge.parts())
    checkpoint = given.out.with_suffix(".checkpoint.pt")
    descent.resume(checkpoint)
    for crops, _ in batches(descent, learn, given.steps):
        loss = advance(descent, judge, teacher, crops.round())
        if descent.step % SAVE_EVERY == 0:
            descent.save(checkpoint)
            off = apart(descent.mean, teacher, held, shown)
            print(f"{descent.step} of {given.steps}: loss {loss:.4f}, {off:.2f} apart", flush=True)
    export_student(descent.mean.eval(), given.out)


if __name__ == "__main__":
    main()
