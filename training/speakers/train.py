"""Trains the judge: `python -m training.speakers.train CORPUS [--steps 1500]`.

Classes are the stock voices but the held ones, and the mixtures in which no held voice has a
share, each at five speeds (pitch and formants go along: Yamamoto et al. 2019). The loss is the additive
angular margin of Deng et al. 2019. Then prints how well the held voices are told apart, and writes
judge.onnx.
"""

import argparse
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import resample_poly
from torch import Tensor, nn
from torch.nn import functional

from deployments.cloning.voice_activity import speech_of
from media.sound import Sound
from training.mouth.data import HELD_VOICES
from training.speakers.corpus import NAMES
from training.speakers.judge import BANDS, FILE, RATE, Judge, levelled, log_mel

SPEEDS: Final = (0.84, 0.92, 1.0, 1.09, 1.19)
FRAMES: Final = 180
BATCH: Final = 48
WIDTH, SIZE = 112, 128
MARGIN, SCALE = 0.2, 24.0

Mel = NDArray[np.float32]


class Network(nn.Module):
    """Log-mel (n, BANDS, frames) to vectors of length 1, (n, SIZE)."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(BANDS, WIDTH, 5, padding=2)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm1d(WIDTH),
                nn.ReLU(),
                nn.Conv1d(WIDTH, WIDTH, 3, padding=dilation, dilation=dilation),
                nn.BatchNorm1d(WIDTH),
                nn.ReLU(),
                nn.Conv1d(WIDTH, WIDTH, 1),
            )
            for dilation in (1, 2, 3, 4)
        )
        self.wide = nn.Sequential(nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Conv1d(WIDTH, 256, 1), nn.ReLU())
        self.last = nn.Sequential(nn.BatchNorm1d(512), nn.Linear(512, SIZE))

    def forward(self, mel: Tensor) -> Tensor:
        """All of a sound at once."""
        x = self.first(mel)
        for block in self.blocks:
            x = x + block(x)
        x = self.wide(x)
        mean = x.mean(dim=2)
        spread = ((x - mean[:, :, None]) ** 2).mean(dim=2).add(1e-4).sqrt()
        return functional.normalize(self.last(torch.cat([mean, spread], dim=1)), dim=1)


def utterances(corpus: Path) -> Iterator[tuple[str, Sound]]:
    """Who speaks, and their speech; mixtures with a share of a held voice are left out."""
    held = [NAMES.index(voice) for voice in HELD_VOICES]
    for path in sorted(corpus.glob("*-?.npz")):
        with np.load(path) as data:
            who, shares, sound = str(data["who"]), data["shares"], data["sound"]
        if who in NAMES or not shares[:, held].any():
            yield who, speech_of(Sound((sound / 32768).astype(np.float32), RATE))


def at_speed(sound: Sound, speed: float) -> Mel:
    """Its log-mel spectrogram, spoken faster and higher by `speed`."""
    share = Fraction(1 / speed).limit_denominator(40)
    samples = resample_poly(sound.samples, share.numerator, share.denominator)
    return log_mel(samples.astype(np.float32))


def spoiled(mel: Mel, dice: np.random.Generator) -> Mel:
    """A piece of FRAMES as another microphone in another room would have it, some of it hidden."""
    start = dice.integers(max(1, len(mel) - FRAMES))
    piece = mel[start : start + FRAMES]
    piece = np.pad(piece, ((0, FRAMES - len(piece)), (0, 0)), mode="wrap")
    if dice.random() < 0.6:  # noise of a smooth colour
        colour = np.interp(np.arange(BANDS), np.linspace(0, BANDS, 5), dice.normal(0, 2.0, 5))
        noise = piece.max() - dice.uniform(4.5, 13.0) + colour
        piece = np.logaddexp(piece, noise + dice.gumbel(0, 1, piece.shape) * 0.7)
    piece = levelled(piece.astype(np.float32))
    band, size = dice.integers(BANDS), dice.integers(7)
    piece[:, band : band + size] = 0
    return piece


def train(classes: list[list[Mel]], steps: int) -> Network:
    """By Adam, a random piece of a random utterance at a time; follows from its seed."""
    torch.manual_seed(4)
    torch.set_num_threads(1)
    dice = np.random.default_rng(4)
    network = Network()
    centres = nn.Parameter(torch.randn(len(classes), SIZE))
    learned = [*network.parameters(), centres]
    optimiser = torch.optim.AdamW(learned, lr=2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    right = 0.0
    for step in range(steps):
        who = dice.integers(len(classes), size=BATCH)
        pieces = [spoiled(classes[n][dice.integers(len(classes[n]))], dice) for n in who]
        said = network(torch.from_numpy(np.stack(pieces).transpose(0, 2, 1)))
        target = torch.from_numpy(who)
        cosines = said @ functional.normalize(centres, dim=1).T
        angles = torch.acos(cosines.clamp(-1 + 1e-6, 1 - 1e-6))
        margin = functional.one_hot(target, len(classes)) * (MARGIN * min(1.0, 3 * step / steps))
        loss = functional.cross_entropy(SCALE * torch.cos(angles + margin), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        right = 0.98 * right + 0.02 * float((cosines.argmax(1) == target).float().mean())
        if step % 100 == 99:
            print(f"step {step + 1}: loss {loss.item():.3f}, right {right:.3f}", flush=True)
    return network.eval()


def equal_error(vectors: NDArray[np.float32], names: list[str]) -> tuple[float, float]:
    """Equal error rate of all pairs, and the cosine at which it lies."""
    one, other = np.triu_indices(len(names), 1)
    cosines = np.einsum("ij,ij->i", vectors[one], vectors[other])
    same = np.array(names)[one] == np.array(names)[other]
    steps = np.linspace(-1, 1, 2001)
    missed = np.array([np.mean(cosines[same] < at) for at in steps])
    let_in = np.array([np.mean(cosines[~same] >= at) for at in steps])
    n = int(np.argmin(np.abs(missed - let_in)))
    return float((missed[n] + let_in[n]) / 2), float(steps[n])


def main() -> None:
    """Train, export, measure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("corpus", type=Path)
    options.add_argument("--steps", type=int, default=1500)
    given = options.parse_args()
    spoken = list(utterances(given.corpus))
    by_class: dict[tuple[str, float], list[Mel]] = {}
    for who, sound in spoken:
        if who not in HELD_VOICES:
            for speed in SPEEDS:
                by_class.setdefault((who, speed), []).append(at_speed(sound, speed))
    print(f"{len(by_class)} classes of {len({who for who, _ in by_class})} voices", flush=True)
    network = train(list(by_class.values()), given.steps)
    torch.onnx.export(
        network,
        (torch.zeros(1, BANDS, FRAMES),),
        FILE,
        input_names=["mel"],
        output_names=["voice"],
        dynamic_axes={"mel": {2: "frames"}},
        dynamo=False,
    )
    judge = Judge()
    held = [(who, judge.embed(sound)) for who, sound in spoken if who in HELD_VOICES]
    rate, at = equal_error(np.stack([v for _, v in held]), [who for who, _ in held])
    print(f"held voices, {len(held)} sentences: equal error {100 * rate:.1f} % at {at:.2f}")


if __name__ == "__main__":
    main()
