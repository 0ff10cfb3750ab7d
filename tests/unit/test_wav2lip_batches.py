"""How frames are laid into batches of the sizes that a GPU has made ready; names of weights."""

import numpy as np
import pytest

from deployments.lipsync.wav2lip.buckets import SIZES, by_faces, cut_into
from deployments.lipsync.wav2lip.opening import WEIGHTS
from serve.weights.manifest import load_manifest


@pytest.mark.parametrize("frames", [0, 1, 2, 8, 9, 25, 200, 256, 257, 1000])
def test_every_frame_is_made_once_in_batches_that_hold_it(frames: int) -> None:
    parts = cut_into(frames)
    assert sum(taken for taken, _ in parts) == frames
    assert all(0 < taken <= size and size in SIZES for taken, size in parts)
    assert all(taken == SIZES[-1] for taken, _ in parts[:-1])


def test_no_smaller_batch_would_have_done() -> None:
    for frames in range(1, SIZES[-1] + 1):
        ((_, size),) = cut_into(frames)
        assert not any(frames <= other < size for other in SIZES)


def test_sizes_that_found_no_memory_are_done_without() -> None:
    assert cut_into(70, (1, 8, 32)) == [(32, 32), (32, 32), (6, 8)]


@pytest.mark.parametrize("slots", [1, 2, 3, 8])
def test_a_batch_is_of_no_more_faces_than_there_are_slots(slots: int) -> None:
    whose = np.array([0, 0, 1, 3, 3, 3, 4, 6], np.intp)
    frames: list[int] = []
    for faces, part in by_faces(whose, 7, slots):
        assert faces.stop - faces.start <= slots
        owners = whose[part]
        assert len(owners)
        assert faces.start <= owners.min()
        assert owners.max() < faces.stop
        frames += range(part.start, part.stop)
    assert frames == list(range(8))


def test_the_weights_that_the_options_name_are_in_the_manifest_and_may_not_be_sold() -> None:
    manifest = load_manifest()
    for name, file in WEIGHTS.values():
        assert [one.name for one in manifest[name].files] == [file]
        assert manifest[name].commercial_use == "no"
