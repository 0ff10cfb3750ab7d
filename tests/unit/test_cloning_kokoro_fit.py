"""A cloned voice from a sample of another engine, with the real networks."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from deployments.cloning.blend import Known
from deployments.cloning.engine import Cloned
from deployments.cloning.kokoro_fit import KokoroFit
from deployments.cloning.words import Words
from deployments.speech.engine import Voice
from deployments.speech.hibari import Hibari
from media.errors import AvatarError
from media.limiter import louden
from media.loudness import TARGET_LUFS, integrated_loudness
from media.sound import Sound
from media.timegrid import SOUND_RATE
from tests.weights import weights

TEXT = "We followed the river for an hour, and then we lost the path. Nothing happened for a while."


@pytest.fixture(scope="module")
def engine() -> KokoroFit:
    """Without af_heart, from which the sample's voice was made, so that there is something to seek;
    and with few words, for speaking is what a fit takes long for."""
    files = weights(*KokoroFit.weights)
    loaded = KokoroFit.load(files, threads=2, tries=2, leave_out="af_heart")
    few = Words("Two green birds.", ("A jar of honey.",), {"en": ("It stopped.",)})
    return replace(loaded, words=few)


@pytest.fixture(scope="module")
def sample() -> Sound:
    hibari = Hibari.load(weights("hibari-heart"), threads=1)
    return Sound(np.concatenate([p.samples for p in hibari.speak(TEXT, "heart")]), SOUND_RATE)


@pytest.fixture(scope="module")
def told(engine: KokoroFit, sample: Sound) -> list[float | Cloned]:
    return list(engine.clone(sample, "en-US", seed=3))


@pytest.fixture(scope="module")
def cloned(told: list[float | Cloned]) -> Cloned:
    assert isinstance(told[-1], Cloned)
    return told[-1]


def test_progress_rises_and_the_voice_comes_last_and_once(told: list[float | Cloned]) -> None:
    progress = [step for step in told if isinstance(step, float)]
    assert len(progress) == len(told) - 1 >= 3
    assert progress == sorted(progress)
    assert progress[0] == 0.0
    assert progress[-1] <= 1.0


def test_the_voice_says_that_it_is_approximate_and_how_like_the_sample(cloned: Cloned) -> None:
    assert cloned.approximate
    assert cloned.engine == "kokoro"
    assert cloned.licence == "Apache-2.0"
    assert cloned.languages[0] == "en-US"
    assert set(cloned.languages) == {"en-US", "en-GB", "es-ES", "fr-FR", "hi-IN", "it-IT",
                                     "ja-JP", "pt-BR", "zh-CN"}  # fmt: skip
    assert cloned.similarity is not None
    assert 0.6 < cloned.similarity <= 1.0
    assert len(cloned.data) < 20_000_000


def test_the_speech_engine_speaks_it_at_the_loudness_of_a_video(
    engine: KokoroFit, cloned: Cloned
) -> None:
    voice = Voice("voice_1", "Mine", cloned.languages, "unknown", cloned.licence, cloned.gain_db,
                  cloned.engine)  # fmt: skip
    adopted = engine.kokoro.with_voice(voice, cloned.data)
    text = "The baker opens the shop."
    said = np.concatenate([piece.samples for piece in adopted.speak(text, voice.id)])
    loudness = integrated_loudness(louden(Sound(said, SOUND_RATE), voice.gain_db))
    assert loudness == pytest.approx(TARGET_LUFS, abs=2.0)


def test_the_nearest_stock_voice_is_the_one_that_the_sample_s_voice_was_made_from(
    engine: KokoroFit, sample: Sound
) -> None:
    assert engine.nearest(sample) != "af_heart"
    everybody = replace(engine, known=Known.load(engine.blender.names))
    assert everybody.nearest(sample) == "af_heart"


def test_the_same_sample_and_seed_make_the_same_voice(
    engine: KokoroFit, sample: Sound, cloned: Cloned
) -> None:
    *_, again = engine.clone(sample, "en", seed=3)
    assert again == cloned


def test_one_may_stop_listening_at_any_moment(engine: KokoroFit, sample: Sound) -> None:
    steps = engine.clone(sample, "en-US")
    assert isinstance(steps, Iterator)
    assert next(steps) == 0.0
    steps.close()  # type: ignore[attr-defined]  # a generator, as every iterator of this engine


@pytest.mark.parametrize("language", ["tlh", "", "en-AU", "xx-XX"])
def test_a_language_that_cannot_be_spoken_is_refused(
    engine: KokoroFit, sample: Sound, language: str
) -> None:
    with pytest.raises(AvatarError, match="choose one of en-US") as error:
        engine.check(sample, language)
    assert (error.value.code, error.value.param) == ("invalid_request", "language")


def test_a_language_whose_reader_is_missing_says_what_to_install(
    engine: KokoroFit, sample: Sound
) -> None:
    fronts = {tag: front for tag, front in engine.kokoro.fronts.items() if tag != "fr-FR"}
    kokoro = replace(engine.kokoro, fronts=fronts, missing={"fr-FR": "Install espeak-ng."})
    for language in ("fr", "fr-FR", "FR-fr"):
        with pytest.raises(AvatarError, match=r"Install espeak-ng\.") as error:
            replace(engine, kokoro=kokoro).check(sample, language)
        assert error.value.param == "language"


def test_a_sample_that_serves_is_let_in_and_another_is_not(
    engine: KokoroFit, sample: Sound
) -> None:
    engine.check(sample, "es")
    with pytest.raises(AvatarError) as error:
        engine.check(sample.window(0, SOUND_RATE), "es")
    assert error.value.code == "unusable_sample"


def test_options_and_missing_weights_are_told() -> None:
    files = weights("kokoro-82m-int8", "kokoro-voices")
    with pytest.raises(AvatarError, match="weights fetch resemblyzer-encoder") as error:
        KokoroFit.load(files, threads=1)
    assert error.value.code == "weights_missing"
    for tries in (1, 401):
        with pytest.raises(ValueError, match="tries must lie between 2 and 400"):
            KokoroFit.load(files, threads=1, tries=tries)
    with pytest.raises(ValueError, match="leave_out: there is no stock voice nobody"):
        KokoroFit.load(files, threads=1, leave_out="nobody")
