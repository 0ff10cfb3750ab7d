"""Moving latents so that the probes' scores come out as asked."""

import numpy as np
import pytest

from deployments.portrait import probes as module
from deployments.portrait.probes import Probes
from deployments.portrait.prompt import read
from deployments.portrait.targets import ADULT, bounds


@pytest.fixture(scope="module")
def probes() -> Probes:
    return Probes.read()


@pytest.fixture(scope="module")
def latents(probes: Probes) -> np.ndarray:
    return np.random.RandomState(7).multivariate_normal(probes.mean, probes.covariance, size=50)


def scores(probes: Probes, w: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip(probes.names, probes.scores(w).T, strict=True))


def test_a_move_brings_the_scores_into_their_bounds_and_holds_the_others(
    probes: Probes, latents: np.ndarray
) -> None:
    moved, _ = probes.steer(latents, {"glasses": (1.9, 1.9), "age": (-0.3, 0.5)})
    before, after = scores(probes, latents), scores(probes, moved)
    np.testing.assert_allclose(after["glasses"], 1.9, atol=0.05)
    assert np.all((after["age"] > -0.35) & (after["age"] < 0.55))
    for name in set(probes.names) - {"glasses", "age"}:
        np.testing.assert_allclose(after[name], before[name], atol=0.05)


def test_free_probes_follow(probes: Probes, latents: np.ndarray) -> None:
    moved, _ = probes.steer(latents, {"male": (1.3, 1.3)}, free={"beard"})
    gained = scores(probes, moved)["beard"] - scores(probes, latents)["beard"]
    women = scores(probes, latents)["male"] < 0
    assert gained[women].mean() > 0.3


def test_of_all_moves_that_reach_the_scores_it_is_the_shortest(
    probes: Probes, latents: np.ndarray
) -> None:
    target = {name: (0.0, 0.0) for name in probes.names}
    moved, lengths = probes.steer(latents, target)
    # Any other way to the same scores adds a step that no probe sees.
    unseen = np.linalg.svd(probes.direction)[2][len(probes.names)]
    inverse = np.linalg.inv(probes.covariance)
    for w, m, length in zip(latents, moved, lengths, strict=True):
        own = (m - w) @ inverse @ (m - w)
        assert own == pytest.approx(length, rel=0.05)
        assert (m - w + unseen) @ inverse @ (m - w + unseen) > own


def test_latents_within_the_bounds_stay_where_they_are(probes: Probes, latents: np.ndarray) -> None:
    moved, lengths = probes.steer(latents, {"age": (-99.0, 99.0)})
    np.testing.assert_array_equal(moved, latents)
    np.testing.assert_array_equal(lengths, 0)


def test_a_changed_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.FILES, "probes.npz", "0" * 64)
    with pytest.raises(ValueError, match=r"probes\.npz"):
        Probes.read()


@pytest.mark.parametrize("prompt", ["a person", "an 18 year old woman", "a young man", "a boy"])
def test_every_request_keeps_the_face_adult_frontal_and_bare_headed(
    prompt: str, probes: Probes
) -> None:
    wanted = bounds(read(prompt), probes)
    assert wanted["age"][0] >= ADULT["age"][0]
    assert wanted["minor"][1] < ADULT["minor"][1]
    assert wanted["yaw"] == (0.0, 0.0)
    assert wanted["hat"][1] < 0
    assert wanted["mouth_open"][1] < 0


def test_years_become_deviations_of_the_age_probe(probes: Probes) -> None:
    fifty, sixty = (bounds(read(f"man, {age}"), probes)["age"][0] for age in (50, 60))
    assert (sixty - fifty) * probes.label_std["age"] == pytest.approx(10)
