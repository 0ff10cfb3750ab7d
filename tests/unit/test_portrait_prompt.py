"""What is read out of a prompt, and what is said back as not understood."""

import pytest

from deployments.portrait.prompt import MAX_CHARACTERS, read
from media.errors import AvatarError


@pytest.mark.parametrize(
    ("prompt", "sex"),
    [
        ("a woman", "woman"),
        ("portrait of a MAN", "man"),
        ("a lady's face", "woman"),
        ("someone in his sixties", "man"),
        ("my grandmother", "woman"),
        ("a person", None),
    ],
)
def test_the_sex_is_read(prompt: str, sex: str | None) -> None:
    assert read(prompt).sex == sex


@pytest.mark.parametrize(
    ("prompt", "age"),
    [
        ("a 70 year old woman", 70),
        ("a 70-year-old woman", 70),
        ("man, aged 34", 34),
        ("thirty-five years old", 35),
        ("in her 40s", 45),
        ("in her early 40s", 42),
        ("a man in his late sixties", 68),
        ("middle-aged", 46),
        ("elderly", 62),
        ("a young man", 25),
        ("a woman", None),
    ],
)
def test_an_age_is_read_in_years_decades_and_words(prompt: str, age: float | None) -> None:
    assert read(prompt).age == age


@pytest.mark.parametrize(
    "prompt",
    ["a child", "kid", "a baby", "a 5 year old", "a five-year-old", "six months old", "a teenager"],
)
def test_children_are_not_painted_and_the_words_are_said_back(prompt: str) -> None:
    request = read(prompt)
    assert request.age is None
    assert request.used == []
    assert len(request.ignored) == 1


def test_of_a_girl_only_the_sex_is_taken_and_the_word_is_said_back() -> None:
    request = read("a girl with glasses")
    assert (request.sex, request.used, request.ignored) == ("woman", ["glasses"], ["girl"])


@pytest.mark.parametrize(
    ("prompt", "glasses", "beard", "smile"),
    [
        ("man with glasses and a beard, smiling", True, True, True),
        ("without glasses", False, None, None),
        ("no glasses or beard", False, False, None),
        ("clean-shaven, serious", None, False, False),
        ("she isn\N{RIGHT SINGLE QUOTATION MARK}t smiling", None, None, False),
        ("glasses and no smile", True, None, False),
    ],
)
def test_traits_and_their_absence_are_read(
    prompt: str, glasses: bool | None, beard: bool | None, smile: bool | None
) -> None:
    request = read(prompt)
    assert (request.glasses, request.beard, request.smile) == (glasses, beard, smile)
    assert request.ignored == []


@pytest.mark.parametrize(
    ("prompt", "colour", "length"),
    [
        ("long black hair", "black", "long"),
        ("short and curly grey hair", "grey", "short"),
        ("dark-haired", "dark", None),
        ("a blonde", "blonde", None),
        ("her hair is white", "white", None),
        ("brown eyes", None, None),
        ("a black woman with a white shirt", None, None),
    ],
)
def test_colours_and_lengths_count_only_where_they_are_said_of_hair(
    prompt: str, colour: str | None, length: str | None
) -> None:
    request = read(prompt)
    assert (request.hair_colour, request.hair_length) == (colour, length)


@pytest.mark.parametrize(
    ("prompt", "ignored"),
    [
        ("a woman in a red dress on a beach", ["red", "dress", "beach"]),
        ("a man with long hair", ["long", "hair"]),
        ("an African woman with dark skin", ["african", "dark", "skin"]),
        ("curly hair", ["curly", "hair"]),
        ("a woman with a hat", ["hat"]),
        ("not young", ["young"]),
        ("cyberpunk, cyberpunk!", ["cyberpunk"]),
        ("una mujer mayor", ["una", "mujer", "mayor"]),
    ],
)
def test_words_that_cannot_be_painted_are_said_back_once(prompt: str, ignored: list[str]) -> None:
    assert read(prompt).ignored == ignored


def test_filler_is_neither_used_nor_ignored() -> None:
    request = read("Please paint a realistic portrait photo of a person looking into the camera")
    assert (request.used, request.ignored) == ([], [])


def test_of_contradicting_words_the_first_counts() -> None:
    request = read("an old man, young, a woman")
    assert (request.sex, request.age) == ("man", 62)
    assert request.ignored == ["young", "woman"]


@pytest.mark.parametrize("prompt", ["", "   ", "!?", "\N{GRINNING FACE}"])
def test_a_prompt_without_words_is_refused(prompt: str) -> None:
    with pytest.raises(AvatarError) as refused:
        read(prompt)
    assert (refused.value.code, refused.value.param) == ("invalid_request", "avatar_prompt")


def test_a_prompt_that_is_too_long_is_refused() -> None:
    assert read("man " * (MAX_CHARACTERS // 4)).sex == "man"
    with pytest.raises(AvatarError) as refused:
        read("man " * (MAX_CHARACTERS // 4) + "x")
    assert (refused.value.code, refused.value.param) == ("invalid_request", "avatar_prompt")
