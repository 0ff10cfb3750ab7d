"""Sound that is loudened while it comes is the same as what comes out of the whole."""

import numpy as np
import pytest
from test_limiter import speech_like

from media.flowing import Flowing
from media.limiter import louden
from media.resample import resample
from media.sound import Samples

GAIN_DB = 14.0
CUTS = {
    "whole": [192_000],
    "pieces": [31_007, 90_001, 70_992],
    "crumbs": [1, 0, 2, 700, 1, 64, 5000, 186_232],
    "blocks": [1000] * 192,
}


def flowed(samples: Samples, lengths: list[int], rate: int) -> list[Samples]:
    flow, out, at = Flowing(GAIN_DB, rate), [], 0
    for length in lengths:
        out.append(flow.push(samples[at : at + length]))
        at += length
    return [*out, flow.end()]


@pytest.mark.parametrize("rate", [48_000, 24_000, 16_000])
@pytest.mark.parametrize("lengths", CUTS.values(), ids=CUTS.keys())
def test_sound_comes_out_the_same_however_it_was_cut(lengths: list[int], rate: int) -> None:
    sound = speech_like()
    assert sum(lengths) == len(sound.samples)
    whole = resample(louden(sound, GAIN_DB).samples, 48_000, rate)
    out = np.concatenate(flowed(sound.samples, lengths, rate))
    assert out.shape == whole.shape
    assert np.abs(out - whole).max() < 1e-5


@pytest.mark.parametrize("length", [0, 1, 2, 3, 500, 47_999])
def test_no_sample_is_lost_at_the_end(length: int) -> None:
    out = np.concatenate(flowed(np.full(length, 0.1, np.float32), [length], 24_000))
    assert len(out) == -(-length // 2)


def test_sound_lags_by_a_fortieth_of_a_second_at_most() -> None:
    first, last = flowed(np.full(48_000, 0.1, np.float32), [48_000], 24_000)
    assert len(first) >= 24_000 * 39 // 40
    assert len(first) + len(last) == 24_000


def test_a_rate_that_samples_do_not_fall_on_is_refused() -> None:
    with pytest.raises(ValueError, match="does not divide"):
        Flowing(0.0, 22_050)
