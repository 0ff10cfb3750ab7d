"""XTTS and YourTTS as far as they go without Coqui's library: `make test-coqui` runs the rest."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from deployments.loading import EngineConfig, engine_class, load_engine, weights_of
from deployments.speech.coqui.numbers import speakable
from deployments.speech.coqui.xtts import FILES as XTTS_FILES
from deployments.speech.coqui.xtts import XTTS
from deployments.speech.coqui.yourtts import FILES as YOURTTS_FILES
from deployments.speech.coqui.yourtts import YourTTS
from deployments.speech.opening import required
from deployments.speech.pocket import PocketTTS
from deployments.speech.several import Several
from media.errors import AvatarError
from serve.settings import Settings
from serve.weights.store import open_store

NAMES = {XTTS: "deployments.speech.coqui.xtts:XTTS",
         YourTTS: "deployments.speech.coqui.yourtts:YourTTS",
         PocketTTS: "deployments.speech.pocket:PocketTTS"}  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, weights_dir=tmp_path / "weights")


def config(engine: type[Any], **options: str) -> EngineConfig:
    return EngineConfig(engine=NAMES[engine], options=options)


@pytest.mark.parametrize(
    ("engine", "told"),
    [(XTTS, "fetch xtts-v2"), (YourTTS, "yourtts"), (PocketTTS, "fetch pocket-tts-en")],
)
def test_without_weights_the_engine_says_which_and_what_to_do(
    settings: Settings, engine: type[Any], told: str
) -> None:
    with pytest.raises(AvatarError, match=told) as error:
        load_engine(config(engine), settings)
    assert error.value.code == "weights_missing"
    assert "\n" not in error.value.message


def test_what_no_sum_is_known_of_is_not_fetched_but_taken_by_hand(settings: Settings) -> None:
    store = open_store(settings)
    with pytest.raises(
        AvatarError, match=r"download https://github\.com/coqui-ai/.*\.zip"
    ) as error:
        store.fetch("yourtts")
    assert error.value.code == "weights_missing"
    assert "weights add yourtts FOLDER" in error.value.message


def test_weights_taken_by_hand_are_pinned_as_they_come(settings: Settings, tmp_path: Path) -> None:
    store = open_store(settings)
    for name in YOURTTS_FILES:
        path = tmp_path / "given" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    store.add("yourtts", tmp_path / "given")
    assert set(store.paths("yourtts")) == set(YOURTTS_FILES)
    (settings.weights_dir / "yourtts" / YOURTTS_FILES[0]).write_bytes(b"another")
    assert store.verify("yourtts").status == "damaged"


@pytest.mark.parametrize("engine", NAMES)
def test_licences_are_told_before_anything_is_loaded(engine: type[Any]) -> None:
    manifest = open_store(Settings()).manifest
    told = {w.licence: w.commercial_use for n in engine.weights for w in (manifest[n],)}
    assert engine.takes.licence.split(":")[0].split(",")[0] in " ".join(told)
    assert set(told.values()) == ({"yes"} if engine is PocketTTS else {"no"})


@pytest.mark.parametrize("engine", [XTTS, YourTTS])
def test_a_missing_library_is_told_with_its_extra(engine: type[Any], tmp_path: Path) -> None:
    if importlib.util.find_spec("TTS") is not None:
        pytest.fail("these tests are for an environment without coqui-tts")
    for name in (*XTTS_FILES, *YOURTTS_FILES):
        (tmp_path / Path(name).name).write_bytes(b"x")
    with pytest.raises(AvatarError, match=r"avatar-serve\[coqui\]") as error:
        engine.load({}, threads=1, folder=str(tmp_path))
    assert error.value.code == "weights_missing"


def test_a_file_that_is_not_in_the_operator_s_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(AvatarError, match=r"model\.pth of xtts-v2 is missing: put it into"):
        required({}, XTTS_FILES, str(tmp_path), "xtts-v2")


@pytest.mark.parametrize(
    ("engine", "options", "why"),
    [
        (XTTS, {"model": "xtts-v1"}, "model is xtts-v2"),
        (XTTS, {"languages": "en,sv"}, "XTTS speaks no sv"),
        (YourTTS, {"languages": "de"}, "YourTTS speaks no de"),
        (PocketTTS, {"languages": "zh"}, "Pocket TTS speaks no zh"),
        (PocketTTS, {"languages": ","}, "at least one"),
        (PocketTTS, {"languages": "en,fr", "folder": "/mine"}, "one language"),
        (PocketTTS, {"quantize": True, "device": "cuda"}, "for the CPU"),
    ],
)
def test_wrong_options_are_refused_in_words(
    engine: type[Any], options: dict[str, Any], why: str, tmp_path: Path
) -> None:
    for name in (*XTTS_FILES, *YOURTTS_FILES):
        path = tmp_path / Path(name).name
        path.write_bytes(b"x")
    files = {name: tmp_path / Path(name).name for name in (*XTTS_FILES, *YOURTTS_FILES)}
    with pytest.raises(ValueError, match=why):
        engine.load(files, threads=1, **options)


def test_an_option_that_there_is_not_stops_the_deployment() -> None:
    with pytest.raises(ValueError, match="takes no option speaker"):
        engine_class(config(XTTS, speaker="Ana Florence"))


def test_options_choose_the_weights() -> None:
    assert weights_of(config(XTTS)) == ("xtts-v2",)
    assert weights_of(config(XTTS, folder="/mine")) == ()
    assert weights_of(config(PocketTTS, languages="fr, de-DE")) == (
        *("pocket-tts-fr", "pocket-tts-fr-tokenizer"),
        *("pocket-tts-de", "pocket-tts-de-tokenizer"),
    )
    assert weights_of(config(PocketTTS)) == (
        *("pocket-tts-en", "pocket-tts-en-tokenizer", "pocket-tts-en-voices"),
    )


def test_several_engines_load_what_each_of_them_would_with_the_options_that_it_takes() -> None:
    engines = f"deployments.speech.hibari:Hibari, {NAMES[PocketTTS]}, {NAMES[XTTS]}"
    names = Several.weights_for({"engines": engines, "languages": "it"})
    assert names == ("hibari-heart", "pocket-tts-it", "pocket-tts-it-tokenizer", "xtts-v2")


def test_the_manifest_s_files_have_names_of_their_own_across_the_speech_engines() -> None:
    """One stage's files are found by name."""
    manifest = open_store(Settings()).manifest
    names = [f.name for w in manifest.values() if w.stage == "speech" for f in w.files]
    assert len(names) == len(set(names))


def small_numbers_only(written: str) -> int:
    """A reader like Coqui's, which gives up on large ones."""
    longest = max((len(part) for part in written.split() if part.isdigit()), default=0)
    if longest > 3:
        raise OverflowError("abs must be less than 1000")
    return longest


def test_what_the_library_can_read_stays_as_it_is_written() -> None:
    assert speakable("$250,", "en", small_numbers_only) == "$250,"


def test_a_number_that_is_too_large_for_the_library_is_said_by_its_digits() -> None:
    assert speakable("12345", "en", small_numbers_only) == "1 2 3 4 5"
    assert speakable("1234", "hi", small_numbers_only) == "एक दो तीन चार"


def test_what_cannot_be_read_at_all_is_refused_and_not_left_out() -> None:
    def never(written: str) -> None:
        raise NotImplementedError

    with pytest.raises(AvatarError, match="write it out in words") as error:
        speakable("5", "hu", never)
    assert (error.value.code, error.value.param) == ("invalid_request", "text")
