"""The script that fits probes finds lines that are there, and gives the shipped ones."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import gallery
from deployments.face.mediapipe import MediaPipe
from deployments.portrait.generator import Generator
from deployments.portrait.probes import Probes
from deployments.portrait.targets import ADULT
from tests.weights import weights
from training.portraits.fit_probes import fit, labelled, quality
from training.portraits.labels import MARKS, MEASURED, marks, measured

MARKED = Path(__file__).parents[2] / "training/portraits/marks.csv"


def labels_of(picture: np.ndarray) -> dict[str, float]:
    (face,) = MediaPipe.load(weights(*MediaPipe.weights), threads=1).find(picture)
    return dict(zip(MEASURED, measured(picture, face), strict=True))


def test_a_line_through_noise_is_found() -> None:
    random = np.random.RandomState(0)
    w, line = random.randn(400, 40), random.randn(40)
    label = 30 + 12 * (w @ line / np.linalg.norm(line) + 0.2 * random.randn(400))
    direction, _, figure = fit(w, label, np.zeros(40))
    cosine = direction @ line / np.linalg.norm(direction) / np.linalg.norm(line)
    assert cosine > 0.98
    assert figure > 0.95


def test_labels_that_are_chance_are_not_predicted() -> None:
    random = np.random.RandomState(1)
    _, _, figure = fit(random.randn(300, 40), random.randn(300), np.zeros(40))
    assert abs(figure) < 0.25


def test_quality_of_yes_and_no_is_the_area_under_the_curve() -> None:
    assert quality(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1])) == 1.0
    assert quality(np.array([0.9, 0.2, 0.8, 0.1]), np.array([0, 0, 1, 1])) == 0.25


def test_the_marks_and_the_script_give_the_shipped_lines() -> None:
    shipped = Probes.read()
    generator = Generator.load(weights("mobilestylegan-ffhq"), threads=2)
    w, labels = labelled(generator, None, shipped.mean, sorted(marks(MARKED)))
    for name in ("beard", "intruder", "blonde", "grey", "short", "minor"):
        direction, _, _ = fit(w, labels[:, len(MEASURED) + MARKS.index(name)], shipped.mean)
        line = shipped.direction[shipped.names.index(name)]
        cosine = direction @ line / np.linalg.norm(direction) / np.linalg.norm(line)
        assert cosine > 0.99, name


def test_no_face_that_was_marked_as_a_childs_is_steered() -> None:
    probes = Probes.read()
    generator = Generator.load(weights("mobilestylegan-ffhq"), threads=2)
    w, labels = labelled(generator, None, probes.mean, sorted(marks(MARKED)))
    minor = labels[:, len(MEASURED) + MARKS.index("minor")] == 1
    adult = np.ones(len(w), bool)
    for name, (low, high) in ADULT.items():
        adult &= (low < probes.score(w, name)) & (probes.score(w, name) < high)
    assert minor.sum() > 80
    assert not (adult & minor).any()
    assert adult.sum() > 0.5 * (~minor).sum()


def test_a_mirrored_picture_has_the_mirrored_yaw() -> None:
    picture = gallery.picture("clara")
    straight, mirrored = labels_of(picture), labels_of(np.ascontiguousarray(picture[:, ::-1]))
    assert straight["yaw"] == pytest.approx(-mirrored["yaw"], abs=0.03)
    assert straight["mouth_w"] == pytest.approx(mirrored["mouth_w"], abs=0.05)


def test_colours_are_measured_where_they_are() -> None:
    dark, light = labels_of(gallery.picture("mei")), labels_of(gallery.picture("ingrid"))
    assert light["hairL"] > dark["hairL"] + 50
    assert dark["hair_below"] > light["hair_below"]
    dimmed = cv2.convertScaleAbs(gallery.picture("mei"), alpha=0.7)
    assert labels_of(dimmed)["skinL"] < dark["skinL"] - 20
