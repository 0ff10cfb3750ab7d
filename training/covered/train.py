"""Trains the network that notices covered mouths: `python -m training.covered.train DATA OUT.onnx`.

After step 2 of training/lips, whose people it takes. A few minutes on one core.
"""

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray

from deployments.face.covered import HEIGHT, WIDTH, mouth_crop
from media.face import MOST_COVERED
from training.covered.network import STRIDE, Covered
from training.covered.obstacles import MAKERS, Maker, scrap_of
from training.lips.people import HELD_EVERY
from training.lips.shards import finished

BATCH, RATE = 32, 2e-3
FREE = 0.4
"""Share of the crops that nothing covers."""
JITTER = 2.0
"""Pixels of the drawn picture by which the mesh is shifted: obstacles shift it."""

Crops = dict[str, NDArray[Any]]


def load_crops(folder: Path, chance: np.random.Generator) -> Crops:
    """What the engine sees (n, HEIGHT, WIDTH, 3), masks of the lips, and whose they are."""
    crops, lips, persons = [], [], []
    for path in finished(folder):
        with np.load(path) as rows:
            whole = {name: rows[name] for name in ("person", "picture", "mesh")}
        for person, picture, mesh in zip(*whole.values(), strict=True):
            moved = mesh + JITTER * np.append(chance.normal(size=2), 0).astype(np.float32)
            seen = mouth_crop(picture, moved)
            crops.append(seen[:3].transpose(1, 2, 0))
            lips.append(seen[3])
            persons.append(person)
    return {"crop": np.array(crops), "lips": np.array(lips), "person": np.array(persons)}


def worn(crop: NDArray[np.uint8], chance: np.random.Generator) -> NDArray[np.uint8]:
    """The crop of a poorer picture: fewer pixels, grain, the blocks of a JPEG file."""
    if chance.random() < 0.5:
        scale = chance.uniform(0.4, 2.0)
        small = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        if chance.random() < 0.3:
            small = small + chance.normal(size=small.shape) * chance.uniform(1, 8)
        quality = int(chance.integers(20, 96))
        seen = np.clip(small, 0, 255).astype(np.uint8)
        _, file = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, quality])
        seen = np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), np.uint8)
        return np.asarray(cv2.resize(seen, (WIDTH, HEIGHT)), np.uint8)
    return crop


def example(
    crop: NDArray[np.uint8],
    lips: NDArray[np.uint8],
    maker: Maker | None,
    chance: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """What the network sees, and how much of each piece is covered."""
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    if maker is not None:
        crop, mask = maker(crop, chance)
    light = chance.uniform(0.5, 1.2) * (1 + 0.05 * chance.normal(size=3))
    crop = np.clip(crop * light, 0, 255).astype(np.uint8)
    crop = worn(crop, chance)
    seen = np.dstack([crop, lips]).transpose(2, 0, 1)
    pieces = (WIDTH // STRIDE, HEIGHT // STRIDE)
    share = np.asarray(cv2.resize(mask, pieces, interpolation=cv2.INTER_AREA), np.float32)
    if chance.random() < 0.5:
        seen, share = seen[..., ::-1], share[..., ::-1]
    return seen, share


def batch(
    crops: Crops, makers: list[Maker], chance: np.random.Generator
) -> tuple[torch.Tensor, ...]:
    """Examples stacked."""
    made = []
    for n in chance.integers(len(crops["crop"]), size=BATCH):
        maker = None if chance.random() < FREE else makers[int(chance.integers(len(makers)))]
        made.append(example(crops["crop"][n], crops["lips"][n], maker, chance))
    return tuple(torch.from_numpy(np.array(part)) for part in zip(*made, strict=True))


def covered_lips(network: Covered, seen: torch.Tensor) -> NDArray[np.float32]:
    """(n,) share of the lips that is covered, as the engine counts it."""
    with torch.inference_mode():
        shares = network(seen)
    lips = functional.avg_pool2d(seen[:, 3].float() / 255, STRIDE)
    return np.asarray(((shares * lips).sum((1, 2)) / lips.sum((1, 2))).numpy())


def report(network: Covered, crops: Crops, makers: dict[str, Maker]) -> None:
    """How much is seen covered on people held out: free mouths, and each kind of obstacle."""
    chance = np.random.default_rng(1)
    for name, maker in {"free": None, **makers}.items():
        seen, truth = [], []
        for crop, lips in zip(crops["crop"], crops["lips"], strict=True):
            given, share = example(crop, lips, maker, chance)
            weight = cv2.resize(
                given[3].astype(np.float32), share.shape[::-1], interpolation=cv2.INTER_AREA
            )
            seen.append(given)
            truth.append((share * weight).sum() / weight.sum())
        found, wanted = covered_lips(network, torch.from_numpy(np.array(seen))), np.array(truth)
        much = wanted > 0.3
        error, high = np.abs(found - wanted).mean(), np.quantile(found, 0.99)
        text = f"{name:12s} error {error:.3f}, 99 % below {high:.3f}"
        if much.any():
            noticed = np.mean(found[much] > MOST_COVERED)
            text += f"; of {much.sum()} covered by .3 and more, noticed {noticed:.1%}"
        print(text, flush=True)


def photographed() -> NDArray[np.uint8]:
    """Textures of photographs that training never sees."""
    import skimage.data

    pictures = (skimage.data.coffee(), skimage.data.chelsea(), skimage.data.rocket())
    return np.array(
        [cv2.resize(p, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for p in pictures]
    )


def export(network: Covered, path: Path) -> None:
    """Write ONNX and check it against the trained network."""
    import onnxruntime

    given = torch.randint(0, 256, (1, 4, HEIGHT, WIDTH), dtype=torch.uint8)
    names = {"input_names": ["given"], "output_names": ["covered"]}
    torch.onnx.export(network, (given,), path, dynamo=False, opset_version=17, **names)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (exported,) = session.run(None, {"given": given.numpy()})
    with torch.inference_mode():
        apart = np.abs(exported - network(given).numpy()).max()
    print(f"exported, {path.stat().st_size / 1e3:.0f} kB: differs by {apart:.1e}")
    if apart > 1e-4:
        raise SystemExit("the exported network is another one than was trained")


def train(learn: Crops, steps: int) -> Covered:
    """The network, trained."""
    makers = [*MAKERS.values(), scrap_of(learn["crop"])]
    network = Covered()
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps)
    seen_loss = 0.0
    for step in range(1, steps + 1):
        seen, share = batch(learn, makers, np.random.default_rng(step))
        loss = functional.binary_cross_entropy_with_logits(network.logits(seen), share)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        schedule.step()
        seen_loss = 0.98 * seen_loss + 0.02 * loss.item()
        if step % 250 == 0:
            print(f"{step} of {steps}: loss {seen_loss / (1 - 0.98**step):.4f}", flush=True)
    return network.eval()


def main() -> None:
    """Train, export, report."""
    parser = argparse.ArgumentParser(description="Train the network that notices covered mouths.")
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    crops = load_crops(given.data / "people", np.random.default_rng(0))
    held = crops["person"] % HELD_EVERY == 0
    learn, unseen = ({k: v[mask] for k, v in crops.items()} for mask in (~held, held))
    print(f"{len(learn['crop'])} crops to learn from, {len(unseen['crop'])} held out", flush=True)
    network = train(learn, given.steps)
    export(network, given.out)
    report(network, unseen, {**MAKERS, "photographs": scrap_of(photographed())})


if __name__ == "__main__":
    main()
