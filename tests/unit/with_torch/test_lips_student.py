"""The smaller repairing network is taught on what the engine will make of its answers."""

import numpy as np
import torch
from numpy.typing import NDArray

from deployments.lipsync.repair import Image, kept_to_lips
from deployments.lipsync.repair_crop import HEIGHT, WIDTH
from tests.unit.with_torch.lips import crop
from training.lips import answers
from training.lips.descent import Descent
from training.lips.distil import advance, apart
from training.lips.judge import Judge
from training.lips.student import Student, added_to, blocks_of


def crops(count: int) -> NDArray[np.uint8]:
    chance = np.random.default_rng(3)
    return np.stack([crop(chance) for _ in range(count)])


def test_it_sees_in_training_what_the_engine_shows_it() -> None:
    given = crops(4)
    seen = blocks_of(torch.from_numpy(given).float()).numpy()
    shown = np.stack([answers.blocks_of(one) for one in given])
    assert np.abs(seen - shown.astype(np.float32)).max() <= 1


def test_what_it_adds_is_kept_to_the_lips_as_the_engine_keeps_it() -> None:
    given = crops(1)
    torch.manual_seed(0)
    luma, chroma = torch.randn(1, 1, HEIGHT, WIDTH), torch.randn(1, 2, HEIGHT // 2, WIDTH // 2)
    trained = added_to(torch.from_numpy(given).float(), luma, chroma)[0].permute(1, 2, 0).numpy()
    whole = (0, 0, WIDTH, HEIGHT)
    kept = kept_to_lips((luma[0, 0].numpy(), chroma[0].numpy()), *given[0, 6:8], whole)
    made = answers.in_rgb(kept)
    assert np.abs(trained).max() > 100
    assert np.abs(made - trained).max() < 2


def test_it_comes_nearer_to_its_teacher() -> None:
    def teacher(given: NDArray[np.uint8]) -> Image:
        inside = given[6].astype(np.float32)[..., None] / 255
        return inside * np.array([30, -20, 10], np.float32)

    pairs = {name: np.zeros((4, HEIGHT, WIDTH, 3), np.uint8) for name in ("warp", "source")}
    given = crops(4)
    pairs["warp"] = given[:, :3].transpose(0, 2, 3, 1)
    pairs |= {"target": pairs["warp"], "inner": given[:, 6], "outer": given[:, 7]}
    torch.manual_seed(0)
    descent = Descent(Student(), steps=40, peak=1e-3)
    rows = np.arange(4)
    before = apart(descent.network, teacher, pairs, rows)
    judge = Judge()
    for _ in range(40):
        advance(descent, judge, teacher, torch.from_numpy(given).float())
    assert apart(descent.network, teacher, pairs, rows) < 0.75 * before
