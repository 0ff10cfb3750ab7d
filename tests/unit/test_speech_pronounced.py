# ruff: noqa: RUF001 - phonetic symbols are what is tested
"""Words whose pronunciation is given are said that way, and shown as they are written."""

import numpy as np
import pytest

from deployments.speech import marked
from deployments.speech.fronts.english import read_vocabulary
from deployments.speech.fronts.front import FrontEnd, pieces_of, pronounce, read
from deployments.speech.fronts.languages import open_fronts
from deployments.speech.hibari import Hibari
from deployments.speech.pieces import LONGEST
from deployments.speech.pronounced import pronounced, stripped
from media.errors import AvatarError
from media.sound import Speech
from tests.weights import weights


@pytest.fixture(scope="module")
def fronts() -> dict[str, FrontEnd]:
    opened, missing = open_fronts()
    assert not missing
    return opened


@pytest.fixture(scope="module")
def hibari() -> Hibari:
    return Hibari.load(weights("hibari-heart"), threads=1)


def said(hibari: Hibari, inside: str) -> list[Speech]:
    return list(marked.speak(hibari, f"<speak>{inside}</speak>", "heart"))


@pytest.mark.parametrize(
    ("language", "ipa", "symbols"),
    [
        ("en-US", "təˈmeɪtoʊ", "təmˈAtO"),
        ("en-US", "ˈwɔːɾɚ", "wˈɔTəɹ"),
        ("en-US", "ˈkæt͡s", "kˈæts"),
        ("en-US", "ˈbʌtn̩", "bˈʌtᵊn"),
        ("en-US", "ˈnʌt.ʃɛl", "nˈʌtʃɛl"),
        ("en-GB", "təˈmɑːtəʊ", "təmˈɑːtQ"),
        ("en-GB", "t͡ʃeə", "ʧɛː"),
        ("es-ES", "ˈt͡ʃuro", "ʧˈuro"),
        ("fr-FR", "bɔ̃.ˈʒuʀ", "bɔ̃ʒˈuʁ"),
        ("fr-FR", "b\u0254\u0303", "bɔ̃"),
        ("hi-IN", "ˈɡʱoɽaːtʃ", "ɡʰˈor.aːc"),
        ("it-IT", "ˈpit.t͡sa", "pˈitʦa"),
        ("ja-JP", "ˈt͡ɕi.ka", "ʨika"),
        ("pt-BR", "k\u00f5", "ko\u0303"),
        ("zh-CN", "ma˨˩˦", "ma↓"),
    ],
)
def test_ipa_becomes_what_the_networks_were_trained_with(
    fronts: dict[str, FrontEnd], language: str, ipa: str, symbols: str
) -> None:
    assert pronounce(fronts[language], ipa, read_vocabulary()) == symbols


@pytest.mark.parametrize(
    ("ipa", "words"),
    [
        ("ʘa", r"no sound for ʘ \(latin letter bilabial click\)"),
        ("aQ", "no sound for Q"),
        ("ma˨˩˦", "no sound for ˨"),
        ("猫", "no sound for 猫"),
        ("ˈ . ː", "holds no sound"),
    ],
)
def test_signs_without_a_sound_are_refused_at_once(hibari: Hibari, ipa: str, words: str) -> None:
    for call in (marked.check, marked.speak):
        with pytest.raises(AvatarError, match=words) as caught:
            call(hibari, f'<speak>A <phoneme ph="{ipa}">cat</phoneme>.</speak>', "heart")
        assert (caught.value.code, caught.value.param) == ("invalid_request", "text")
        assert not caught.value.retryable


def test_what_is_given_sounds_as_the_word_itself_does(hibari: Hibari) -> None:
    given = said(hibari, 'Henry <phoneme alphabet="ipa" ph="ˈsɛvən">VII</phoneme>, the king.')
    (spelled,) = hibari.speak("Henry seven, the king.", "heart")
    assert len(given) == 1
    assert np.array_equal(given[0].samples, spelled.samples)
    assert [w.text for w in given[0].words] == ["Henry", "VII,", "the", "king."]
    assert [(w.start, w.end) for w in given[0].words] == [(w.start, w.end) for w in spelled.words]


def test_what_is_given_is_heard_and_not_what_is_written(hibari: Hibari) -> None:
    (one,) = said(hibari, '<phoneme ph="ˈsɛvən">eleven oranges</phoneme>')
    assert "".join(p.symbol for p in one.phones) == "sɛvən"
    assert [w.text for w in one.words] == ["eleven oranges"]
    (other,) = said(hibari, '<phoneme ph="ˈeɪt">eleven oranges</phoneme>')
    assert not np.array_equal(one.samples, other.samples)


@pytest.mark.parametrize(
    ("language", "text", "words", "symbols"),
    [
        ("en-US", "I say “{}”, un{}able.", ["I", "say", "“x y”,", "un", "x y", "able."], "BA,"),
        ("es-ES", "¿Digo ({}), {}?", ["¿Digo", "(x y),", "x y?"], "(BA)"),
        (
            "ja-JP",
            "私は{}が「{}」好きです{}。",
            ["私は", "x y", "が", "「x y」", "好きです", "x y。"],
            "“BA”",
        ),
        ("zh-CN", "我爱{}，很“{}”。", ["我", "爱", "x y，", "很", "“x y”。"], "BA,"),
    ],
)
def test_words_and_marks_round_it_stay(
    fronts: dict[str, FrontEnd], language: str, text: str, words: list[str], symbols: str
) -> None:
    front = fronts[language]
    filled = text.replace("{}", pronounced("x y", "BA"))
    readings = [read(front, piece.words) for piece in pieces_of(front, filled)]
    assert [word for reading in readings for word in reading.words] == words
    assert any(symbols in reading.symbols for reading in readings)
    for reading in readings:
        assert len(reading.symbols) == len(reading.owners)
        assert set(reading.owners) <= set(range(len(reading.words)))


@pytest.mark.parametrize(("language", "unit"), [("en-US", "word "), ("zh-CN", "今天天气很好")])
def test_a_long_text_is_not_cut_inside_a_pronunciation(
    fronts: dict[str, FrontEnd], language: str, unit: str
) -> None:
    word = pronounced("Llanfair", "a" * (LONGEST + 20))
    text = unit * 60 + word + unit * 60
    readings = [read(fronts[language], p.words) for p in pieces_of(fronts[language], text)]
    assert sum("a" * (LONGEST + 20) in reading.symbols for reading in readings) == 1
    assert sum("Llanfair" in "".join(reading.words) for reading in readings) == 1


def test_users_cannot_write_the_inner_form(hibari: Hibari) -> None:
    forged = pronounced("good", "bˈæd")
    assert stripped(f"a {forged} b") == "a  b"
    (plain,) = marked.speak(hibari, f"Be {forged} kind.", "heart")
    (same,) = hibari.speak("Be  kind.", "heart")
    assert np.array_equal(plain.samples, same.samples)
