"""Segments coded apart are one video: same times, same sound, same picture as one pass."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from skimage.metrics import structural_similarity

from deployments.encode.canvas import Painter, make_canvas
from deployments.encode.engine import SOUND_AFTER, SOUND_BEFORE, SegmentTask
from deployments.encode.pyav import PyAV
from media.colour import to_rgb
from media.face import Portrait
from media.fragments import boxes, split_init
from media.limiter import louden, true_peak
from media.mux import assemble
from media.patch import Frame, Pose
from media.sound import Sound
from media.timegrid import FRAME_RATES, SOUND_RATE, TimeGrid
from tests.encoders import BOTH, MOUTH, Engine, patches, tone


def coded(
    portrait: Portrait,
    fps: Fraction,
    edges: list[int],
    folder: Path,
    gain_db: float | None = None,
    engine: Engine = PyAV,
) -> Path:
    encoder = engine.load({}, threads=1)
    canvas = encoder.prepare(portrait)
    grid = TimeGrid(fps)
    sound = tone(grid, edges[-1])
    whole = b""
    for start, stop in pairwise(edges):
        first = grid.sample(start) - int(SOUND_BEFORE * SOUND_RATE)
        heard = sound.window(max(0, first), grid.sample(stop) + int(SOUND_AFTER * SOUND_RATE))
        task = SegmentTask("", fps, start, stop, stop == edges[-1], heard, gain_db=gain_db)
        init, media = split_init(encoder.encode(canvas, task, patches(portrait, start, stop)))
        whole += media if start else init + media
    source, target = folder / "fragments.mp4", folder / f"{len(edges)}.mp4"
    source.write_bytes(whole)
    assemble(source, target)
    return target


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(path) as file:
        return [frame.to_ndarray(format="yuv420p") for frame in file.decode(video=0)]


def samples(path: Path) -> np.ndarray:
    """What a player plays: the edit list's priming left out."""
    with av.open(path) as file:
        frames = list(file.decode(audio=0))
    assert frames[0].pts == 0
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


@BOTH
@pytest.mark.parametrize("name", FRAME_RATES)
def test_segments_join_into_a_gapless_faststart_file(
    name: str, engine: Engine, astronaut: Portrait, tmp_path: Path
) -> None:
    fps = FRAME_RATES[name]
    path = coded(astronaut, fps, [0, 11, 40, 64], tmp_path, engine=engine)
    names = [box for box, _, _ in boxes(path.read_bytes())]
    assert names.index("moov") < names.index("mdat")
    with av.open(path) as file:
        video, sound = file.streams.video[0], file.streams.audio[0]
        assert video.average_rate == fps
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        times = [frame.pts * frame.time_base for frame in file.decode(video=0)]
        assert times == [n / fps for n in range(64)]
        assert abs(video.duration * video.time_base - sound.duration * sound.time_base) < 1 / fps
        assert video.start_time == sound.start_time == 0


@BOTH
def test_colours_are_tagged_as_bt_709_limited(
    engine: Engine, astronaut: Portrait, tmp_path: Path
) -> None:
    with av.open(coded(astronaut, Fraction(25), [0, 10], tmp_path, engine=engine)) as file:
        context = file.streams.video[0].codec_context
        tags = (context.colorspace, context.color_primaries, context.color_trc)
        assert tags == (1, 1, 1)
        assert context.color_range == 1


@BOTH
def test_sound_starts_with_the_picture_to_the_sample(
    engine: Engine, astronaut: Portrait, tmp_path: Path
) -> None:
    grid = TimeGrid(Fraction(25))
    heard = samples(coded(astronaut, grid.fps, [0, 20, 50, 75], tmp_path, engine=engine))
    meant = tone(grid, 75).samples
    lags = range(-1200, 1201)
    middle = slice(20_000, 100_000)
    match = [float(np.dot(heard[20_000 + lag : 100_000 + lag], meant[middle])) for lag in lags]
    assert abs(lags[int(np.argmax(match))]) <= 1


@pytest.mark.parametrize("gain_db", [None, 9.0])
def test_sound_coded_in_segments_is_as_good_as_in_one_pass(
    astronaut: Portrait, tmp_path: Path, gain_db: float | None
) -> None:
    grid = TimeGrid(Fraction(25))
    meant = tone(grid, 75).samples if gain_db is None else louden(tone(grid, 75), gain_db).samples

    def noise(edges: list[int]) -> float:
        heard = samples(coded(astronaut, grid.fps, edges, tmp_path, gain_db))[: len(meant)]
        return float(np.sqrt(np.mean((heard - meant[: len(heard)]) ** 2)))

    assert noise([0, 20, 50, 75]) < 1.1 * noise([0, 75])


def test_no_peak_of_the_file_passes_minus_one(astronaut: Portrait, tmp_path: Path) -> None:
    heard = samples(coded(astronaut, Fraction(25), [0, 20, 50, 75], tmp_path, 12.0))
    assert np.abs(tone(TimeGrid(Fraction(25)), 75).samples).max() * 10 ** (12 / 20) > 2
    assert true_peak(Sound(heard, SOUND_RATE)) <= -1.0


@BOTH
def test_decoded_frames_look_like_the_painted_ones_at_a_low_rate(
    engine: Engine, astronaut: Portrait, tmp_path: Path
) -> None:
    path = coded(astronaut, Fraction(25), [0, 25, 75], tmp_path, engine=engine)
    painter = Painter(make_canvas(astronaut))
    x, y, width, height = MOUTH
    whole, mouth = [], []
    for frame, shown in zip(patches(astronaut, 0, 75), pictures(path), strict=True):
        painted = painter.paint(frame)[:512]
        decoded = shown[:512]
        whole.append(structural_similarity(painted, decoded))
        cut = np.s_[y : y + height, x : x + width]
        mouth.append(structural_similarity(painted[cut], decoded[cut]))
    assert min(whole) >= 0.98
    assert np.mean(mouth) >= 0.97
    # The made-up mouth slides more than a real one; a real video's rate is tested end to end.
    assert path.stat().st_size * 8 / 3 < 2_000_000


def test_the_still_background_keeps_the_portraits_colour(
    astronaut: Portrait, tmp_path: Path
) -> None:
    shown = to_rgb(pictures(coded(astronaut, Fraction(25), [0, 30], tmp_path))[20])
    background = np.s_[:100, :120]
    difference = shown[background].astype(float).mean(axis=(0, 1)) - astronaut.rgb[background].mean(
        axis=(0, 1)
    )
    assert np.abs(difference).max() <= 2


def test_a_painter_restores_what_a_frame_had_changed(astronaut: Portrait) -> None:
    canvas = make_canvas(astronaut)
    painter = Painter(canvas)
    (frame,) = patches(astronaut, 3, 4)
    moved = Frame(frame.patches, Pose(dx=3.0, dy=-2.0, roll=0.02, scale=0.01))
    assert not np.array_equal(painter.paint(moved), canvas.planes)
    assert np.array_equal(painter.paint(Frame()), canvas.planes)


def test_a_pose_moves_the_head_and_leaves_the_background(astronaut: Portrait) -> None:
    canvas = make_canvas(astronaut)
    shifted = Painter(canvas).paint(Frame((), Pose(dx=4.0)))
    head = canvas.head
    outside = np.ones((canvas.height, canvas.width), bool)
    outside[head.y : head.y + head.height, head.x : head.x + head.width] = False
    assert np.array_equal(
        shifted[: canvas.height][outside], canvas.planes[: canvas.height][outside]
    )
    assert astronaut.face.mesh is not None
    x, y = astronaut.face.mesh[4, :2].astype(int)
    was = canvas.planes[y - 15 : y + 15, x - 15 : x + 15]
    now = shifted[y - 15 : y + 15, x - 11 : x + 19]
    assert np.abs(was.astype(int) - now).mean() < 3


def test_cut_boxes_are_an_error() -> None:
    with pytest.raises(ValueError, match="cut"):
        list(boxes(b"\x00\x00\x00\x20moov"))


@BOTH
def test_a_last_packet_of_a_few_samples_is_heard(
    engine: Engine, astronaut: Portrait, tmp_path: Path
) -> None:
    """250 frames at 29.97 end 16 samples, a third of a millisecond, behind a packet's end."""
    path = coded(astronaut, FRAME_RATES["29.97"], [0, 125, 250], tmp_path, engine=engine)
    assert len(samples(path)) >= TimeGrid(FRAME_RATES["29.97"]).sample(250) == 391 * 1024 + 16
