"""The cloning engine that keeps the sample, with the packaged voice as the person who speaks."""

import numpy as np
import pytest

from deployments.cloning.engine import Cloned
from deployments.cloning.kept_sample import KeptSample
from deployments.cloning.sample_speech import prepared
from deployments.loading import EngineConfig, load_engine
from deployments.speech.hibari import Hibari
from media.errors import AvatarError
from media.loudness import TARGET_LUFS, integrated_loudness
from media.sound import Samples, Sound
from media.timegrid import SOUND_RATE
from media.voice_sample import VoiceSample, unpack
from serve.settings import Settings
from tests.weights import weights

XTTS = "deployments.speech.coqui.xtts:XTTS"
WORDS = "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background. "


def quiet(seconds: float) -> Samples:
    noise = np.random.default_rng(1).normal(0, 2e-4, round(seconds * SOUND_RATE))
    return noise.astype(np.float32)


@pytest.fixture(scope="module")
def sentence() -> Samples:
    engine = Hibari.load(weights("hibari-heart"), threads=1)
    return np.concatenate([piece.samples for piece in engine.speak(WORDS, "heart")])


@pytest.fixture(scope="module")
def recording(sentence: Samples) -> Sound:
    """Some twelve seconds, silence at both ends."""
    parts = [quiet(1.5), sentence, quiet(0.4), sentence, quiet(2.0)]
    return Sound(np.concatenate(parts) * np.float32(0.2), SOUND_RATE)


def engine(name: str = XTTS, **options: str) -> KeptSample:
    return KeptSample.load({}, threads=1, engine=name, **options)


def voice_of(sample: Sound, language: str = "en-US") -> Cloned:
    *progress, voice = engine().clone(sample, language, 7)
    assert [p for p in progress if isinstance(p, float)] == progress == sorted(progress)
    assert isinstance(voice, Cloned)
    return voice


def test_a_voice_says_whose_it_is_and_what_it_may_be_used_for(recording: Sound) -> None:
    voice = voice_of(recording)
    assert (voice.engine, voice.gain_db) == ("xtts", 0.0)
    assert (voice.similarity, voice.approximate) == (None, False)
    assert "non-commercial" in voice.licence
    assert len(voice.data) < 2_000_000


def test_a_voice_speaks_its_own_language_first_and_then_the_engine_s_others(
    recording: Sound,
) -> None:
    assert voice_of(recording).languages[:3] == ("en-US", "es", "fr")
    assert len(voice_of(recording).languages) == 17
    two = engine("deployments.speech.pocket:PocketTTS", languages="en,fr")
    *_, voice = two.clone(recording, "fr-FR")
    assert isinstance(voice, Cloned)
    assert voice.languages == ("fr-FR", "en")


def test_the_kept_sample_is_the_speech_without_the_silence_round_it(recording: Sound) -> None:
    kept = unpack(voice_of(recording).data)
    assert (kept.rate, kept.language) == (22_050, "en-US")
    assert recording.seconds - 4.0 < kept.seconds < recording.seconds - 2.8
    assert np.abs(kept.samples[: kept.rate // 4]).max() > 0.05


def test_the_kept_sample_is_as_loud_as_speech_and_never_cut_off(recording: Sound) -> None:
    kept = unpack(voice_of(recording).data)
    loudness = integrated_loudness(Sound(kept.samples, kept.rate))
    highest = np.abs(kept.samples).max()
    assert highest < 1
    assert loudness == pytest.approx(TARGET_LUFS, abs=1) or highest > 0.9


def test_the_same_sample_gives_the_same_voice(recording: Sound) -> None:
    assert voice_of(recording) == voice_of(recording)


def test_of_a_long_sample_the_part_up_to_a_pause_is_kept(recording: Sound) -> None:
    seconds = recording.seconds - 3.5 - 1.0  # ends within the last sentence
    kept: VoiceSample = prepared(recording, 24_000, seconds, "en")
    assert seconds / 2 < kept.seconds < seconds
    last = kept.samples[-round(0.05 * kept.rate) :]
    assert np.abs(last).max() < 0.02 * np.abs(kept.samples).max()


def test_a_long_sample_without_a_pause_is_cut_all_the_same() -> None:
    time = np.arange(10 * SOUND_RATE) / SOUND_RATE
    hum = Sound((0.3 * np.sin(2 * np.pi * 150 * time)).astype(np.float32), SOUND_RATE)
    assert prepared(hum, 16_000, 4.0, "en").seconds == pytest.approx(4.0, abs=0.01)


def test_a_sample_of_a_later_stretch_is_cut_where_it_lies(recording: Sound) -> None:
    later = Sound(recording.samples, SOUND_RATE, start=480_000)
    assert voice_of(later) == voice_of(recording)


@pytest.mark.parametrize("seconds", [0.0, 7.0])
def test_silence_is_refused(seconds: float) -> None:
    silence = Sound(np.zeros(round(seconds * SOUND_RATE), np.float32), SOUND_RATE)
    with pytest.raises(AvatarError) as error:
        engine().check(silence, "en")
    assert (error.value.code, error.value.param) == ("silent_audio", "sample")


def test_too_little_speech_is_refused_with_how_much_there_is(sentence: Samples) -> None:
    word = sentence[: round(1.5 * SOUND_RATE)]
    short = Sound(np.concatenate([quiet(3.0), word, quiet(3.0)]), SOUND_RATE)
    with pytest.raises(AvatarError, match=r"Only 1\.\d s of the sample are speech") as error:
        engine().check(short, "en")
    assert (error.value.code, error.value.param) == ("unusable_sample", "sample")
    assert not error.value.retryable


def test_a_good_sample_passes(recording: Sound) -> None:
    engine().check(recording, "en-GB")
    engine().check(recording, "hi")


@pytest.mark.parametrize(
    ("name", "options", "language", "known"),
    [
        (XTTS, {}, "sv", "en, es, fr"),
        (XTTS, {"languages": "en,fr"}, "de", "en, fr"),
        ("deployments.speech.coqui.yourtts:YourTTS", {}, "de", "en, fr, pt"),
        ("deployments.speech.pocket:PocketTTS", {}, "fr", "en"),
    ],
)
def test_a_language_that_the_engine_does_not_speak_is_refused(
    recording: Sound, name: str, options: dict[str, str], language: str, known: str
) -> None:
    with pytest.raises(AvatarError, match=f"choose {known}") as error:
        engine(name, **options).check(recording, language)
    assert (error.value.code, error.value.param) == ("invalid_request", "language")


def test_an_engine_that_speaks_from_no_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="does not speak from a sample"):
        engine("deployments.speech.hibari:Hibari")


def test_a_line_of_config_opens_it_without_the_speech_engine_s_library() -> None:
    config = EngineConfig(
        engine="deployments.cloning.kept_sample:KeptSample",
        options={"engine": "deployments.speech.pocket:PocketTTS", "languages": "en,fr"},
    )
    opened = load_engine(config, Settings())
    assert opened.languages == ("en", "fr")
    opened.warm_up()
