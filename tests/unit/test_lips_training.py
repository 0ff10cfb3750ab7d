"""The steps that make the pairs which the mouth's picture is learnt from."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import gallery
import training.lips.crop as crop
from deployments.face.mediapipe import MediaPipe
from deployments.lipsync.interior import Shown
from deployments.lipsync.landmarks import LOWER_INNER, UPPER_INNER
from deployments.lipsync.mouth_shapes import read_basis
from deployments.lipsync.repair_crop import BELOW, HEIGHT, SCALE, WIDTH
from deployments.portrait.generator import LATENT, Generator
from deployments.portrait.probes import Probes
from media.face import Face, Picture
from tests.weights import weights
from training.lips.basis import CAUSES, fit
from training.lips.drawings import Drawing, compare_mouths, compare_twins
from training.lips.mouths import MEASURES, measure, teeth_of
from training.lips.pairs import make_pair
from training.lips.sample import Studio
from training.lips.shards import finished, load, missing, write
from training.lips.steering import Steering
from training.lips.synthesis import LAYERS, SIDE

YAW = MEASURES.index("yaw")


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio()


@pytest.fixture(scope="module")
def portrait() -> tuple[Picture, Face]:
    picture = gallery.picture("amara")
    (face,) = MediaPipe.load(weights(*MediaPipe.weights), threads=1).find(picture)
    return picture, face


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up samples whose measures are lines through the latents."""
    folder = tmp_path_factory.mktemp("lips") / "samples"
    chance, probes = np.random.default_rng(0), Probes.read()
    spread = np.linalg.cholesky(probes.covariance + 1e-6 * np.eye(LATENT))
    persons, mouths = (
        probes.mean + chance.normal(size=(1500, LATENT)) @ spread.T for _ in range(2)
    )
    lines = chance.normal(size=(2, LATENT, len(MEASURES))) / 20
    measures = persons @ lines[0] + mouths @ lines[1]
    measures[::3, MEASURES.index("bright")] = np.nan  # as of shut mouths
    write(folder / "000000.npz", {"persons": persons, "mouths": mouths, "measures": measures})
    return folder


def test_the_drawn_part_shows_what_the_whole_generator_shows(studio: Studio) -> None:
    person = studio.person(7)
    whole = Generator.load(weights("mobilestylegan-ffhq"), threads=1).picture(person)
    half = cv2.resize(whole, (512, 512), interpolation=cv2.INTER_AREA)
    part = studio.draw(person, person)
    assert part.shape == (SIDE, SIDE, 3)
    apart = np.abs(half[152:504, 80:432].astype(int) - part)[8:-8, 8:-8]
    assert apart.mean() < 0.5
    assert LAYERS == 23


def test_the_mouth_layers_of_another_leave_the_person(studio: Studio) -> None:
    person, other = studio.person(11), studio.person(12)
    own, mixed, another = (
        cv2.GaussianBlur(studio.draw(*latents), (0, 0), 8).astype(float)
        for latents in ((person, person), (person, other), (other, other))
    )
    assert 0.5 < np.abs(mixed - own).mean() < 0.7 * np.abs(another - own).mean()


def test_a_drawn_face_is_made_out_and_measured(studio: Studio) -> None:
    person = studio.person(7)
    picture = studio.draw(person, person)
    face = studio.face(picture)
    assert face is not None
    found = dict(zip(MEASURES, measure(picture, face), strict=True))
    assert 0 <= found["opening"] < 0.3
    assert 0.6 < found["width"] < 1.3


def test_a_face_that_is_not_there_is_not_measured(studio: Studio) -> None:
    assert studio.face(np.full((SIDE, SIDE, 3), 127, np.uint8)) is None


def test_a_mouth_is_moved_to_where_it_is_wanted_and_the_kept_measures_stay(samples: Path) -> None:
    steering = Steering.fit(samples, Probes.read())
    person = steering.probes.mean
    now = dict(zip(MEASURES, steering.predict(person, person), strict=True))
    near = now["opening"] + 0.3 * steering.spread[0]
    moved = steering.predict(person, steering.move(person, {"opening": near}))
    found = dict(zip(MEASURES, moved, strict=True))
    assert found["opening"] == pytest.approx(near, abs=0.02 * steering.spread[0])
    assert found["yaw"] == pytest.approx(now["yaw"], abs=0.02 * steering.spread[YAW])


def test_a_mouth_that_is_too_far_from_any_face_is_approached_only(samples: Path) -> None:
    steering = Steering.fit(samples, Probes.read())
    person = steering.probes.mean
    far = steering.predict(person, person)[0] + 100 * steering.spread[0]
    mouth = steering.move(person, {"opening": far})
    step = mouth - person
    length = np.sqrt(step @ np.linalg.pinv(steering.probes.covariance) @ step)
    assert 5.0 < length < 6.5


def test_a_move_that_no_line_sees_is_as_long_as_it_is_told(samples: Path) -> None:
    steering = Steering.fit(samples, Probes.read())
    person = steering.probes.mean
    mouth = steering.move(person, {"opening": steering.predict(person, person)[0] + 0.1})
    aside = steering.unseen_move(np.random.default_rng(0), mouth - person)
    assert steering.by_mouth @ aside / steering.spread == pytest.approx(0, abs=1e-3)
    inverse = np.linalg.pinv(steering.probes.covariance, rcond=1e-6)
    lengths = [np.sqrt(move @ inverse @ move) for move in (aside, mouth - person)]
    assert lengths[0] == pytest.approx(lengths[1], rel=0.01)


def test_a_cut_run_goes_on_with_the_shards_that_are_missing(tmp_path: Path) -> None:
    write(tmp_path / "000010.npz", {"a": np.arange(3)})
    (tmp_path / "000020.part.npz").write_bytes(b"half a shard")
    assert [numbers for _, numbers in missing(tmp_path, range(25), 10)] == [
        range(10),
        range(20, 25),
    ]
    shared = [[n for _, n in missing(tmp_path, range(25), 10, share)] for share in ("1/2", "2/2")]
    assert shared == [[range(10), range(20, 25)], []]
    few = missing(tmp_path, range(0, 60, 14), 2)
    assert [(path.stem, list(numbers)) for path, numbers in few] == [
        ("000000", [0, 14]),
        ("000028", [28, 42]),
        ("000056", [56]),
    ]
    assert [path.name for path in finished(tmp_path)] == ["000010.npz"]
    assert load(tmp_path)["a"].tolist() == [0, 1, 2]


def test_people_held_out_are_loaded_alone(tmp_path: Path) -> None:
    for first in (0, 10):
        write(tmp_path / f"{first:06d}.npz", {"person": np.arange(first, first + 10)})
    assert load(tmp_path, 7)["person"].tolist() == [0, 7, 14]


def test_a_step_without_the_one_before_says_so(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="the step before"):
        load(tmp_path)


def test_points_are_brought_onto_each_other_by_turn_scale_and_shift() -> None:
    points = np.random.default_rng(0).normal(size=(14, 2))
    turn = 1.3 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    found = crop.similarity(points, points @ turn.T + (3, -2))
    assert found == pytest.approx(np.column_stack([turn, (3, -2)]))


def test_a_face_is_laid_out_upright_at_one_scale(portrait: tuple[Picture, Face]) -> None:
    picture, face = portrait
    assert face.mesh is not None
    quarter = cv2.getRotationMatrix2D((256, 256), 20, 0.8)
    turned = cv2.warpAffine(picture, quarter, (512, 512))
    for rgb, mesh in ((picture, face.mesh), (turned, crop.through(quarter, face.mesh))):
        canvas = crop.lay_out(rgb, mesh)
        assert canvas.frame.unit == pytest.approx(SCALE, rel=1e-3)
        assert abs(canvas.frame.u[1]) < 1e-3
        lips = canvas.mesh[[13, 14], :2].mean(axis=0) - (canvas.x, canvas.y)
        assert lips == pytest.approx((64, 44 - BELOW * SCALE), abs=1)


def laid_open(
    picture: Picture, face: Face, points: tuple[int, ...]
) -> tuple[crop.Canvas, crop.Mesh]:
    """A face laid out, and its mesh with those points lower by 12 pixels."""
    assert face.mesh is not None
    canvas = crop.lay_out(picture, face.mesh)
    lower = canvas.mesh.copy()
    lower[list(points), 1] += 12
    return canvas, lower


def test_a_pair_of_a_picture_with_itself_is_that_picture(portrait: tuple[Picture, Face]) -> None:
    picture, face = portrait
    assert face.mesh is not None
    canvas = crop.lay_out(picture, face.mesh)
    target, mesh = crop.lay_over(canvas, face.mesh, picture, face.mesh)
    pair = make_pair(canvas, target, mesh, Shown())
    assert pair["source"].shape == (HEIGHT, WIDTH, 3)
    for name in ("warp", "target"):
        assert np.abs(pair[name].astype(int) - pair["source"]).mean() < 1.5
    assert pair["outer"].astype(bool)[pair["inner"] > 128].all()


def test_a_warp_carries_the_lips_to_where_the_target_has_them(
    portrait: tuple[Picture, Face],
) -> None:
    picture, face = portrait
    canvas, lower = laid_open(picture, face, (14, 87, 317, 17, 84, 314))
    pair = make_pair(canvas, canvas.rgb, lower, Shown())
    assert pair["inner"].sum() > 255 * 100
    inside = pair["inner"] > 250
    assert pair["warp"][inside].mean() < 0.6 * pair["source"][inside].mean()
    teeth = make_pair(canvas, canvas.rgb, lower, Shown(0.08))
    assert teeth["warp"][inside].mean() > 1.3 * pair["warp"][inside].mean()
    tongue = make_pair(canvas, canvas.rgb, lower, Shown(0.0, 0.0, 0.06))
    both = np.abs(tongue["target"].astype(int) - pair["target"]).sum(axis=2) > 60
    assert (both & (pair["inner"] > 0)).sum() == both.sum() > 30
    apart, before = (
        np.abs(made["target"].astype(int) - tongue["warp"])[both].mean() for made in (tongue, pair)
    )
    assert apart < 0.6 * before


def test_how_far_a_drawn_persons_teeth_reach_is_found(
    portrait: tuple[Picture, Face],
) -> None:
    picture, face = portrait
    canvas, lower = laid_open(picture, face, (14, 87, 317, 88, 178, 402, 318))
    mouths = []
    for share in (0.0, 0.3, 0.6):
        rgb = canvas.rgb.copy()
        top = lower[list(UPPER_INNER), :2]
        rest = lower[list(LOWER_INNER), :2] - top
        for ends, colour in ((1.0, (40, 15, 15)), (share, (230, 220, 205))):
            outline = np.vstack([top, (top + ends * rest)[::-1]])
            if ends:
                cv2.fillPoly(rgb, [np.rint(outline).astype(np.int32)], colour)
        mouths.append(rgb)
    found = [teeth_of(rgb, lower) for rgb in mouths]
    assert [edges.upper for edges, _ in found] == pytest.approx([0.0, 0.3, 0.6], abs=0.12)
    assert found[0][1] is None
    assert found[2][1] == pytest.approx((230, 220, 205), abs=12)


def test_a_drawn_mouth_is_compared_with_the_persons_others(
    portrait: tuple[Picture, Face],
) -> None:
    picture, face = portrait
    assert face.mesh is not None
    canvas, lower = laid_open(picture, face, (14, 87, 317, 17, 84, 314))
    drawing = Drawing.of(canvas.rgb, canvas.mesh)
    assert drawing.other(canvas.rgb, canvas.mesh)[1] == pytest.approx(0, abs=1e-3)
    assert drawing.other(canvas.rgb, lower)[1] > 1.0

    blurred = cv2.GaussianBlur(canvas.rgb, (0, 0), 1.5)
    twins = {
        "person": np.zeros(3, np.int32),
        "mouth": np.zeros(3, np.int32),
        "length": np.array([0.0, 1.0, 1.0]),
        "picture": np.stack([canvas.rgb, canvas.rgb, blurred]),
        "mesh": np.stack([canvas.mesh] * 3),
        "again": np.stack([canvas.mesh] * 3),
    }
    table = compare_twins(twins)
    again, _, twin, *_ = table.names()
    assert table.mean(again)[:2] == pytest.approx([1, 1], abs=1e-3)
    assert 0.6 < table.mean(twin)[0] < 0.99
    assert 0.3 < table.mean(twin)[1] < 0.8

    people = {name: twins[name][:2] for name in ("person", "mouth", "picture")}
    people |= {"mesh": np.stack([canvas.mesh, lower]), "measures": np.zeros((2, len(MEASURES)))}
    near, _ = compare_mouths(people).names()
    assert "px apart" in near
    assert compare_mouths(people).mean(near)[-1] > 1.0


def test_fitted_moves_are_found_and_are_alike_on_both_sides() -> None:
    chance = np.random.default_rng(0)
    truth = np.zeros((len(CAUSES), 478, 2))
    truth[0, 14], truth[0, 13] = (0, 0.9), (0, -0.1)
    truth[1, [61, 291]] = (-0.5, 0), (0.5, 0)
    changes = chance.normal(size=(400, len(CAUSES)))
    moved = np.tensordot(changes, truth, 1) + 0.01 * chance.normal(size=(400, 478, 2))
    basis, explained = fit(changes, moved)
    assert basis == pytest.approx(truth, abs=0.01)
    assert basis[1, 61] == pytest.approx(basis[1, 291] * (-1, 1))
    assert explained > 0.9


def test_the_shipped_moves_open_the_mouth_by_what_is_asked_and_round_it() -> None:
    moves = read_basis()
    opened, rounded = ({p: m[k, 1] for p, m in moves.items()} for k in (0, 2))
    assert opened[17] - opened[0] == pytest.approx(1, abs=0.01)
    assert 0.85 < opened[14] - opened[13] < 1.05
    assert opened[13] < 0 < opened[61] < opened[14]
    assert rounded[17] - rounded[14] > 0.02  # the lower lip grows fuller
    assert moves[291][1, 0] - moves[61][1, 0] == pytest.approx(1, abs=0.1)
