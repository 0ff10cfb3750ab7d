"""XTTS's own networks, small and with random weights: they speak noise, by all the rules."""

import hashlib
import logging
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.random_xtts import SPEAKERS, save_xtts
from deployments.speech.coqui.xtts import FILES, LANGUAGES, XTTS
from media.errors import AvatarError
from media.sound import Speech
from media.timegrid import SOUND_RATE
from tests.with_coqui.samples import cloned, hummed

CLARIBEL = "xtts_en_claribel-dervla"
TEXT = "Hello there, Mr. Brown has 25 apples."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As release 2 is published, its config an object."""
    return save_xtts(tmp_path_factory.mktemp("xtts"), as_object=True)


@pytest.fixture(scope="module")
def engine(folder: Path) -> XTTS:
    return XTTS.load({name: folder / name for name in FILES}, threads=2)


def spoken(engine: XTTS, text: str, voice: str = CLARIBEL, **how: float) -> list[Speech]:
    return list(engine.speak(text, voice, **how))


def test_the_speakers_of_the_file_are_voices(engine: XTTS) -> None:
    assert [v.name for v in engine.voices] == list(SPEAKERS)
    assert engine.voices[0].id == CLARIBEL
    assert {v.engine for v in engine.voices} == {"xtts"}
    assert all("non-commercial" in v.licence for v in engine.voices)


def test_it_speaks_each_word_where_sound_is(engine: XTTS) -> None:
    pieces = spoken(engine, TEXT)
    assert len(pieces) == engine.check(TEXT, CLARIBEL)
    assert [w.text for piece in pieces for w in piece.words] == TEXT.split()
    for piece in pieces:
        assert piece.rate == SOUND_RATE
        assert np.isfinite(piece.samples).all()
        assert np.abs(piece.samples).max() > 0.02
        assert all(0 <= w.start < w.end <= piece.seconds for w in piece.words)


def test_the_same_call_gives_the_same_samples_whatever_was_drawn_before(engine: XTTS) -> None:
    (first,) = spoken(engine, "Hello there.")
    torch.rand(7)
    (again,) = spoken(engine, "Hello there.")
    assert np.array_equal(first.samples, again.samples)


def test_faster_is_shorter(engine: XTTS) -> None:
    (slow,), (fast,) = spoken(engine, "Hello."), spoken(engine, "Hello.", speed=2.0)
    assert fast.seconds < 0.7 * slow.seconds


def test_a_cloned_voice_speaks_and_is_another_for_another_sample(engine: XTTS) -> None:
    sounds = set()
    for pitch in (120.0, 240.0):
        adopted = engine.with_voice(cloned("xtts"), hummed(pitch))
        latents, speaker = adopted.manners["voice_1"]
        assert latents.shape == (1, 32, 64)
        assert speaker.shape == (1, 512, 1)
        (piece,) = spoken(adopted, "Hello.", "voice_1")
        sounds.add(piece.samples.tobytes())
    assert len(sounds) == 2


def test_a_voice_of_another_language_is_read_by_that_language(engine: XTTS) -> None:
    german = engine.with_voice(cloned("xtts", "de-DE"), hummed())
    (piece,) = spoken(german, "Grüße aus Köln.", "voice_1")
    assert [w.text for w in piece.words] == ["Grüße", "aus", "Köln."]


LINES = {"ar": "مرحبا بكم.", "cs": "Dobrý den.", "de": "Guten Tag.", "en": "Good day.",
         "es": "Buenos días.", "fr": "Bonjour à tous.", "hi": "नमस्ते दोस्त।", "hu": "Jó napot.",
         "it": "Buongiorno.", "ja": "今日は良い天気です。", "ko": "안녕하세요.", "nl": "Goedendag.",
         "pl": "Dzień dobry.", "pt": "Bom dia.", "ru": "Добрый день.", "tr": "İyi günler.",
         "zh": "今天天气很好。"}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_seventeen_languages_can_be_read(engine: XTTS, language: str) -> None:
    assert engine.missing == {}
    voice = engine.with_voice(cloned("xtts", language), hummed())
    long = LINES[language] * 40
    pieces = voice.check(long, "voice_1")
    assert 1 < pieces < 60
    assert voice.network.fits(LINES[language], language)


def test_no_piece_is_longer_than_the_model_speaks_to_its_end(engine: XTTS) -> None:
    korean = engine.with_voice(cloned("xtts", "ko"), hummed())
    text = "안녕하세요 " * 60
    assert not engine.network.fits(text, "ko")
    assert korean.check(text, "voice_1") >= len(text) // 95


def test_the_verified_file_is_left_as_it_is(folder: Path, engine: XTTS) -> None:
    """The library's own loader rewrites it."""
    before = hashlib.sha256((folder / "model.pth").read_bytes()).hexdigest()
    XTTS.load({}, threads=2, folder=str(folder))
    assert hashlib.sha256((folder / "model.pth").read_bytes()).hexdigest() == before


def test_texts_are_not_logged(engine: XTTS, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    engine.check("Secret " * 200, CLARIBEL)
    spoken(engine, "Secret.")
    assert "ecret" not in caplog.text


def test_a_fine_tuned_model_without_pickled_config_opens_too(tmp_path: Path) -> None:
    mine = save_xtts(tmp_path)
    opened = XTTS.load({}, threads=2, folder=str(mine), languages="en,pt-BR")
    assert "xtts_pt_damien-black" in {v.id for v in opened.voices}
    opened.warm_up()


@pytest.mark.parametrize("spoilt", FILES)
def test_a_file_of_another_kind_is_refused_in_one_sentence(
    folder: Path, tmp_path: Path, spoilt: str
) -> None:
    mine = shutil.copytree(folder, tmp_path / "mine")
    (mine / spoilt).write_bytes(b'{"model": "another"}')
    with pytest.raises(AvatarError, match="cannot be used") as error:
        XTTS.load({}, threads=2, folder=str(mine))
    assert error.value.code == "weights_missing"
    assert "\n" not in error.value.message


def test_a_checkpoint_of_another_size_is_refused(folder: Path, tmp_path: Path) -> None:
    mine = shutil.copytree(folder, tmp_path / "mine")
    torch.save({"model": {"gpt.text_head.bias": torch.zeros(3)}}, mine / "model.pth")
    with pytest.raises(AvatarError, match="its tensors are not the config's"):
        XTTS.load({}, threads=2, folder=str(mine))


def test_a_gpu_that_is_not_there_is_told() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    from deployments.devices.torch_device import open_device

    with pytest.raises(AvatarError, match="torch sees none"):
        open_device("cuda", "float32")


NUMBERS = ("9" * 40, "1" * 120, "$1.2.3", "€5,00,0", "3.000.000.000.000.000.000.000", "٣٤٥", "½",
           "5.", "1st 999999999999999999999th", "12,5 %", "#1 @x & y 5% 3°",
           "1.000.000,50 €")  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_of_all_kinds_are_read_by_some_way(engine: XTTS, language: str) -> None:
    for number in NUMBERS:
        read = engine.network._speakable(number.split(), language)
        assert engine.network._read(read, language)


def test_hindi_numbers_are_said_digit_by_digit(engine: XTTS) -> None:
    assert engine.network._speakable(["25"], "hi") == "दो पाँच"
    hindi = engine.with_voice(cloned("xtts", "hi"), hummed())
    (piece,) = spoken(hindi, "मेरे पास 25 सेब हैं।", "voice_1")
    assert [w.text for w in piece.words] == ["मेरे", "पास", "25", "सेब", "हैं।"]


class Harm:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("spoilt", ["model.pth", "speakers_xtts.pth"])
def test_a_checkpoint_that_would_run_code_is_not_run(
    folder: Path, tmp_path: Path, spoilt: str
) -> None:
    mine, mark = shutil.copytree(folder, tmp_path / "mine"), tmp_path / "done"
    torch.save({"model": {}, "config": Harm(mark)}, mine / spoilt)
    with pytest.raises(AvatarError, match="not without running code") as error:
        XTTS.load({}, threads=2, folder=str(mine))
    assert error.value.code == "weights_missing"
    assert not mark.exists()
