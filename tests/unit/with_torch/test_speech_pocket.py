"""Pocket TTS's own networks, small and with random weights: they speak noise, by all the rules."""

import json
import shutil
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pocket_tts import export_model_state

from bench.random_pocket import save_pocket
from deployments.cloning.engine import Cloned
from deployments.cloning.kept_sample import KeptSample
from deployments.devices.torch_device import open_device
from deployments.devices.torch_turns import turn
from deployments.speech.engine import Voice
from deployments.speech.hibari import Hibari
from deployments.speech.opening import tensors
from deployments.speech.pocket import STOCK, PocketTTS
from deployments.speech.several import Several
from media.errors import AvatarError
from media.sound import Sound, Speech
from media.timegrid import SOUND_RATE
from media.voice_sample import VoiceSample, pack
from tests.weights import weights

TEXT = "Hello there, this is Mr. Brown. He has 25 apples."
CLONED = Voice("voice_1", "Me", ("en-US",), "unknown", "CC BY 4.0", 0.0, "pocket")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_pocket(tmp_path_factory.mktemp("pocket"))


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks for a server fails."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="module")
def engine(folder: Path) -> PocketTTS:
    return PocketTTS.load({}, threads=1, folder=str(folder), languages="en")


def sample(seed: int = 0) -> bytes:
    noise = np.random.default_rng(seed).normal(0, 0.1, 24_000 * 6).astype(np.float32)
    return pack(VoiceSample(noise, 24_000, "en"))


@pytest.fixture(scope="module")
def adopted(engine: PocketTTS) -> PocketTTS:
    return engine.with_voice(CLONED, sample())


def spoken(engine: PocketTTS, text: str = TEXT, **how: Any) -> list[Speech]:
    return list(engine.speak(text, "voice_1", **how))


def test_a_cloned_voice_speaks_each_word_where_sound_is(adopted: PocketTTS) -> None:
    pieces = spoken(adopted)
    assert len(pieces) == adopted.check(TEXT, "voice_1") > 1
    assert [w.text for piece in pieces for w in piece.words] == TEXT.split()
    for piece in pieces:
        assert piece.rate == SOUND_RATE
        assert np.isfinite(piece.samples).all()
        assert np.abs(piece.samples).max() > 0.02
        assert all(0 <= w.start < w.end <= piece.seconds for w in piece.words)


def test_the_same_call_gives_the_same_samples_whatever_was_drawn_before(
    adopted: PocketTTS,
) -> None:
    first = spoken(adopted)
    torch.rand(7)
    rest = spoken(adopted, first=1)
    assert [p.samples.tobytes() for p in rest] == [p.samples.tobytes() for p in first[1:]]


def test_speaking_leaves_torch_s_generator_as_it_was(adopted: PocketTTS) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    spoken(adopted, "Hello.")
    assert torch.equal(torch.rand(3), expected)


def test_a_seed_and_another_sample_sound_otherwise(folder: Path, engine: PocketTTS) -> None:
    here = spoken(engine.with_voice(CLONED, sample()), "Hello.")
    other_voice = spoken(engine.with_voice(CLONED, sample(1)), "Hello.")
    seeded = PocketTTS.load({}, threads=1, folder=str(folder), seed=1)
    other_seed = spoken(seeded.with_voice(CLONED, sample()), "Hello.")
    sounds = {p[0].samples.tobytes() for p in (here, other_voice, other_seed)}
    assert len(sounds) == 3


def test_faster_is_shorter(adopted: PocketTTS) -> None:
    (normal,), (fast,) = spoken(adopted, "Hello there."), spoken(adopted, "Hello there.", speed=2.0)
    assert 0.4 < fast.seconds / normal.seconds < 0.7


def test_no_piece_is_longer_than_the_model_takes(adopted: PocketTTS) -> None:
    """Its tokenizer here counts every letter."""
    long = "Extraordinarily incomprehensible words follow each other without any end at all"
    assert adopted.check(long, "voice_1") >= 2
    assert " ".join(w.text for p in spoken(adopted, long) for w in p.words) == long


def test_warming_up_needs_no_voice_of_its_own(engine: PocketTTS) -> None:
    assert engine.voices == ()
    engine.warm_up()


def test_the_language_model_runs_in_eight_bits(folder: Path) -> None:
    small = PocketTTS.load({}, threads=1, folder=str(folder), quantize=True)
    assert spoken(small.with_voice(CLONED, sample()), "Hello.")[0].seconds > 0.5


def published(folder: Path, engine: PocketTTS, root: Path) -> dict[str, Path]:
    """The files as the weights store gives them, English as published."""
    tree = root / "languages/english"
    (tree / "embeddings").mkdir(parents=True)
    for name in ("model.safetensors", "tokenizer.json"):
        shutil.copy(folder / name, tree / name)
    for name in STOCK:
        state = engine.with_voice(CLONED, sample(len(name))).manners["voice_1"]
        export_model_state(state, tree / f"embeddings/{name}.safetensors")
    return {str(p.relative_to(root)): p for p in root.rglob("*") if p.is_file()}


def test_published_files_open_by_the_library_s_own_config(
    folder: Path, engine: PocketTTS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs = tmp_path / "configs"
    configs.mkdir()
    shutil.copy(folder / "config.yaml", configs / "english.yaml")
    monkeypatch.setattr("deployments.speech.pocket_network.CONFIGS_DIR", configs)
    files = published(folder, engine, tmp_path / "store")
    opened = PocketTTS.load(files, threads=1)
    assert [(v.id, v.languages) for v in opened.voices] == [
        ("pocket_en_marius", ("en",)),
        ("pocket_en_javert", ("en",)),
    ]
    (piece,) = opened.speak("Hello.", "pocket_en_javert")
    assert piece.seconds > 0.5
    opened.warm_up()


def test_every_language_s_config_is_the_library_s_and_the_manifest_has_its_files() -> None:
    from pocket_tts.utils.config import CONFIGS_DIR, load_config

    from deployments.speech.pocket import LANGUAGES
    from serve.weights.manifest import load_manifest

    manifest = load_manifest()
    for tag, name in LANGUAGES.items():
        config = load_config(CONFIGS_DIR / f"{name}.yaml")
        for entry, named in (
            (f"pocket-tts-{tag}", config.weights_path),
            (f"pocket-tts-{tag}-tokenizer", config.flow_lm.lookup_table.tokenizer_path),
        ):
            assert named is not None
            owner, repository, path = named.removeprefix("hf://").split("/", 2)
            path, commit = path.split("@")
            (source,) = manifest[entry].sources
            assert source.origin == f"{owner}/{repository}@{commit}"
            assert [file.name for file in manifest[entry].files] == [path]


@pytest.mark.parametrize("lost", ["config.yaml", "model.safetensors", "tokenizer.json"])
def test_a_file_that_lacks_is_named(folder: Path, tmp_path: Path, lost: str) -> None:
    shutil.copytree(folder, tmp_path / "mine")
    (tmp_path / "mine" / lost).unlink()
    with pytest.raises(AvatarError, match=lost) as error:
        PocketTTS.load({}, threads=1, folder=str(tmp_path / "mine"))
    assert error.value.code == "weights_missing"


@pytest.mark.parametrize("spoilt", ["config.yaml", "model.safetensors", "tokenizer.json"])
def test_a_file_of_another_kind_is_refused_in_one_sentence(
    folder: Path, tmp_path: Path, spoilt: str
) -> None:
    shutil.copytree(folder, tmp_path / "mine")
    (tmp_path / "mine" / spoilt).write_text(json.dumps({"weights_path": "x"}))
    with pytest.raises(AvatarError, match="cannot be used") as error:
        PocketTTS.load({}, threads=1, folder=str(tmp_path / "mine"))
    assert error.value.code == "weights_missing"
    assert "\n" not in error.value.message


def test_from_a_recording_to_a_voice_that_speaks(engine: PocketTTS) -> None:
    hibari = Hibari.load(weights("hibari-heart"), threads=1)
    words = "The birch canoe slid on the smooth planks. Glue the sheet to the dark background."
    sound = np.concatenate([piece.samples for piece in hibari.speak(words, "heart")])
    cloning = KeptSample.load(
        weights(*KeptSample.weights), threads=1, engine="deployments.speech.pocket:PocketTTS"
    )
    recording = Sound(np.tile(sound, 2), SOUND_RATE)
    cloning.check(recording, "en-US")
    *_, cloned = cloning.clone(recording, "en-US")
    assert isinstance(cloned, Cloned)
    voice = Voice("voice_1", "Me", cloned.languages, "", cloned.licence, 0.0, cloned.engine)
    assert spoken(engine.with_voice(voice, cloned.data), "Hello.")[0].words[0].text == "Hello."


def test_it_stands_beside_other_engines(
    monkeypatch: pytest.MonkeyPatch, folder: Path, engine: PocketTTS, tmp_path: Path
) -> None:
    configs = tmp_path / "configs"
    configs.mkdir()
    shutil.copy(folder / "config.yaml", configs / "english.yaml")
    monkeypatch.setattr("deployments.speech.pocket_network.CONFIGS_DIR", configs)
    files = {**weights("hibari-heart"), **published(folder, engine, tmp_path / "store")}
    both = "deployments.speech.hibari:Hibari, deployments.speech.pocket:PocketTTS"
    several = Several.load(files, threads=1, engines=both)
    assert [v.engine for v in several.voices] == ["hibari", "pocket", "pocket"]
    assert next(iter(several.speak("Hello.", "pocket_en_marius"))).seconds > 0.5


def test_a_full_memory_is_said_and_given_back() -> None:
    on = open_device("cpu", "float32")
    with pytest.raises(AvatarError, match="memory is full") as error, turn(on, 0):
        raise torch.OutOfMemoryError("not enough")
    assert error.value.retryable
    with turn(on, 0):  # the next one gets its turn
        pass


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    ran = tmp_path / "ran"

    class Harmful:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (ran,)

    torch.save({"model": Harmful()}, tmp_path / "model.pth")
    with pytest.raises(AvatarError, match="without running code") as error:
        tensors(tmp_path / "model.pth")
    assert error.value.code == "weights_missing"
    assert not ran.exists()
    torch.save({"model": {"a": torch.ones(2)}}, tmp_path / "model.pth")
    assert tensors(tmp_path / "model.pth")["model"]["a"].tolist() == [1.0, 1.0]
