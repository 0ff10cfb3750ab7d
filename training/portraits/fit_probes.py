"""Sample faces, label them, and fit linear probes of the generator's latent space.

    python -m training.portraits.fit_probes --faces 288 --out probes.npz

Face n is `latents(RandomState(1000 + n).randn(1, 512))`, drawn towards the mean by TRUNCATION. Ten
labels are measured in the picture, the others were marked by eye (marks.csv) and need no painting.
Each probe is a ridge regression whose penalty is chosen by eight-fold cross-validation; its
cross-validated figure is printed: correlation, or area under the ROC curve for yes and no.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deployments.face.mediapipe import MediaPipe
from deployments.loading import weight_files
from deployments.portrait.generator import LATENT, Generator
from serve.settings import Settings
from serve.weights.store import open_store
from training.portraits.labels import MARKS, MEASURED, marks, measured

MARKS_FILE = Path(__file__).with_name("marks.csv")
TRUNCATION = 0.8
FIRST_SEED = 1000
FOLDS = 8
PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""In mean eigenvalues of the latents' scatter."""

Array = NDArray[np.float64]


def latent(generator: Generator, mean: Array, n: int) -> Array:
    """(LATENT,) of face n."""
    z = np.random.RandomState(FIRST_SEED + n).randn(1, LATENT)
    return np.asarray(mean + TRUNCATION * (generator.latents(z)[0] - mean))


def statistics(generator: Generator, faces: int = 20_000) -> tuple[Array, Array]:
    """Mean (LATENT,) and covariance (LATENT, LATENT) of truncated latents."""
    random = np.random.RandomState(0)
    w = np.concatenate([generator.latents(random.randn(500, LATENT)) for _ in range(faces // 500)])
    return w.mean(axis=0), TRUNCATION**2 * np.cov(w.T)


def labelled(
    generator: Generator, faces: MediaPipe | None, mean: Array, numbers: Iterable[int]
) -> tuple[Array, Array]:
    """Latents (n, LATENT) and labels (n, MEASURED + MARKS); NaN where a face has none.

    Without a face engine nothing is painted or measured. Faces that are not found are left out.
    """
    known = marks(MARKS_FILE)
    rows: list[Array] = []
    latents: list[Array] = []
    for n in numbers:
        w = latent(generator, mean, n)
        seen = np.full(len(MEASURED), np.nan)
        if faces is not None:
            picture = generator.picture(w)
            found = faces.find(picture)
            if not found:
                continue
            seen = measured(picture, max(found, key=lambda face: face.area))
            if len(rows) % 50 == 49:
                print(f"{len(rows) + 1} faces")
        rows.append(np.concatenate([seen, known.get(n, np.full(len(MARKS), np.nan))]))
        latents.append(w)
    return np.array(latents), np.array(rows)


def ridge(x: Array, y: Array, penalty: float) -> Array:
    """Weights of y (zero mean) on x (zero mean), solved in the space of the samples."""
    gram = x @ x.T
    scale = penalty * np.trace(gram) / min(x.shape)
    return np.asarray(x.T @ np.linalg.solve(gram + scale * np.eye(len(x)), y))


def held_out(x: Array, y: Array, penalty: float) -> Array:
    """Predictions of each sample by a fit that did not see it."""
    fold = np.random.RandomState(0).permutation(len(y)) % FOLDS
    out = np.empty_like(y)
    for k in range(FOLDS):
        seen = fold != k
        middle, level = x[seen].mean(axis=0), y[seen].mean()
        weights = ridge(x[seen] - middle, y[seen] - level, penalty)
        out[~seen] = level + (x[~seen] - middle) @ weights
    return out


def quality(predicted: Array, y: Array) -> float:
    """Area under the ROC curve for labels of two values, else the correlation."""
    values = np.unique(y)
    if len(values) > 2:
        return float(np.corrcoef(predicted, y)[0, 1])
    rank = np.argsort(np.argsort(predicted))
    yes = y == values[-1]
    return float((rank[yes].mean() - (yes.sum() - 1) / 2) / (~yes).sum())


def fit(w: Array, label: Array, mean: Array) -> tuple[Array, float, float]:
    """Direction (LATENT,) and bias of the label in deviations, and the cross-validated quality."""
    has = ~np.isnan(label)
    x, y = w[has] - mean, (label[has] - label[has].mean()) / label[has].std()
    best = max(PENALTIES, key=lambda penalty: quality(held_out(x, y, penalty), y))
    middle = x.mean(axis=0)
    direction = ridge(x - middle, y, best)
    return direction, float(-middle @ direction), quality(held_out(x, y, best), y)


def main() -> None:
    """Fit the probes that are asked for and write them."""
    parser = argparse.ArgumentParser(description="Fit the probes of the portrait stage.")
    parser.add_argument("--faces", type=int, default=700, help="faces to measure")
    parser.add_argument("--names", nargs="+", default=list(MEASURED + MARKS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--lines-only", action="store_true", help="leave out the covariance")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    files = weight_files(
        ("mobilestylegan-ffhq", "mediapipe-face-landmarker"), open_store(Settings())
    )
    generator = Generator.load(files, threads=given.threads)
    measure = bool(set(given.names) & set(MEASURED))
    faces = MediaPipe.load(files, threads=given.threads) if measure else None
    mean, covariance = statistics(generator)
    numbers = range(given.faces) if measure else sorted(marks(MARKS_FILE))
    w, labels = labelled(generator, faces, mean, numbers)
    columns = [(MEASURED + MARKS).index(name) for name in given.names]
    fits = [fit(w, labels[:, column], mean) for column in columns]
    for name, (_, _, figure) in zip(given.names, fits, strict=True):
        print(f"{name:12s} {figure:.3f}")
    arrays = {
        "names": np.array(given.names),
        "direction": np.array([direction for direction, _, _ in fits], np.float32),
        "bias": np.array([bias for _, bias, _ in fits], np.float32),
        "label_mean": np.nanmean(labels[:, columns], axis=0).astype(np.float32),
        "label_std": np.nanstd(labels[:, columns], axis=0).astype(np.float32),
        "w_mean": mean.astype(np.float32),
    }
    if not given.lines_only:
        arrays["w_covariance"] = covariance.astype(np.float32)
    np.savez_compressed(given.out, **arrays)


if __name__ == "__main__":
    main()
