"""The search among stock voices, with ears of its own in place of the network's."""

import numpy as np
import pytest
from numpy.typing import NDArray

from deployments.cloning.blend import HALF, HALVES, Blender, Known, Shares
from deployments.cloning.kokoro_fit import taken
from deployments.cloning.search import AT_ONCE, Target, as_heard, finalists, search
from deployments.cloning.surrogate import Surrogate
from deployments.speech.kokoro_styles import ROWS, STYLE

VOICES = 10
HEARD = 256
NO_WORDS = np.zeros(HEARD, np.float32)


class Ears:
    """Hears a mixture as a smooth function of its style, and counts."""

    def __init__(self, blender: Blender) -> None:
        dice = np.random.default_rng(5)
        self.blender = blender
        self.ways = dice.normal(0, 1, (HALVES * HALF, HEARD)) / 4
        self.count = 0
        self.shares: list[Shares] = []

    def of_places(self, places: NDArray[np.float64]) -> NDArray[np.float32]:
        raw = np.tanh(places.reshape(len(places), -1) @ self.ways) + 0.5
        return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)

    def __call__(self, mixtures: list[Shares]) -> Known:
        self.count += len(mixtures)
        self.shares += mixtures
        shares = np.stack(mixtures)
        places = self.blender.places(shares)
        hertz = 150 * 2 ** np.tanh(places[:, 0, 0])
        return Known(shares, self.of_places(places), hertz.astype(np.float32), NO_WORDS)


@pytest.fixture(scope="module")
def blender() -> Blender:
    dice = np.random.default_rng(2)
    voices = dice.normal(0, 0.1, (VOICES, 1, STYLE)) + dice.normal(0, 0.01, (VOICES, ROWS, STYLE))
    return Blender.of({f"v{n}": table.astype(np.float32) for n, table in enumerate(voices)})


def stock(blender: Blender, ears: Ears) -> Known:
    return ears([blender.alone(name) for name in blender.names])


def target_of(ears: Ears, shares: Shares) -> Target:
    heard = ears([shares])
    return Target.among(stock(ears.blender, ears), heard.fingerprints[0], float(heard.hertz[0]))


def hidden() -> Shares:
    """A mixture of three voices, the halves apart."""
    shares = np.zeros((HALVES, VOICES), np.float32)
    shares[0, [1, 4]] = 0.6, 0.4
    shares[1, 7] = 1.0
    return shares


def test_the_search_comes_nearer_than_any_stock_voice(blender: Blender) -> None:
    ears = Ears(blender)
    known, target = stock(blender, ears), target_of(ears, hidden())
    nearest = float((known.fingerprints @ target.fingerprint).max())
    *_, heard = search(target, blender, known, ears, rounds=8, seed=0)
    found = ears(finalists(target, blender, heard, 1)[1:])
    reached = float(found.fingerprints[0] @ target.fingerprint)
    assert nearest < 0.95
    assert 1 - reached < 0.3 * (1 - nearest)
    assert abs(12 * np.log2(found.hertz[0] / target.hertz)) < 1


def test_a_round_speaks_as_many_as_it_says_and_no_mixture_twice(blender: Blender) -> None:
    ears = Ears(blender)
    known, target = stock(blender, ears), target_of(ears, hidden())
    before = ears.count
    rounds = list(search(target, blender, known, ears, rounds=3, seed=0))
    assert [len(told.shares) for told in rounds] == [VOICES + AT_ONCE * n for n in range(1, 4)]
    assert ears.count - before == 3 * AT_ONCE
    assert len({mixture.tobytes() for mixture in ears.shares[before:]}) == 3 * AT_ONCE


def test_nothing_is_spoken_before_it_is_asked_for(blender: Blender) -> None:
    ears = Ears(blender)
    known, target = stock(blender, ears), target_of(ears, hidden())
    before = ears.count
    found = search(target, blender, known, ears, rounds=400, seed=0)
    assert ears.count == before
    next(found)
    assert ears.count == before + AT_ONCE


def test_the_same_seed_finds_the_same_and_another_another(blender: Blender) -> None:
    ears = Ears(blender)
    known, target = stock(blender, ears), target_of(ears, hidden())
    one, same, other = (
        list(search(target, blender, known, ears, rounds=3, seed=seed))[-1].shares
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_mixtures_stay_among_the_voices(blender: Blender) -> None:
    ears = Ears(blender)
    known = stock(blender, ears)
    far = Target.among(known, -ears([hidden()]).fingerprints[0], 80.0)
    list(search(far, blender, known, ears, rounds=6, seed=0))
    assert len(ears.shares) > VOICES + 1
    for shares in ears.shares:
        assert shares.sum(axis=1) == pytest.approx(np.ones(HALVES), abs=1e-3)
        assert np.minimum(shares, 0).sum(axis=1).min() >= -0.31


def test_a_sample_without_pitch_is_sought_by_its_sound_alone(blender: Blender) -> None:
    ears = Ears(blender)
    known = stock(blender, ears)
    target = Target.among(known, known.fingerprints[3], float("nan"))
    (best,) = finalists(target, blender, known, 0)
    assert np.array_equal(best, blender.alone("v3"))


def test_the_search_ends_where_nothing_better_is_in_sight(blender: Blender) -> None:
    ears = Ears(blender)
    known = stock(blender, ears)
    there = Target.among(known, known.fingerprints[2], float(known.hertz[2]))
    assert len(list(search(there, blender, known, ears, rounds=400, seed=0))) < 20


def test_what_all_voices_have_in_common_says_nothing() -> None:
    fingerprints = np.eye(4, dtype=np.float32)[:3]
    common = np.array([0, 0, 0, 100], np.float32)
    hertz = np.full(3, 100.0, np.float32)
    plain = Target(fingerprints[0], 100.0, np.zeros(4, np.float32))
    shifted = Target(fingerprints[0] + common, 100.0, common)
    np.testing.assert_allclose(
        shifted.scores(as_heard(fingerprints + common, hertz)),
        plain.scores(as_heard(fingerprints, hertz)),
        atol=1e-4,
    )


def test_a_voice_of_another_pitch_is_less_like_the_sample() -> None:
    same = np.tile(np.array([1.0, 0.0], np.float32), (3, 1))
    target = Target(same[0], 100.0, np.zeros(2, np.float32))
    at, near, far = target.scores(as_heard(same, np.array([100.0, 112.0, 90.0], np.float32)))
    assert at == pytest.approx(1.0)
    assert at > near > 0.9
    assert near == pytest.approx(far, abs=0.01)


def test_a_stock_voice_is_taken_unless_a_mixture_is_nearer_by_a_margin() -> None:
    assert taken(np.array([0.5, 0.52, 0.4])) == 0
    assert taken(np.array([0.5, 0.52, 0.6])) == 2
    assert taken(np.array([0.5])) == 0


def test_the_best_stock_voice_is_the_first_of_the_finalists(blender: Blender) -> None:
    ears = Ears(blender)
    known, target = stock(blender, ears), target_of(ears, hidden())
    *_, heard = search(target, blender, known, ears, rounds=4, seed=0)
    chosen = finalists(target, blender, heard, 3)
    assert len(chosen) == 4
    nearest = int(np.argmax(target.scores(as_heard(known.fingerprints, known.hertz))))
    assert np.array_equal(chosen[0], blender.alone(blender.names[nearest]))
    assert all(shares.max() < 1 or (shares[0] != shares[1]).any() for shares in chosen[1:])
    assert len(finalists(target, blender, known, 3)) == 1


def test_a_mixture_s_table_mixes_each_row_and_each_half(blender: Blender) -> None:
    table = blender.table(hidden())
    rows = blender.styles
    assert table.shape == (ROWS, STYLE)
    np.testing.assert_allclose(
        table[:, :HALF], 0.6 * rows[1, :, :HALF] + 0.4 * rows[4, :, :HALF], atol=1e-6
    )
    np.testing.assert_allclose(table[:, HALF:], rows[7, :, HALF:], atol=1e-6)
    assert np.array_equal(blender.table(blender.alone("v2")), rows[2])


def test_the_surrogate_tells_what_it_heard_and_halfway_what_lies_between() -> None:
    dice = np.random.default_rng(0)
    styles = dice.normal(0, 0.1, (40, HALVES, HALF))
    heard = np.stack([styles[:, 0, 0], styles[:, 1, 1] + 3], axis=1)
    surrogate = Surrogate.fit(styles, heard)
    said = surrogate.predict(styles)
    assert np.corrcoef(said[:, 0], heard[:, 0])[0, 1] > 0.9
    between = surrogate.predict((styles[:1] + styles[1:2]) / 2)[0]
    np.testing.assert_allclose(between, said[:2].mean(axis=0), atol=0.02)


def test_the_map_that_comes_along_holds_every_stock_voice_alone() -> None:
    from deployments.speech.kokoro_voices import STOCK

    names = sorted(voice.id for voice in STOCK)
    known = Known.load(names)
    alone = known.shares[known.shares.max(axis=(1, 2)) == 1]
    assert {names[int(n)] for n in alone[:, 0].argmax(axis=1)} == set(names)
    assert np.linalg.norm(known.fingerprints, axis=1) == pytest.approx(1, abs=0.01)
    left = known.without(names.index("af_heart"))
    assert 0 < len(left.shares) < len(known.shares)
    assert not left.shares[:, :, names.index("af_heart")].any()
    with pytest.raises(ValueError, match="other voices"):
        Known.load(names[1:])
