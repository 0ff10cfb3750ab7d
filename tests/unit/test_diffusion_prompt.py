"""Words to a portrait's prompt, and which pictures can become an avatar. No torch is needed."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from deployments.portrait.diffusion import TRIES, Diffusion
from deployments.portrait.diffusion_prompt import portrait_prompt
from deployments.portrait.diffusion_recipe import DEFAULT, RECIPES, recipe
from deployments.portrait.usable import what_is_wrong
from media.errors import AvatarError
from media.face import Face, HeadPose, Picture
from serve.weights.manifest import load_manifest

FRONTAL = Face(
    box=(150.0, 120.0, 350.0, 380.0),
    score=0.9,
    pose=HeadPose(2.0, -6.0, 1.0),
    landmarks=np.zeros((478, 2), np.float32),
)


@dataclass
class ScriptedFaces:
    """Finds what the script says, picture by picture, the last line again and again."""

    script: list[list[Face]]
    looked: int = 0

    def find(self, picture: Picture) -> list[Face]:
        self.looked += 1
        return self.script[min(self.looked, len(self.script)) - 1]

    def mesh(self, picture: Picture, face: Face) -> Face:
        return face


@dataclass
class ScriptedPainter:
    """Paints noise; its encoders read so many letters."""

    limit: int = 1000
    seeds: list[int] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)

    def fits(self, text: str) -> bool:
        return len(text) <= self.limit

    def paint(self, prompt: str, negative: str, seed: int, steps: int | None = None) -> Picture:
        self.seeds.append(seed)
        self.prompts.append(prompt)
        return np.random.default_rng(seed).integers(0, 256, (512, 512, 3)).astype(np.uint8)


def engine(faces: ScriptedFaces, limit: int = 1000) -> tuple[Diffusion, ScriptedPainter]:
    painter = ScriptedPainter(limit)
    return Diffusion(painter, faces), painter  # type: ignore[arg-type]  # it needs no torch


def test_words_stand_in_a_template_for_frontal_portraits() -> None:
    prompt = portrait_prompt("  an old man,\nsmiling. ", lambda text: True)
    assert "portrait photo of an old man, smiling, one person looking straight" in prompt.text
    assert prompt.used == ("an", "old", "man", "smiling")
    assert prompt.ignored == ()


def test_words_behind_the_encoders_limit_are_said_back() -> None:
    words = "a woman with long (red) hair and 'freckles'"
    whole = len(portrait_prompt(words, lambda text: True).text)
    prompt = portrait_prompt(words, lambda text: len(text) <= whole - len("freckles"))
    assert prompt.used == ("a", "woman", "with", "long", "red", "hair", "and")
    assert prompt.ignored == ("freckles",)
    assert prompt.text.endswith("sharp focus"), "the template is never cut"


@pytest.mark.parametrize("words", ["", " \n", "?! ...", "\N{GRINNING FACE}"])
def test_a_prompt_without_words_is_refused(words: str) -> None:
    with pytest.raises(AvatarError) as refused:
        portrait_prompt(words, lambda text: True)
    assert (refused.value.code, refused.value.param) == ("invalid_request", "prompt")


def test_a_first_word_that_nothing_reads_is_refused() -> None:
    with pytest.raises(AvatarError, match="ordinary words"):
        portrait_prompt("x" * 500, lambda text: len(text) < 300)


def test_a_usable_picture_is_given_with_the_seed_that_was_asked_for() -> None:
    made, painter = engine(ScriptedFaces([[FRONTAL]]), limit=166)
    painting = made.paint("a woman with glasses", -(2**70))
    assert painting.seed == -(2**70)
    assert painting.rgb.shape == (512, 512, 3)
    assert painting.words_used == ("a", "woman")
    assert painting.words_ignored == ("with", "glasses")
    assert len(painter.seeds) == 1
    again, same = engine(ScriptedFaces([[FRONTAL]]))
    again.paint("a woman", -(2**70))
    again.paint("a woman", 2**70)
    assert same.seeds[0] == painter.seeds[0] != same.seeds[1]


def test_another_seed_is_drawn_while_the_picture_cannot_be_used() -> None:
    faces = ScriptedFaces([[], [FRONTAL, FRONTAL], [FRONTAL]])
    made, painter = engine(faces)
    painting = made.paint("a man", 7)
    assert painting.seed == 7
    assert len(set(painter.seeds)) == 3
    again, same = engine(ScriptedFaces([[], [], [FRONTAL]]))
    np.testing.assert_array_equal(again.paint("a man", 7).rgb, painting.rgb)
    assert same.seeds == painter.seeds


def test_draws_are_bounded_and_then_the_reason_is_said() -> None:
    made, painter = engine(ScriptedFaces([[]]))
    with pytest.raises(AvatarError) as failed:
        made.paint("a landscape", 1)
    assert failed.value.code == "internal"
    assert "there is no face" in failed.value.message
    assert "another seed" in failed.value.message
    assert len(painter.seeds) == TRIES


@pytest.mark.parametrize(
    ("face", "reason"),
    [
        (replace(FRONTAL, box=(150.0, 120.0, 240.0, 250.0)), "too small"),
        (replace(FRONTAL, box=(-3.0, 120.0, 350.0, 380.0)), "cut off"),
        (replace(FRONTAL, box=(150.0, 120.0, 350.0, 512.0)), "cut off"),
        (replace(FRONTAL, pose=HeadPose(25.0, 0.0, 0.0)), "turned away"),
        (replace(FRONTAL, pose=HeadPose(0.0, -30.0, 0.0)), "turned away"),
        (replace(FRONTAL, pose=HeadPose(0.0, 0.0, 20.0)), "turned away"),
        (replace(FRONTAL, covered=0.5), "mouth is covered"),
    ],
)
def test_a_face_that_cannot_be_used_is_told(face: Face, reason: str) -> None:
    picture = np.zeros((512, 512, 3), np.uint8)
    assert reason in (what_is_wrong(picture, ScriptedFaces([[face]])) or "")
    assert what_is_wrong(picture, ScriptedFaces([[FRONTAL]])) is None


def test_every_model_of_the_manifest_has_a_recipe() -> None:
    painters = [w for w in load_manifest().values() if w.stage == "portrait"]
    models = [w.options["model"] for w in painters if "model" in w.options]
    assert models == list(RECIPES)
    assert models[0] == DEFAULT


def test_options_change_the_recipe() -> None:
    assert recipe("sd-turbo", "", None, None, None) == RECIPES["sd-turbo"]
    changed = recipe("sd-1.5", "", 9, 0.0, 768)
    assert (changed.steps, changed.guidance, changed.size) == (9, 0.0, 768)
    assert recipe("sd-turbo", "/mine", None, None, None).guidance > 1


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (("sd-9", None, None, None), "model is one of sd-turbo"),
        (("sd-turbo", 0, None, None), "steps lie between"),
        (("sd-turbo", None, -1.0, None), "guidance lies between"),
        (("sd-turbo", None, None, 500), "multiple of 64"),
    ],
)
def test_values_that_cannot_be_are_refused(
    values: tuple[str, int | None, float | None, int | None], reason: str
) -> None:
    model, steps, guidance, size = values
    with pytest.raises(ValueError, match=reason):
        recipe(model, "", steps, guidance, size)


def test_missing_weights_are_said_with_the_command() -> None:
    with pytest.raises(AvatarError) as missing:
        Diffusion.load({"face_landmarker.task": Path("x")}, threads=1, model="sdxl-turbo")
    assert missing.value.code == "weights_missing"
    assert "`avatar-serve weights fetch sdxl-turbo`" in missing.value.message
