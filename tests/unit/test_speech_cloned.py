"""Kokoro and several engines as one adopt cloned voices."""

import io
from dataclasses import replace

import numpy as np
import pytest

from deployments.speech.adopting import adopt
from deployments.speech.engine import AdoptingEngine, Voice
from deployments.speech.hibari import Hibari
from deployments.speech.kokoro import Kokoro
from deployments.speech.kokoro_styles import ROWS, STYLE, read_styles, write_styles
from deployments.speech.several import Several
from media.errors import AvatarError
from tests.weights import weights

TEXT = "Good evening."
CLONED = Voice("voice_1", "Mine", ("en-US", "es-ES"), "unknown", "Apache-2.0", 3.0, "kokoro")


@pytest.fixture(scope="module")
def kokoro() -> Kokoro:
    files = weights("kokoro-82m-int8", "kokoro-voices")
    return Kokoro.load(files, threads=2, languages="en-US,es-ES")


@pytest.fixture(scope="module")
def data(kokoro: Kokoro) -> bytes:
    return write_styles(0.5 * (kokoro.styles["af_heart"] + kokoro.styles["am_michael"]))


def said(engine: object, voice: str, text: str = TEXT) -> np.ndarray:
    assert isinstance(engine, Kokoro | Hibari | Several)
    return np.concatenate([piece.samples for piece in engine.speak(text, voice)])


def test_a_cloned_voice_speaks_the_same_each_time_and_unlike_those_it_is_made_of(
    kokoro: Kokoro, data: bytes
) -> None:
    adopting: AdoptingEngine = kokoro
    engine = adopting.with_voice(CLONED, data)
    mine = said(engine, CLONED.id)
    assert np.sqrt(np.mean(mine**2)) > 0.01
    assert np.array_equal(mine, said(adopting.with_voice(CLONED, data), CLONED.id))
    assert not np.array_equal(mine, said(kokoro, "af_heart"))
    assert [v.id for v in engine.voices] == [CLONED.id]
    assert engine.check(TEXT, CLONED.id) == 1


def test_a_stock_voice_s_own_styles_make_that_voice(kokoro: Kokoro) -> None:
    engine = kokoro.with_voice(CLONED, write_styles(kokoro.styles["af_heart"]))
    assert engine.session is kokoro.session
    assert np.array_equal(said(engine, CLONED.id), said(kokoro, "af_heart"))


def test_the_engine_s_own_voices_stay_as_they_are(kokoro: Kokoro, data: bytes) -> None:
    before, voices = said(kokoro, "af_heart"), list(kokoro.voices)
    engine = kokoro.with_voice(CLONED, data)
    said(engine, CLONED.id)
    assert list(kokoro.voices) == voices
    assert np.array_equal(said(kokoro, "af_heart"), before)
    for asked, voice in ((kokoro, CLONED.id), (engine, "af_heart")):
        with pytest.raises(AvatarError) as error:
            asked.check(TEXT, voice)
        assert error.value.code == "unknown_voice"


def test_a_cloned_voice_speaks_the_first_of_its_languages(kokoro: Kokoro, data: bytes) -> None:
    spanish = replace(CLONED, languages=("es-ES", "ja-JP", "en-US"))
    engine = kokoro.with_voice(spanish, data)
    assert engine.voices[0].languages == ("es-ES", "en-US")
    native = replace(kokoro.voices[0], id="x", languages=("es-ES",))
    reference = replace(kokoro, voices=(native,), styles={"x": read_styles(data)})
    hello = "Buenos días."
    assert np.array_equal(said(engine, CLONED.id, hello), said(reference, "x", hello))


def test_a_language_that_cannot_be_read_here_is_an_error_and_not_spoken_as_the_next_one(
    kokoro: Kokoro, data: bytes
) -> None:
    without = replace(kokoro, missing={"fr-FR": "Install espeak-ng."})
    french = replace(CLONED, languages=("fr-FR", "en-US"))
    with pytest.raises(AvatarError, match=r"fr-FR here\. Install.*`language`: en-US\.") as error:
        without.with_voice(french, data)
    assert (error.value.code, error.value.param) == ("invalid_request", "voice")
    with pytest.raises(AvatarError, match=r"opens other languages only\.$"):
        kokoro.with_voice(replace(CLONED, languages=("fr-FR",)), data)


def npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


def styles(value: float = 0.1) -> np.ndarray:
    return np.full((ROWS, STYLE), value, np.float32)


def announcing(shape: str) -> bytes:
    """Styles whose header says something else."""
    good = write_styles(styles())
    bad = good.replace(b"(510, 256)", shape.encode())
    assert bad != good
    return bad


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"no voice at all",
        write_styles(styles())[:-4],
        write_styles(styles()) + b"more",
        announcing("(510, 999)"),
        announcing("(9**99, 1)"),
        npy(styles().astype(np.float64)),
        npy(np.asfortranarray(styles() + np.arange(STYLE, dtype=np.float32) / 1000)),
        npy(styles(float("nan"))),
        npy(styles(1e6)),
        npy(styles()[:100]),
        npy(np.array([{"a": 1}] * 70_000, dtype=object)),
    ],
    ids=range(12),
)
def test_broken_styles_are_refused_with_what_to_do(kokoro: Kokoro, broken: bytes) -> None:
    with pytest.raises(AvatarError, match="make the voice again") as error:
        kokoro.with_voice(CLONED, broken)
    assert (error.value.code, error.value.param) == ("invalid_request", "voice")


def test_what_cannot_be_read_again_is_not_written() -> None:
    for wrong in (styles(float("inf")), styles()[:3]):
        with pytest.raises(ValueError, match="styles"):
            write_styles(wrong)


def test_of_several_engines_the_one_that_is_named_adopts_a_voice(
    kokoro: Kokoro, data: bytes
) -> None:
    hibari = Hibari.load(weights("hibari-heart"), threads=1)
    several = Several((hibari, kokoro))
    engine = adopt(several, CLONED, data)
    alone = kokoro.with_voice(CLONED, data)
    assert np.array_equal(said(engine, CLONED.id), said(alone, CLONED.id))
    for name in ("hibari", "xtts"):
        with pytest.raises(AvatarError, match="which this server does not run") as error:
            adopt(several, replace(CLONED, engine=name), data)
        assert error.value.code == "unknown_voice"
