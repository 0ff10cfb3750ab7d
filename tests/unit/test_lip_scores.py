"""The scores of lip sync: a good clip scores well, each spoiled one as badly as it is."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import gallery
from bench.lips_scores.clip import Clip, Track
from bench.lips_scores.controls import blurred, frozen, shifted, shuffled
from bench.lips_scores.film import asked_openings, film
from bench.lips_scores.look import Look, look
from bench.lips_scores.looks import flicker, seam
from bench.lips_scores.material import REST, recorded
from bench.lips_scores.scores import Scores, score, together
from bench.lips_scores.table import table
from bench.lips_scores.timing import VOWELS, agreement, known_opening, silence, speech_level
from deployments.face.mediapipe import MediaPipe
from deployments.in_a_row import engine_configs
from deployments.loading import load_engine
from deployments.speech.hibari import Hibari
from media.framing import frame_portrait
from media.sound import Phone, Sound
from media.timegrid import SOUND_RATE
from serve.commands.private import LOCAL_CONFIG
from serve.settings import Settings
from tests.weights import weights

LINE = "Papa may hop over my big map."
Judge = Callable[[Clip], Scores]


@pytest.fixture(scope="module")
def track() -> Track:
    (spoken,) = Hibari.load(weights("hibari-heart"), threads=1).speak(LINE, "heart")
    rest = np.zeros(int(REST * SOUND_RATE), np.float32)
    phones = tuple(Phone(p.symbol, p.start + REST, p.end + REST) for p in spoken.phones)
    return Track("heart", Sound(np.concatenate([rest, spoken.samples, rest]), SOUND_RATE), phones)


@pytest.fixture(scope="module")
def clip(face_engine: MediaPipe, track: Track) -> Clip:
    config = engine_configs(LOCAL_CONFIG)["Lipsync"]
    picture = gallery.picture("amara")
    (face,) = face_engine.find(picture)
    portrait = frame_portrait(picture, face_engine.mesh(picture, face), (384, 384), 384)
    engine = load_engine(config, Settings())
    return film(engine, portrait, track, asked_openings(config, track), "amara")


@pytest.fixture(scope="module")
def judge(face_engine: MediaPipe) -> Judge:
    return lambda clip: score(clip, look(clip, face_engine))


@pytest.fixture(scope="module")
def seen(clip: Clip, face_engine: MediaPipe) -> Look:
    return look(clip, face_engine)


@pytest.fixture(scope="module")
def good(clip: Clip, seen: Look) -> Scores:
    return score(clip, seen)


def test_a_clip_in_time_scores_well(good: Scores) -> None:
    assert good.sync is not None
    assert good.lag_ms is not None
    assert good.sync > 0.7
    assert abs(good.lag_ms) <= 40
    assert good.level_sync > 0.4
    assert good.closers >= 5
    assert good.shut >= 0.7 * good.closers
    assert good.vowels_shut == 0
    assert good.silence is not None
    assert good.silence < 0.05
    assert good.asked > 0.95
    assert good.followed > 0.95
    assert good.peak == pytest.approx(1.0, abs=0.12)
    assert good.small is not None
    assert good.small < 0.02


def test_a_clip_with_its_photo_round_the_mouth_looks_like_it(good: Scores) -> None:
    assert good.sharpness > 0.8
    assert good.lips_sharpness > 0.8
    assert good.seam == pytest.approx(1.0, abs=0.1)
    assert good.flicker < 1e-3


def test_a_frozen_video_does_not_agree_with_anything(clip: Clip, judge: Judge) -> None:
    bad = judge(frozen(clip))
    assert bad.sync == 0
    assert bad.lag_ms is None
    assert bad.level_sync == 0
    assert bad.asked == 0
    assert bad.movement == 0
    assert bad.silence is None, "stillness in silence is no merit of a mouth that never moves"
    assert bad.vowels_shut == bad.vowels or bad.shut == 0


@pytest.mark.parametrize("frames", [3, -3])
def test_a_shifted_video_is_found_late_by_as_much(
    clip: Clip, judge: Judge, good: Scores, frames: int
) -> None:
    bad = judge(shifted(clip, frames))
    assert bad.lag_ms is not None
    assert good.lag_ms is not None
    assert bad.lag_ms - good.lag_ms == pytest.approx(40 * frames, abs=20)
    assert bad.level_lag_ms is not None
    assert good.level_lag_ms is not None
    assert bad.level_lag_ms - good.level_lag_ms == pytest.approx(40 * frames, abs=20)
    assert bad.asked < good.asked - 0.3
    wrong = bad.closers - bad.shut + bad.vowels_shut
    assert wrong > good.closers - good.shut + good.vowels_shut


def test_shuffled_sound_does_not_agree_with_the_mouth(clip: Clip, seen: Look, good: Scores) -> None:
    moves = []
    for seed in (1, 2, 3):
        bad = score(shuffled(clip, seed), seen)
        assert bad.sync is not None
        assert good.sync is not None
        assert bad.sync < good.sync - 0.25
        assert bad.level_sync < good.level_sync
        assert bad.shut + bad.vowels - bad.vowels_shut < good.shut + good.vowels
        moves.append(bad.silence or 0.0)
    # It moves while nobody is heard now: in each order somewhere, on the whole a lot.
    assert min(moves) > 0.05
    assert np.mean(moves) > 0.2


def test_a_blurred_mouth_is_not_sharp(clip: Clip, judge: Judge, good: Scores) -> None:
    bad = judge(blurred(clip))
    assert bad.sharpness < 0.5 * good.sharpness
    assert bad.lips_sharpness < 0.5 * good.lips_sharpness
    assert bad.lag_ms == pytest.approx(good.lag_ms, abs=20)


def test_an_edge_round_the_mouth_is_a_seam(clip: Clip) -> None:
    x, y, wide, tall = clip.box
    frames = [picture.copy() for picture in clip.frames]
    for picture in frames:
        part = picture[y : y + tall, x : x + wide]
        part[:] = np.minimum(part, 249) + 6
    assert seam(clip) < 1.1
    assert seam(replace(clip, frames=tuple(frames))) > 1.5


def test_a_change_beside_the_mouth_is_flicker(clip: Clip) -> None:
    changed = clip.frames[10].copy()
    changed[:40] //= 2
    frames = (*clip.frames[:10], changed, *clip.frames[11:])
    assert flicker(clip) < 1e-3  # rounded colours beside the patch
    assert flicker(replace(clip, frames=frames)) > 0.5


def test_lips_apart_by_a_little_are_read_where_the_mesh_takes_them_for_closed(
    clip: Clip, seen: Look
) -> None:
    slightly = (clip.asked > 0.03) & (clip.asked < 0.06)
    assert slightly.sum() >= 3
    assert np.abs(seen.opening - clip.asked)[slightly].mean() < 0.015
    assert np.abs(seen.mesh_opening - clip.asked)[slightly].mean() > 0.02


def test_a_curve_delayed_by_a_known_time_has_that_lag() -> None:
    chance = np.random.default_rng(0)
    known = np.convolve(chance.standard_normal(500), np.hanning(20), "same")
    times = np.arange(100) / 25
    for lag in (-0.21, 0.0, 0.13):
        shown = np.interp(times - lag, np.arange(500) / 100, known)
        found, late = agreement(shown, times, known)
        assert found > 0.99
        assert late == pytest.approx(1e3 * lag, abs=1)


def test_level_and_known_opening_follow_the_speech(track: Track) -> None:
    level, known = speech_level(track.sound), known_opening(track)
    quiet = slice(0, int(100 * REST) - 20)
    assert level[quiet].max() == 0
    assert known[quiet].max() < 0.01
    assert level.max() == 1
    assert known.max() > 0.1


def test_silence_is_told_by_the_level_where_no_phones_are_known(clip: Clip) -> None:
    timed = silence(clip)
    heard = silence(replace(clip, track=Track("", clip.track.sound)))
    assert timed[:10].all()
    assert heard[:10].all()
    assert (timed == heard).mean() > 0.85


def test_phones_keep_their_place_in_a_recording_of_another_pitch(track: Track) -> None:
    plain, deep = track, recorded("deep", track, 0.8)
    assert deep.sound.seconds == pytest.approx(plain.sound.seconds / 0.8, abs=0.01)
    level = speech_level(deep.sound)
    loud, shut = (
        np.array([level[round(50 * (p.start + p.end))] for p in deep.phones if p.symbol in group])
        for group in (VOWELS, "pb")
    )
    assert len(loud) > 5
    assert loud.min() > 0.4
    assert np.median(shut) < np.median(loud) - 0.2


def test_what_is_asked_is_the_engines_curve_with_its_gain(track: Track) -> None:
    config = engine_configs(LOCAL_CONFIG)["Lipsync"]
    plain = config.model_copy(update={"options": {"gain": 1.0}})
    double = config.model_copy(update={"options": {"gain": 2.0}})
    assert np.allclose(2 * asked_openings(plain, track), asked_openings(double, track))


def test_counts_are_added_and_unknown_figures_left_out(good: Scores) -> None:
    whole = together([good, replace(good, sync=None, lag_ms=None)])
    assert whole.closers == 2 * good.closers
    assert whole.sync == good.sync
    row = table("clips", {"amara": good, "nobody": replace(good, sync=None)}).splitlines()
    assert len({line.count("|") for line in row}) == 1
    assert row[3].split("|")[2].strip() == ""


def test_frames_begin_on_the_grid(clip: Clip) -> None:
    assert clip.fps == Fraction(25)
    assert clip.times[5] == pytest.approx(0.2)
    assert len(clip.asked) == len(clip.frames)
