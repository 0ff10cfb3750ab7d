"""Cloned voices in whichever speech engine is loaded, and cloned without Ray."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from deployments.cloning.engine import Cloned
from deployments.in_a_row import InARow
from deployments.loading import EngineConfig
from deployments.speech.adopting import Adopted, Adoptions, adopts
from deployments.speech.engine import Voice
from deployments.speech.several import Several
from media.errors import AvatarError
from media.sound import Sound
from media.voice import ClonedVoice
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts
from tests.engines import Clicker, Toner
from tests.fakes import tone

MINE = Voice("voice_1", "Me", ("en-US",), "unknown", "none", 0.0, "toner")
DATA = b'{"pitch": 330.0}'


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "notes"


def toner(notes: Path) -> Toner:
    return Toner.load({}, threads=1, notes=str(notes))


def test_a_voice_is_taken_up_once_by_each_engine(notes: Path) -> None:
    first, second, kept = toner(notes), toner(notes), Adopted(DATA)
    speaking = kept.by(first, MINE)
    assert kept.by(first, MINE) is speaking
    assert [voice.id for voice in speaking.voices] == ["voice_1"]
    french = replace(MINE, languages=("fr-FR", "en-US"))
    assert kept.by(first, french).voices[0].languages[0] == "fr-FR"
    assert kept.by(first, MINE) is speaking
    assert kept.by(second, MINE) is not speaking  # the engine was loaded anew
    assert notes.read_text() == 3 * "adopted voice_1\n"


def test_an_engine_that_takes_up_no_voices_says_so() -> None:
    engine = Clicker()
    assert adopts(engine) == ()  # type: ignore[arg-type]  # it can't count pieces
    with pytest.raises(AvatarError) as caught:
        Adopted(DATA).by(engine, MINE)  # type: ignore[arg-type]  # the same
    assert (caught.value.code, caught.value.param) == ("unknown_voice", "voice")
    assert "toner" in caught.value.message


def test_of_several_engines_those_that_can_are_named(notes: Path) -> None:
    assert adopts(Several((Clicker(), toner(notes)))) == ("toner",)  # type: ignore[arg-type]  # as above


def test_an_engine_without_stock_voices_is_known_by_what_it_takes(notes: Path) -> None:
    class Mute(Toner):
        takes = SimpleNamespace(engine="mute")

    several = Several((toner(notes), Mute((), 100.0, str(notes))))
    assert adopts(several) == ("toner", "mute")
    spoken_by = Adopted(DATA).by(several, replace(MINE, engine="mute"))
    assert [voice.id for voice in spoken_by.voices] == ["voice_1"]


async def test_so_many_voices_are_kept_ready_and_the_least_used_goes_first() -> None:
    loaded: list[str] = []

    async def load(key: str) -> bytes:
        loaded.append(key)
        return DATA

    kept = Adoptions(2)
    for key in "abacb":
        await kept.of(key, load)
    assert loaded == ["a", "b", "c", "b"]
    assert await kept.of("c", load) is await kept.of("c", load)


async def test_a_deleted_voice_is_let_go() -> None:
    async def load(key: str) -> bytes:
        return DATA

    async def exists(key: str) -> bool:
        return key == "a"

    kept = Adoptions(5)
    first, second = await kept.of("a", load), await kept.of("b", load)
    await kept.forget_gone(exists)
    assert await kept.of("a", load) is first
    assert await kept.of("b", load) is not second


@pytest.fixture
def row(tmp_path: Path, notes: Path) -> InARow:
    options = {"notes": str(notes)}
    configs = {
        "Speech": EngineConfig(engine="tests.engines:Toner", options=options),
        "Cloning": EngineConfig(
            engine="tests.engines:PitchCloner", options={"delay": 0.0, **options}
        ),
    }
    settings = Settings(data_dir=tmp_path)
    return InARow(configs, settings, open_artifacts(settings.storage()))


async def test_engines_in_a_row_clone_and_speak_too(row: InARow) -> None:
    sample = Sound(tone(6.0, 48_000), 48_000)
    await row.check_sample(sample, "en-US")
    *progress, made = [step async for step in row.clone(sample, "en-US")]
    assert progress == sorted(progress)
    assert isinstance(made, Cloned)
    await row.artifacts.put("voices/voice_1/a.voice", made.data)
    voice = ClonedVoice(
        "voice_1", "voices/voice_1/a.voice", made.engine, made.languages, 0.0, "none", "Me"
    )
    assert await row.check_text("One two.", voice) == 1
    (said,) = [piece async for piece in row.speak("One two.", voice, 1.0)]
    heard = np.argmax(np.abs(np.fft.rfft(said.samples))) * said.rate / len(said.samples)
    assert heard == pytest.approx(220, abs=2)
    assert (await row.speaker())["adopts"] == ["toner"]


async def test_a_config_without_a_cloning_engine_is_told(row: InARow) -> None:
    del row.configs["Cloning"]
    with pytest.raises(AvatarError) as caught:
        await row.require_cloning()
    assert caught.value.code == "weights_missing"
    assert "config/voices.yaml" in caught.value.message
