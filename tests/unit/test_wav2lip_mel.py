"""What Wav2Lip hears: the reference's spectrogram and windows, however the sound is cut."""

from fractions import Fraction

import numpy as np
import pytest

from deployments.encode.engine import SOUND_AFTER, SOUND_BEFORE, SegmentTask
from deployments.encode.feed import calls
from deployments.lipsync.engine import LOOK_AHEAD, LipsyncCall
from deployments.lipsync.wav2lip import mel
from media.resample import hearing, resample
from media.sound import Sound
from media.timegrid import FRAME_RATES, HEARING_RATE, SOUND_RATE, TimeGrid
from tests.wav2lip import golden, waveform


def test_the_spectrogram_is_the_references() -> None:
    made = mel.track_spectrogram(waveform())
    assert made.shape == (80, 241)
    assert np.abs(made - golden()["mel"]).max() < 1e-3


@pytest.mark.parametrize("rate", ["24", "25", "29.97", "30"])
def test_frames_see_the_references_columns(rate: str) -> None:
    starts = golden()[f"starts_fps_{float(rate)}"]
    assert mel.track_starts(241, FRAME_RATES[rate]) == starts.tolist()


@pytest.mark.parametrize("rate", FRAME_RATES)
def test_every_frame_sees_its_part_of_the_whole_spectrogram(rate: str) -> None:
    wave = np.append(waveform(), np.zeros(HEARING_RATE, np.float32))
    whole = mel.track_spectrogram(wave)
    seen = mel.windows(Sound(wave, HEARING_RATE), FRAME_RATES[rate], 0, 70)
    for frame, window in enumerate(seen):
        first = mel.first_column(frame, FRAME_RATES[rate])
        assert np.abs(window - whole[:, first : first + 16]).max() < 1e-4


def test_silence_is_the_lowest_value_and_so_is_what_lies_outside_the_track() -> None:
    silence = Sound(np.zeros(0, np.float32), HEARING_RATE)
    assert np.all(mel.windows(silence, Fraction(25), 0, 3) == mel.SILENT)


def test_a_call_for_no_frames_sees_nothing() -> None:
    silence = Sound(np.zeros(0, np.float32), HEARING_RATE)
    assert mel.windows(silence, Fraction(25), 4, 4).shape == (0, 80, 16)


def segment_calls(track: Sound, fps: Fraction, start: int, stop: int) -> list[LipsyncCall]:
    """A segment's calls, with no more sound than the director gives a segment."""
    grid = TimeGrid(fps)
    first = grid.sample(start) - int(SOUND_BEFORE * SOUND_RATE)
    last = grid.sample(stop) + int(SOUND_AFTER * SOUND_RATE)
    return list(calls(SegmentTask("", fps, start, stop, False, track.window(first, last))))


@pytest.mark.parametrize("rate", FRAME_RATES)
def test_frames_are_the_same_however_the_track_is_cut_into_segments_and_calls(rate: str) -> None:
    fps = FRAME_RATES[rate]
    track = Sound(resample(waveform(), HEARING_RATE, SOUND_RATE), SOUND_RATE)
    heard = hearing(track.window(-SOUND_RATE, 4 * SOUND_RATE))
    whole = mel.windows(heard, fps, 0, 66)
    for start, stop in ((0, 1), (1, 30), (30, 37), (37, 66)):
        for call in segment_calls(track, fps, start, stop):
            made = mel.windows(call.sound, fps, call.start, call.stop)
            assert np.abs(made - whole[call.start : call.stop]).max() < 1e-3


@pytest.mark.parametrize("rate", FRAME_RATES)
def test_a_call_holds_just_what_its_last_frame_hears(rate: str) -> None:
    fps = FRAME_RATES[rate]
    assert mel.REACH / HEARING_RATE == LOOK_AHEAD
    wave = waveform()
    for frame in range(20, 50):
        end = TimeGrid(fps).sample(frame, HEARING_RATE) + mel.REACH
        assert end >= mel.first_column(frame, fps) * mel.HOP + mel.REACH
        plain, cut = (
            mel.windows(Sound(samples, HEARING_RATE), fps, frame, frame + 1)
            for samples in (wave, wave[:end])
        )
        assert np.array_equal(plain, cut)
