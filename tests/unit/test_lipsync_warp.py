"""The embedded lip sync: what moves, what stays still, and that a frame has no past."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from deployments.encode.canvas import Painter, make_canvas
from deployments.encode.engine import SegmentTask
from deployments.encode.feed import calls
from deployments.lipsync.engine import LOOK_AHEAD, LipsyncCall
from deployments.lipsync.landmarks import face_frame
from deployments.lipsync.life import blink, head_pose
from deployments.lipsync.mouth_field import mouth_field
from deployments.lipsync.mouth_moves import move
from deployments.lipsync.mouth_shapes import SHAPES
from deployments.lipsync.warp import Warp
from deployments.speech.hibari import Hibari
from media.face import Portrait
from media.patch import Frame
from media.sound import Sound, Speech
from media.timegrid import SOUND_RATE, TimeGrid
from tests.weights import weights

GRID = TimeGrid(Fraction(25))


@pytest.fixture(scope="module")
def warp() -> Warp:
    return Warp.load({}, threads=1)


@pytest.fixture(scope="module")
def speech() -> Speech:
    voice = Hibari.load(weights("hibari-heart"), threads=1)
    (spoken,) = voice.speak("Papa may hop over a map.", "heart")
    return spoken


def task_of(samples: np.ndarray, start: int, stop: int, *, life: bool = False) -> SegmentTask:
    return SegmentTask("", GRID.fps, start, stop, False, Sound(samples, SOUND_RATE), 3, life)


def frames_of(warp: Warp, portrait: Portrait, task: SegmentTask) -> list[Frame]:
    prepared = warp.prepare(portrait)
    return [frame for call in calls(task) for frame in warp.frames([(prepared, call)])[0]]


def mouth_change(portrait: Portrait, frames: Sequence[Frame]) -> np.ndarray:
    """(frames,): mean change of luma against the first frame, inside the mouth's patch."""
    first = frames[0].patches[0].planes.astype(int)
    return np.array([np.abs(f.patches[0].planes.astype(int) - first).mean() for f in frames])


def opening(warp: Warp, samples: np.ndarray, frames: int) -> np.ndarray:
    task = task_of(samples, 0, frames)
    seconds = np.arange(frames) / 25
    gaps = []
    for call in calls(task):
        gaps.append(warp._reader.curves(call.sound, seconds[call.start : call.stop]).opening)
    return np.concatenate(gaps)


def test_silence_gives_one_still_picture(warp: Warp, astronaut: Portrait) -> None:
    frames = frames_of(warp, astronaut, task_of(np.zeros(3 * SOUND_RATE, np.float32), 0, 50))
    first = frames[0].patches[0].planes
    assert all(np.array_equal(frame.patches[0].planes, first) for frame in frames)
    assert all(frame.pose.at_rest for frame in frames)


def test_a_smile_with_teeth_closes_in_silence(warp: Warp, astronaut: Portrait) -> None:
    mesh = astronaut.face.mesh
    assert mesh is not None
    field = mouth_field(mesh, face_frame(mesh), (512, 512))
    assert np.ptp(field.lower_lip[:, 1] - field.upper_lip[:, 1]) > 0.1 * field.unit
    shut = np.zeros(len(SHAPES), np.float32)
    shut[SHAPES.index("close")] = 1
    moved = move(field, shut)
    gap = moved.lower_lip[:, 1] - moved.upper_lip[:, 1]
    assert np.abs(gap).max() < 0.01 * field.unit


def test_the_mouth_opens_on_vowels_and_closes_on_m_b_p_and_in_pauses(
    warp: Warp, speech: Speech
) -> None:
    frames = GRID.frames_of(len(speech.samples))
    gap = opening(warp, speech.samples, frames)

    def near(symbols: str) -> list[np.ndarray]:
        """Gaps of the frames round each phone's middle; lips lead the sound a little."""
        phones = [p for p in speech.phones if p.symbol.strip("ˈˌː") in symbols]
        middles = [round(25 * (p.start + p.end) / 2) for p in phones]
        assert middles
        return [gap[max(0, n - 2) : n + 2] for n in middles]

    vowels = np.array([around.max() for around in near("ɑæAaIɔ")])  # noqa: RUF001 - phonemes
    closures = np.array([around.min() for around in near("mpb")])
    assert np.median(vowels) > 0.06
    assert np.mean(closures < 0.02) >= 0.8
    assert gap[-3:].max() < 0.01


def test_a_frame_is_the_same_however_the_track_is_cut(
    warp: Warp, astronaut: Portrait, speech: Speech
) -> None:
    samples = np.concatenate([speech.samples, speech.samples])
    whole = frames_of(warp, astronaut, task_of(samples, 0, 80, life=True))
    for start, stop in ((0, 7), (31, 55), (60, 80)):
        cut = frames_of(warp, astronaut, task_of(samples, start, stop, life=True))
        for a, b in zip(whole[start:stop], cut, strict=True):
            assert a.pose == b.pose
            assert len(a.patches) == len(b.patches)
            for p, q in zip(a.patches, b.patches, strict=True):
                assert (p.x, p.y) == (q.x, q.y)
                apart = np.abs(p.planes.astype(int) - q.planes)
                assert apart.max() <= 2  # a step of the 8-bit network's answer is 1.2
                assert apart.mean() < 0.01


def test_patches_are_even_and_lie_inside_the_picture(
    warp: Warp, astronaut: Portrait, speech: Speech
) -> None:
    for frame in frames_of(warp, astronaut, task_of(speech.samples, 0, 200, life=True)):
        for patch in frame.patches:
            assert {v % 2 for v in (patch.x, patch.y, patch.width, patch.height)} == {0}
            assert patch.x + patch.width <= 512
            assert patch.y + patch.height <= 512


def test_nothing_changes_outside_the_lower_face_and_no_edge_shows(
    warp: Warp, astronaut: Portrait, speech: Speech
) -> None:
    mesh = astronaut.face.mesh
    assert mesh is not None
    canvas = make_canvas(astronaut)
    painter = Painter(canvas)
    for frame in frames_of(warp, astronaut, task_of(speech.samples, 0, 40)):
        change = np.abs(painter.paint(frame)[:512].astype(int) - canvas.planes[:512])
        assert change[: int(mesh[2, 1]) - 2].max() <= 1
        (patch,) = frame.patches
        inner = np.s_[patch.y + 2 : patch.y + patch.height - 2]
        assert change[inner, patch.x : patch.x + 2].max() <= 2
        assert change[inner, patch.x + patch.width - 2 : patch.x + patch.width].max() <= 2


@pytest.mark.parametrize("turn", [-25, 25])
def test_a_tilted_head_opens_its_mouth_along_its_own_axis(astronaut: Portrait, turn: int) -> None:
    mesh = astronaut.face.mesh
    assert mesh is not None
    angle = np.radians(turn)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = mesh.copy()
    turned[:, :2] = (mesh[:, :2] - 256) @ rotation.T + 256
    opened = np.zeros(len(SHAPES), np.float32)
    opened[SHAPES.index("open")] = 0.15
    field = mouth_field(turned, face_frame(turned), (512, 512))
    jaw = move(field, opened).lower_lip[5] - field.lower_lip[5]
    down = rotation @ np.array([0.0, 1.0])
    assert np.degrees(np.arccos(jaw @ down / np.linalg.norm(jaw))) < 8


def test_blinks_come_at_a_human_rate_and_close_the_eyes_for_a_moment() -> None:
    closed = np.array([blink(7, n / 25) for n in range(25 * 120)])
    starts = np.flatnonzero((closed[1:] > 0) & (closed[:-1] == 0))
    assert 20 <= len(starts) <= 50
    assert closed.max() == 1
    assert (closed > 0).mean() < 0.15
    assert np.all(closed[:20] == 0)


def test_life_depends_on_the_seed_and_is_small() -> None:
    poses = [head_pose(seed, t / 5, 100.0) for seed in (1, 2) for t in range(300)]
    assert head_pose(1, 9.0, 100.0) != head_pose(2, 9.0, 100.0)
    assert max(abs(p.dx) for p in poses) < 3
    assert max(abs(p.roll) for p in poses) < 0.02
    assert head_pose(1, 0.0, 100.0).at_rest


def test_calls_cover_a_segment_once_and_carry_the_sound_they_need(speech: Speech) -> None:
    made = list(calls(task_of(speech.samples, 10, 61)))
    assert [(c.start, c.stop) for c in made] == [(10, 26), (26, 42), (42, 58), (58, 61)]
    for call in made:
        assert isinstance(call, LipsyncCall)
        assert call.sound.rate == 16_000
        assert call.sound.start <= call.start / 25 * 16_000 - 16_000
        assert call.sound.stop >= (call.stop - 1) / 25 * 16_000 + LOOK_AHEAD * 16_000
