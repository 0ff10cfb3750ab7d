# ruff: noqa: RUF001 - phonetic symbols and East Asian marks are what is tested
"""Kokoro's voices, with their real weights."""

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from bench.metering import coded, meter
from deployments.loading import EngineConfig, load_engine
from deployments.speech import marked
from deployments.speech.kokoro import MOST_SYMBOLS, Kokoro
from deployments.speech.kokoro_voices import STOCK
from deployments.speech.network import FRAME
from deployments.speech.reading import Reading
from deployments.speech.several import Several
from media.errors import AvatarError
from media.limiter import louden
from media.loudness import TARGET_LUFS
from media.sound import Sound, Speech
from media.timegrid import SOUND_RATE
from serve.settings import Settings
from tests.weights import weights
from training.mouth.clock import lateness

NAMES = ("kokoro-82m-int8", "kokoro-voices")
FIRST = {"en-US": "af_heart", "en-GB": "bf_emma", "es-ES": "ef_dora", "fr-FR": "ff_siwis",
         "hi-IN": "hf_alpha", "it-IT": "if_sara", "ja-JP": "jf_alpha", "pt-BR": "pf_dora",
         "zh-CN": "zf_xiaobei"}  # fmt: skip
TEXTS = {
    "en-US": "Hello, my name is Anna. I paid $5 million!",
    "en-GB": "Good morning, Mr. Brown.",
    "es-ES": "¡Hola! Hoy es el 12/05/2024, y pagué 20 €.",
    "fr-FR": "Bonjour, les enfants ont 95 pommes !",
    "hi-IN": "नमस्ते! मेरा नाम राम है।",
    "it-IT": "Il Sig. Rossi arriva domani.",
    "ja-JP": "今日は火曜日です。「寿司」を食べました。",
    "pt-BR": "Bom dia, tudo bem? Custa R$ 30.",
    "zh-CN": "你好！我喜欢iPhone手机，价格5999元。",
}


@pytest.fixture(scope="module")
def kokoro() -> Kokoro:
    return Kokoro.load(weights(*NAMES), threads=2)


def spoken(kokoro: Kokoro, text: str, voice: str, speed: float = 1.0) -> list[Speech]:
    return list(kokoro.speak(text, voice, speed))


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_all_54_voices_in_nine_languages_can_speak_here(kokoro: Kokoro) -> None:
    assert not kokoro.missing
    assert len({v.id for v in kokoro.voices}) == 54
    assert {v.languages[0] for v in kokoro.voices} == set(FIRST)
    assert {v.gender for v in kokoro.voices} == {"female", "male"}
    assert {v.licence for v in kokoro.voices} == {"Apache-2.0"}


def test_the_first_voice_of_a_language_is_the_one_that_speaks_for_it(kokoro: Kokoro) -> None:
    for language, voice in FIRST.items():
        assert next(v.id for v in kokoro.voices if language in v.languages) == voice


def test_every_voice_has_a_measured_gain() -> None:
    assert all(-6 < voice.gain_db < 20 for voice in STOCK)
    assert sum(voice.gain_db == 0 for voice in STOCK) <= 1


@pytest.mark.parametrize("language", FIRST)
def test_a_language_s_words_are_as_written_and_where_sound_is(
    kokoro: Kokoro, language: str
) -> None:
    text = TEXTS[language]
    pieces = spoken(kokoro, text, FIRST[language])
    assert len(pieces) == kokoro.check(text, FIRST[language])
    assert squeezed("".join(w.text for p in pieces for w in p.words)) == squeezed(text)
    for piece in pieces:
        assert piece.rate == SOUND_RATE
        assert piece.samples.dtype == np.float32
        assert all(0 <= w.start < w.end <= piece.seconds for w in piece.words)
        assert all(a.end <= b.start + 1e-6 for a, b in pairwise(piece.words))
        inside = np.zeros(len(piece.samples), bool)
        for w in piece.words:
            inside[int((w.start - 0.06) * SOUND_RATE) : int((w.end + 0.05) * SOUND_RATE)] = True
        loud = np.sqrt(np.mean(piece.samples[inside] ** 2))
        assert loud > 0.01
        assert np.sqrt(np.mean(piece.samples[~inside] ** 2)) < 0.15 * loud


def test_the_durations_add_up_to_the_sound_to_the_sample(kokoro: Kokoro) -> None:
    symbols = "həlˈO ðˈɛɹ."
    sound, times = kokoro._sound(
        Reading(symbols, (0,) * len(symbols)), kokoro.styles["af_heart"], 1.0
    )
    assert len(times) == len(symbols)
    assert len(sound) % FRAME == 0
    assert all(a.end == pytest.approx(b.start) for a, b in pairwise(times))


@pytest.mark.parametrize("voice", ["af_heart", "bm_george"])
def test_phonemes_are_stated_where_they_are_heard(
    tmp_path: Path, kokoro: Kokoro, voice: str
) -> None:
    text = "Six crisp biscuits sat beside a sack of rice and two baked potatoes."
    (speech,) = kokoro.speak(text, voice)
    sound = resample_poly(speech.samples, 1, SOUND_RATE // 16_000)
    np.savez(
        tmp_path / "held-kokoro-0000.npz",
        sound=(20_000 * sound).astype(np.int16),
        symbols=np.array([p.symbol for p in speech.phones]),
        times=np.array([(p.start, p.end) for p in speech.phones], np.float32),
    )
    late = lateness([tmp_path / "held-kokoro-0000.npz"])
    assert max(abs(ms) for ms in late.values()) <= 25


@pytest.mark.parametrize("voice", ["em_alex", "jm_kumo", "zm_yunyang"])
def test_a_voice_s_gain_brings_it_to_the_loudness_of_a_video(kokoro: Kokoro, voice: str) -> None:
    known = next(v for v in kokoro.voices if v.id == voice)
    pieces = spoken(kokoro, TEXTS[known.languages[0]], voice)
    whole = np.concatenate([piece.samples for piece in pieces])
    loudness, peak = meter(coded(louden(Sound(whole, SOUND_RATE), known.gain_db)))
    assert loudness == pytest.approx(TARGET_LUFS, abs=2.0)
    assert peak <= -1.0


def test_the_same_call_gives_the_same_samples_and_can_begin_anywhere(kokoro: Kokoro) -> None:
    text = TEXTS["en-US"]
    whole = spoken(kokoro, text, "am_michael")
    later = list(kokoro.speak(text, "am_michael", first=len(whole) - 1))
    assert len(later) == 1
    assert np.array_equal(later[0].samples, whole[-1].samples)
    assert later[0].words == whole[-1].words


def test_speed_changes_the_length(kokoro: Kokoro) -> None:
    slow, normal, fast = (
        sum(p.seconds for p in spoken(kokoro, "We walked home.", "af_heart", speed))
        for speed in (0.5, 1.0, 2.0)
    )
    assert slow > 1.5 * normal
    assert fast < normal / 1.4


def test_a_reading_longer_than_the_network_takes_is_spoken_whole(kokoro: Kokoro) -> None:
    assert MOST_SYMBOLS < 510
    text = "1,234,567.89 " * 5  # few letters, very many phonemes
    pieces = spoken(kokoro, text, "af_heart", 2.0)
    assert [w.text for p in pieces for w in p.words] == text.split()


@pytest.mark.parametrize("speed", [0.49, 2.01, float("nan")])
def test_an_impossible_speed_is_refused_at_once(kokoro: Kokoro, speed: float) -> None:
    with pytest.raises(AvatarError) as error:
        kokoro.speak("Hello.", "af_heart", speed)
    assert (error.value.code, error.value.param) == ("invalid_request", "speed")


@pytest.mark.parametrize("voice", ["af_heart", "ef_dora", "hf_alpha", "jf_alpha", "zf_xiaobei"])
@pytest.mark.parametrize("text", ["", " \n", "😀", "...", "<p></p>", "«»"])
def test_text_with_nothing_to_say_is_refused_at_once(kokoro: Kokoro, text: str, voice: str) -> None:
    for call in (kokoro.check, kokoro.speak):
        with pytest.raises(AvatarError) as error:
            call(text, voice)
        assert (error.value.code, error.value.param) == ("empty_text", "text")


def test_an_unknown_voice_is_refused_at_once(kokoro: Kokoro) -> None:
    for call in (kokoro.check, kokoro.speak):
        with pytest.raises(AvatarError) as error:
            call("Hello.", "heart")
        assert (error.value.code, error.value.param) == ("unknown_voice", "voice")


def test_missing_weights_say_what_to_fetch() -> None:
    files = weights("kokoro-82m-int8")
    for given, name in (({}, "kokoro-82m-int8"), (files, "kokoro-voices")):
        with pytest.raises(AvatarError, match=f"weights fetch {name}") as error:
            Kokoro.load(given, threads=1)
        assert error.value.code == "weights_missing"


def test_a_language_without_its_reader_is_left_out_and_the_reason_can_be_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    kokoro = Kokoro.load(weights(*NAMES), threads=1)
    assert set(kokoro.missing) == {"es-ES", "fr-FR", "hi-IN", "it-IT", "pt-BR"}
    assert "apt install espeak-ng" in kokoro.missing["fr-FR"]
    assert not [v for v in kokoro.voices if v.languages[0] in kokoro.missing]
    with pytest.raises(AvatarError, match="apt install espeak-ng") as error:
        kokoro.check("Bonjour.", "ff_siwis")
    assert error.value.code == "unknown_voice"
    with pytest.raises(ValueError, match="apt install espeak-ng"):
        Kokoro.load(weights(*NAMES), threads=1, languages="fr-FR")


def test_a_language_or_device_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown language xx"):
        Kokoro.load(weights(*NAMES), threads=1, languages="xx")
    with pytest.raises(ValueError, match="device is auto, cpu or cuda"):
        Kokoro.load(weights(*NAMES), threads=1, languages="en-US", device="tpu")


def test_one_stage_speaks_with_the_voices_of_several_engines() -> None:
    config = EngineConfig(
        engine="deployments.speech.several:Several",
        options={
            "engines": "deployments.speech.hibari:Hibari, deployments.speech.kokoro:Kokoro",
            "languages": "en-US,es-ES",
        },
    )
    several = load_engine(config, Settings())
    several.warm_up()
    ids = [voice.id for voice in several.voices]
    assert ids[0] == "heart"
    assert {"af_heart", "ef_dora"} < set(ids)
    assert "ff_siwis" not in ids
    for voice, text in (("heart", "Hello."), ("ef_dora", "Hola.")):
        assert several.check(text, voice) == 1
        (piece,) = several.speak(text, voice)
        assert [w.text for w in piece.words] == [text]
    with pytest.raises(AvatarError) as error:
        several.check("Hello.", "nobody")
    assert error.value.code == "unknown_voice"


def test_engines_that_share_a_voice_or_are_none_are_refused() -> None:
    hibari = "deployments.speech.hibari:Hibari"
    with pytest.raises(ValueError, match="two engines have a voice heart"):
        Several.load(weights("hibari-heart"), threads=1, engines=f"{hibari},{hibari}")
    with pytest.raises(ValueError, match="at least one engine"):
        Several.load({}, threads=1, engines=" ")
    named = Several.weights_for({"engines": f"{hibari},deployments.speech.kokoro:Kokoro"})
    assert named == ("hibari-heart", *NAMES)


@pytest.mark.parametrize("language", FIRST)
def test_a_given_pronunciation_is_spoken_in_every_language(kokoro: Kokoro, language: str) -> None:
    marks = '<speak><phoneme alphabet="ipa" ph="ˈmana">Mana-1</phoneme>.</speak>'
    (speech,) = marked.speak(kokoro, marks, FIRST[language])
    assert "".join(p.symbol for p in speech.phones) in ("mana", "mænæ")
    assert [w.text.rstrip(".") for w in speech.words] == ["Mana-1"]
    assert np.abs(speech.samples).max() > 0.05
