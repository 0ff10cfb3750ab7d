# ruff: noqa: RUF001 - phonetic symbols are what is tested
"""The embedded voice."""

import time
from importlib import resources
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from scipy.signal import resample_poly

from bench.metering import coded, meter
from deployments.speech.hibari import MODEL, Hibari
from deployments.speech.network import FRAME, RATE, with_output
from deployments.speech.reading import Reading
from deployments.speech.timing import LATE
from media.errors import AvatarError
from media.limiter import louden
from media.loudness import TARGET_LUFS
from media.sound import Sound, Speech
from media.timegrid import SOUND_RATE
from training.mouth.clock import lateness

GREETING = "Hello, my name is Anna. I paid $5 million at 7:30 pm!"
LONG = "Whenever the weather allowed it, the children of the village went down to the river."


@pytest.fixture(scope="module")
def model() -> Path:
    return Path(str(resources.files("hibari") / "assets" / MODEL))


@pytest.fixture(scope="module")
def voice(model: Path) -> Hibari:
    return Hibari.load({MODEL: model}, threads=1)


def spoken(voice: Hibari, text: str, speed: float = 1.0) -> list[Speech]:
    return list(voice.speak(text, "heart", speed))


def loudness(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def code_of(error: pytest.ExceptionInfo[AvatarError]) -> tuple[str, str | None]:
    return error.value.code, error.value.param


def test_the_durations_add_up_to_the_sound_to_the_sample(model: Path, voice: Hibari) -> None:
    symbols = "həlˈO ðˈɛɹ."
    sound, times = voice._sound(Reading(symbols, (0,) * len(symbols)), 1.0)
    ids = [[0, *(voice.vocabulary[c] for c in symbols), 0]]
    feed = {"ids": np.array(ids, np.int64), "speed": np.ones(1, np.float32)}
    durations = voice.session.run(["/Clip_output_0"], feed)[0]
    assert durations.sum() * FRAME == len(sound)
    assert all(a.end == pytest.approx(b.start) for a, b in pairwise(times))
    assert times[0].start == pytest.approx(durations.ravel()[0] * FRAME / RATE - LATE)


def test_phonemes_are_stated_where_they_are_heard(tmp_path: Path, voice: Hibari) -> None:
    text = "Six crisp biscuits sat beside a sack of rice and two baked potatoes."
    (speech,) = voice.speak(text, "heart")
    sound = resample_poly(speech.samples, 1, SOUND_RATE // 16_000)
    np.savez(
        tmp_path / "held-heart-0000.npz",
        sound=(20_000 * sound).astype(np.int16),
        symbols=np.array([p.symbol for p in speech.phones]),
        times=np.array([(p.start, p.end) for p in speech.phones], np.float32),
    )
    late = lateness([tmp_path / "held-heart-0000.npz"])
    assert set(late) == {"hiss", "vowels", "stops"}
    assert max(abs(ms) for ms in late.values()) <= 20


def test_an_output_can_be_asked_of_any_model(model: Path) -> None:
    before = ort.InferenceSession(model.read_bytes(), providers=["CPUExecutionProvider"])
    grown = with_output(model.read_bytes(), "/Clip_output_0")
    after = ort.InferenceSession(grown, providers=["CPUExecutionProvider"])
    names = [o.name for o in before.get_outputs()]
    assert [o.name for o in after.get_outputs()] == [*names, "/Clip_output_0"]


@pytest.mark.parametrize(
    ("text", "speed"),
    [
        # A word at a higher speed is over before a gating block of 0.4 s is.
        *(("Hello!", speed) for speed in (0.7, 1.0)),
        *(("What?", speed) for speed in (0.7, 1.0)),
        *(("Nice to meet you.", speed) for speed in (0.7, 1.0, 1.5)),
        *((GREETING, speed) for speed in (0.5, 1.0, 2.0)),
        *((f"{LONG} {GREETING} {LONG}", speed) for speed in (0.7, 1.0, 1.5)),
    ],
)
def test_the_voice_s_gain_brings_any_text_to_one_loudness(
    voice: Hibari, text: str, speed: float
) -> None:
    samples = np.concatenate([piece.samples for piece in spoken(voice, text, speed)])
    loudness, peak = meter(coded(louden(Sound(samples, SOUND_RATE), voice.voices[0].gain_db)))
    assert loudness == pytest.approx(TARGET_LUFS, abs=2.0)
    assert peak <= -1.0


def test_speech_is_48_khz_float_mono_and_never_over_full_scale(voice: Hibari) -> None:
    for piece in spoken(voice, GREETING):
        assert piece.rate == SOUND_RATE
        assert piece.samples.dtype == np.float32
        assert piece.samples.ndim == 1
        assert np.isfinite(piece.samples).all()
        assert 0.05 < np.abs(piece.samples).max() < 0.98


def test_words_are_as_written_in_order_and_inside_their_piece(voice: Hibari) -> None:
    pieces = spoken(voice, GREETING)
    assert " ".join(w.text for p in pieces for w in p.words) == GREETING
    for piece in pieces:
        assert all(0 <= w.start < w.end <= piece.seconds for w in piece.words)
        assert all(a.start <= b.start and a.end <= b.start + 1e-6 for a, b in pairwise(piece.words))


def test_sound_is_where_the_words_are_and_silence_elsewhere(voice: Hibari) -> None:
    for piece in spoken(voice, GREETING):
        inside = np.zeros(len(piece.samples), bool)
        for word in piece.words:
            inside[int((word.start - 0.06) * SOUND_RATE) : int((word.end + 0.03) * SOUND_RATE)] = (
                True
            )
        assert loudness(piece.samples[inside]) > 0.015
        assert loudness(piece.samples[~inside]) < 0.0015


def test_phones_carry_no_marks_and_cover_the_words(voice: Hibari) -> None:
    for piece in spoken(voice, GREETING):
        assert all(len(p.symbol) == 1 and p.symbol not in "ˈˌː ,.!" for p in piece.phones)
        assert all(a.end <= b.start + 1e-6 for a, b in pairwise(piece.phones))
        assert piece.phones[0].start == pytest.approx(piece.words[0].start, abs=0.03)
    assert [p.symbol for p in spoken(voice, "Mama.")[0].phones][:2] == ["m", "ɑ"]


def test_the_first_piece_is_short_and_starts_soon(voice: Hibari) -> None:
    first = spoken(voice, "Hello, my name is Anna, and I would love to show you this.")[0]
    assert first.seconds < 1.0
    assert first.words[0].start <= 0.12


def test_pieces_join_without_clicks(voice: Hibari) -> None:
    for piece in spoken(voice, GREETING):
        assert np.abs(piece.samples[[0, -1]]).max() < 5e-4
        assert np.abs(piece.samples[:48]).max() < 2.5e-3
        assert np.abs(piece.samples[-48:]).max() < 2.5e-3


def test_a_paragraph_pauses_longer_than_a_sentence(voice: Hibari) -> None:
    def rest(text: str) -> float:
        piece = spoken(voice, text)[0]
        return piece.seconds - piece.words[-1].end

    assert rest("We left.\n\nIt rained.") > rest("We left. It rained.") + 0.2


def test_the_same_call_gives_the_same_samples(voice: Hibari) -> None:
    for a, b in zip(spoken(voice, GREETING), spoken(voice, GREETING), strict=True):
        assert np.array_equal(a.samples, b.samples)
        assert a.words == b.words


def test_speed_changes_the_length(voice: Hibari) -> None:
    slow, normal, fast = (
        sum(p.seconds for p in spoken(voice, GREETING, speed)) for speed in (0.5, 1.0, 2.0)
    )
    assert slow == pytest.approx(2 * normal, rel=0.1)
    assert fast == pytest.approx(normal / 2, rel=0.15)


@pytest.mark.parametrize("speed", [0.49, 2.01, 0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_speed_is_refused_at_once(voice: Hibari, speed: float) -> None:
    with pytest.raises(AvatarError) as error:
        voice.speak("Hello.", "heart", speed)
    assert code_of(error) == ("invalid_request", "speed")


@pytest.mark.parametrize(
    "text", ["", "   \n\t", "\x00\x07", "😀😀", "你好世界", "...", "<p></p>", "₿"]
)
def test_text_with_nothing_to_say_is_refused_at_once(voice: Hibari, text: str) -> None:
    for call in (voice.check, voice.speak):
        with pytest.raises(AvatarError) as error:
            call(text, "heart")
        assert code_of(error) == ("empty_text", "text")


def test_an_unknown_voice_is_refused_at_once(voice: Hibari) -> None:
    for call in (voice.check, voice.speak):
        with pytest.raises(AvatarError) as error:
            call("Hello.", "emma")
        assert code_of(error) == ("unknown_voice", "voice")


def test_only_the_voice_that_can_speak_now_is_listed(voice: Hibari) -> None:
    assert [v.id for v in voice.voices] == ["heart"]


def test_missing_weights_say_what_to_do() -> None:
    with pytest.raises(AvatarError) as error:
        Hibari.load({}, threads=1)
    assert error.value.code == "weights_missing"


def test_check_tells_the_number_of_pieces_that_are_spoken(voice: Hibari) -> None:
    text = "One. 你好。 Two, three! 😀\n\n... Four?"
    assert voice.check(text, "heart") == len(spoken(voice, text)) == 3


def test_a_piece_without_sound_is_left_out(voice: Hibari) -> None:
    assert [p.words[0].text for p in spoken(voice, "One.\n\n$ $\n\nTwo.")] == ["One.", "Two."]


def test_what_can_be_spoken_of_a_mixed_text_is_spoken(voice: Hibari) -> None:
    text = "Hi\x00 <b>Anna</b> 😀 — 你好 ok?"
    words = [w.text for p in spoken(voice, text) for w in p.words]
    assert words == ["Hi", "Anna 😀 —", "ok?"]


def test_a_sentence_of_3000_characters_without_punctuation_is_spoken_whole(voice: Hibari) -> None:
    text = ("the quiet river runs on and on under the old stone bridge " * 60)[:3000]
    pieces = spoken(voice, text)
    assert [w.text for p in pieces for w in p.words] == text.split()
    assert all(p.seconds < 20 for p in pieces)


def test_checking_forty_thousand_characters_takes_a_moment(voice: Hibari) -> None:
    text = ("The quick brown fox, aged 12, jumps over the lazy dog. " * 800)[:40_000]
    begin = time.perf_counter()
    assert voice.check(text, "heart") > 500
    assert time.perf_counter() - begin < 0.6
