"""The pyramid of tiles and the detector's boxes: nothing is missed, nothing is counted twice."""

import numpy as np
import pytest

from deployments.face import tiles
from deployments.face.blazeface import ANCHORS, SIDE, Detections, blend, decode, overlap


def detections(boxes: list[list[float]], scores: list[float]) -> Detections:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    centres = (array[:, None, :2] + array[:, None, 2:]) / 2
    return Detections(array, centres.repeat(6, axis=1), np.array(scores, np.float32))


def test_there_are_896_anchors_on_two_grids() -> None:
    assert ANCHORS.shape == (896, 2)
    assert ANCHORS[0] == pytest.approx([1 / 32, 1 / 32])
    assert ANCHORS[1] == pytest.approx([1 / 32, 1 / 32])
    assert ANCHORS[2] == pytest.approx([3 / 32, 1 / 32])
    assert ANCHORS[512] == pytest.approx([1 / 16, 1 / 16])
    assert ANCHORS[-1] == pytest.approx([15 / 16, 15 / 16])


def test_an_output_is_decoded_from_its_anchor() -> None:
    regressors, logits = np.zeros((896, 16), np.float32), np.full(896, -100, np.float32)
    logits[514] = 3.0
    regressors[514] = [4, -2, 40, 30, *range(12)]
    found = decode(regressors, logits, min_score=0.5)
    x, y = ANCHORS[514] * SIDE
    assert found.boxes[0] == pytest.approx([x + 4 - 20, y - 2 - 15, x + 4 + 20, y - 2 + 15])
    assert found.keypoints[0, 0] == pytest.approx([x + 0, y + 1])
    assert found.keypoints[0, 5] == pytest.approx([x + 10, y + 11])
    assert found.scores == pytest.approx([1 / (1 + np.exp(-3))])


@pytest.mark.filterwarnings("error")
def test_extreme_outputs_do_not_overflow() -> None:
    logits = np.full(896, 1000, np.float32)
    logits[1:] *= -1
    assert len(decode(np.zeros((896, 16), np.float32), logits, min_score=0.5)) == 1


def test_overlapping_boxes_are_averaged_by_score_and_others_kept() -> None:
    found = blend(
        detections(
            [[10, 10, 50, 50], [14, 10, 54, 50], [80, 80, 100, 100]],
            [0.6, 0.9, 0.7],
        )
    )
    assert found.scores == pytest.approx([0.9, 0.7])
    assert found.boxes[0] == pytest.approx([12.4, 10, 52.4, 50])
    assert found.boxes[1] == pytest.approx([80, 80, 100, 100])


def test_nothing_blends_to_nothing() -> None:
    assert len(blend(detections([], []))) == 0


def test_overlap_is_of_the_union_and_of_the_smaller() -> None:
    boxes = np.array([[0, 0, 10, 10], [2, 2, 4, 4], [20, 0, 30, 10]], np.float32)
    shares = overlap(boxes[0], boxes)
    assert shares == pytest.approx(np.array([[1, 1], [0.04, 1], [0, 0]]), abs=1e-4)


@pytest.mark.parametrize("size", [(512, 512), (1920, 1080), (700, 3000), (8660, 5774)])
def test_every_small_face_lies_whole_in_a_tile_of_some_level(size: tuple[int, int]) -> None:
    width, height = size
    side = np.sqrt(width * height)
    rng = np.random.default_rng(1)
    narrowest = max(tiles.NARROWEST_PIXELS, tiles.NARROWEST_SHARE * side)
    for face in np.geomspace(narrowest * 1.05, side / 8, 20):
        # A detection spans about a face's width in both directions.
        left, top = rng.uniform(0, width - face), rng.uniform(0, height - face)
        assert any(
            _inside(longer / max(size), left, top, face, width, height)
            for longer in tiles.level_sides(width, height)
        ), face


def _inside(scale: float, left: float, top: float, face: float, width: int, height: int) -> bool:
    """Whether a level has a tile with the whole face, at a size that the detector sees."""
    if not tiles.SMALLEST * 0.95 <= face * scale <= SIDE:
        return False

    def covered(start: float, length: float) -> bool:
        return any(
            a <= start * scale and (start + face) * scale <= a + SIDE
            for a in tiles.starts(round(length * scale))
        )

    return covered(left, width) and covered(top, height)


@pytest.mark.parametrize("size", [(512, 512), (8660, 5774), (50000, 1000), (1, 50_000_000)])
def test_the_number_of_tiles_is_bounded(size: tuple[int, int]) -> None:
    count = 0
    for longer in tiles.level_sides(*size):
        scale = longer / max(size)
        across, down = (max(1, round(length * scale)) for length in size)
        count += len(tiles.starts(across)) * len(tiles.starts(down))
    assert count <= 320


def test_tiles_lead_back_to_the_picture() -> None:
    """A bright square is where the tile that shows it says it is."""
    picture = np.zeros((900, 1300, 3), np.uint8)
    picture[400:440, 800:840] = 255
    seen = 0
    for _, level in tiles.levels(picture):
        for tile in level:
            rows, columns = np.nonzero(tile.rgb[..., 1] > 128)
            if len(rows) < 4 or rows.min() == 0 or columns.min() == 0:
                continue
            if rows.max() == SIDE - 1 or columns.max() == SIDE - 1:
                continue
            box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            located = tile.locate(detections([[float(v) for v in box]], [1.0]))
            assert np.abs(located.boxes[0] - [800, 400, 840, 440]).max() < 1.1 * tile.scale
            seen += 1
    assert seen > 5


def test_flat_tiles_are_passed_over() -> None:
    picture = np.full((1024, 1024, 3), 120, np.uint8)
    levels = list(tiles.levels(picture))
    assert len(levels) > 2
    assert [len(list(level)) for _, level in levels[1:]] == [0] * (len(levels) - 1)


def test_a_box_that_a_tile_cuts_is_left_to_its_neighbour() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (600, 600, 3)).astype(np.uint8)
    *_, (_, level) = tiles.levels(picture)
    first = next(iter(level))
    assert (first.left, first.top) == (0, 0)
    cut = detections([[100, 40, 140, 80], [-10, 40, 30, 80], [40, 40, 80, 80]], [0.9, 0.9, 0.9])
    # The picture ends at the left, so a box may reach past that side; at the right it may not.
    assert len(first.locate(cut)) == 2
