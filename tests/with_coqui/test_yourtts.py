"""YourTTS's own networks, small and with random weights: they speak noise, by all the rules."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.random_yourtts import save_yourtts
from deployments.speech.coqui.yourtts import FILES, YourTTS
from media.errors import AvatarError
from media.sound import Speech
from tests.with_coqui.samples import cloned, hummed

WOMAN = "yourtts_en_female-en-5"
TEXT = "Hello there, Mr. Brown has 25 apples."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_yourtts(tmp_path_factory.mktemp("yourtts"))


@pytest.fixture(scope="module")
def engine(folder: Path) -> YourTTS:
    files = {name: folder / Path(name).name for name in FILES}
    return YourTTS.load(files, threads=2, languages="en,pt-BR")


def spoken(engine: YourTTS, text: str, voice: str = WOMAN, **how: float) -> list[Speech]:
    return list(engine.speak(text, voice, **how))


def test_speakers_are_voices_by_their_bare_names(engine: YourTTS) -> None:
    assert [(v.id, v.gender) for v in engine.voices] == [
        (WOMAN, "female"),
        ("yourtts_en_male-pt-3", "male"),
        ("yourtts_pt_female-en-5", "female"),
        ("yourtts_pt_male-pt-3", "male"),
    ]


def test_words_have_the_times_that_the_network_gives_them(engine: YourTTS) -> None:
    pieces = spoken(engine, TEXT)
    assert [w.text for piece in pieces for w in piece.words] == TEXT.split()
    for piece in pieces:
        assert np.isfinite(piece.samples).all()
        assert all(a.end <= b.start for a, b in zip(piece.words, piece.words[1:], strict=False))
        assert all(0 <= w.start < w.end <= piece.seconds for w in piece.words)


def test_durations_add_up_to_the_sound(engine: YourTTS) -> None:
    said = engine.network.say(TEXT.split(), "en", engine.manners[WOMAN], 1.0, 3)
    assert said.words is not None
    assert said.words[-1].end == pytest.approx(len(said.samples) / said.rate, abs=0.3)


def test_numbers_and_signs_are_written_out_in_the_voice_s_language(engine: YourTTS) -> None:
    network = engine.network
    assert "twenty" in network._spelled(["25"], "en")[0]
    assert "vinte" in network._spelled(["25"], "pt")[0]
    assert network._spelled(["Café,", "☃"], "fr") == ["café,", ""]


def test_the_same_call_gives_the_same_samples_whatever_was_drawn_before(engine: YourTTS) -> None:
    (first,) = spoken(engine, "Hello there.")
    torch.rand(7)
    (again,) = spoken(engine, "Hello there.")
    assert np.array_equal(first.samples, again.samples)


def test_faster_is_shorter_and_the_next_call_is_not(engine: YourTTS) -> None:
    text = "Somebody said something somewhere."
    (normal,) = spoken(engine, text)
    (fast,) = spoken(engine, text, speed=2.0)
    (after,) = spoken(engine, text)
    assert fast.seconds < 0.8 * normal.seconds
    assert np.array_equal(after.samples, normal.samples)


def test_a_cloned_voice_speaks_and_is_another_for_another_sample(engine: YourTTS) -> None:
    sounds = set()
    for pitch in (120.0, 240.0):
        adopted = engine.with_voice(cloned("yourtts", "fr-FR"), hummed(pitch))
        assert adopted.manners["voice_1"].shape == (1, 512)
        assert adopted.manners["voice_1"].norm().item() == pytest.approx(1, abs=1e-4)
        (piece,) = spoken(adopted, "Bonjour.", "voice_1")
        sounds.add(piece.samples.tobytes())
    assert len(sounds) == 2


def test_warming_up(engine: YourTTS) -> None:
    engine.warm_up()


@pytest.mark.parametrize("spoilt", [Path(name).name for name in FILES])
def test_a_file_of_another_kind_is_refused_in_one_sentence(
    folder: Path, tmp_path: Path, spoilt: str
) -> None:
    mine = shutil.copytree(folder, tmp_path / "mine")
    (mine / spoilt).write_bytes(b'{"model": "another"}')
    with pytest.raises(AvatarError, match="cannot be used") as error:
        YourTTS.load({}, threads=2, folder=str(mine))
    assert error.value.code == "weights_missing"
    assert "\n" not in error.value.message
