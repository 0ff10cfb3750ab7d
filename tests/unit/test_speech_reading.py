# ruff: noqa: RUF001 - phonetic symbols and look-alike letters are what is tested
"""How words become phonemes, and what cannot be read."""

import random

import pytest
from hibari.g2p import G2P

from deployments.speech.reading import Reading, can_be_read, read, readable


@pytest.fixture(scope="module")
def g2p() -> G2P:
    return G2P()


def said_by(reading: Reading, owner: int) -> str:
    pairs = zip(reading.symbols, reading.owners, strict=True)
    return "".join(c for c, o in pairs if o == owner).strip()


def test_each_phoneme_knows_its_word(g2p: G2P) -> None:
    reading = read(g2p, ["Hello,", "Anna."])
    assert said_by(reading, 0) == "həlˈO,"
    assert said_by(reading, 1) in ("ˈænə.", "ˈɑnə.")


def test_numbers_times_and_money_stay_with_the_words_they_came_from(g2p: G2P) -> None:
    words = ["We", "paid", "$5", "million", "at", "7:30", "pm", "."]
    reading = read(g2p, words)
    assert said_by(reading, 1) == "pˈAd"
    assert said_by(reading, 2) == "fˈIv"
    assert said_by(reading, 3).startswith(("mˈɪljən", "mˈɪljᵊn"))
    assert said_by(reading, 4) == "æt"
    assert said_by(reading, 5).startswith(("sˈɛvən", "sˈɛvᵊn"))


def test_user_text_cannot_set_phonemes(g2p: G2P) -> None:
    reading = read(g2p, ["say", "[hi](/bæd/)", "now"])
    assert "bæd" not in reading.symbols
    assert "hˈI" in reading.symbols


@pytest.mark.parametrize(
    ("word", "given"),
    [
        ("①②", " 1  2 "),
        ("ｈｉ！", "hi!"),
        ("𝐇𝐢", "Hi"),
        ("ﬁne", "fine"),
        ("٣٤", "34"),
        ("π", " pi "),
        ("你好", ""),
        ("привет", ""),
        ("😀ok", "ok"),
        ("e\u0301t", "ét"),
        ("Việt", "Viet"),
        ("½", "½"),
    ],
)
def test_what_the_rules_are_given(word: str, given: str) -> None:
    assert readable(word) == given


@pytest.mark.parametrize(
    "word", ["...", "?!", "😀", "你好", "привет", "—", "مرحبا", "\u200b", "[("]
)
def test_words_without_a_sound(word: str) -> None:
    assert not can_be_read(word)


@pytest.mark.parametrize("word", ["a", "7", "&", "naïve", "½", "ok😀", "x²", "١"])
def test_words_with_a_sound(word: str, g2p: G2P) -> None:
    assert can_be_read(word)
    assert read(g2p, [word]).symbols


def test_a_number_too_long_for_a_name_is_read_digit_by_digit(g2p: G2P) -> None:
    assert read(g2p, ["4" * 50]).symbols.count("fˈɔɹ") == 50
    assert "mˈɪlj" in read(g2p, ["5,000,000"]).symbols  # one with a name by its name


def test_a_very_long_word_is_read_to_its_end(g2p: G2P) -> None:
    long = read(g2p, ["banana" * 20]).symbols
    short = read(g2p, ["banana" * 4]).symbols
    assert len(long) > 3 * len(short)


def test_a_reading_is_cut_between_words_and_nothing_is_lost() -> None:
    reading = Reading("aaa bbb ccc" + "d" * 10, tuple(range(21)))
    parts = list(reading.parts(8))
    assert [p.symbols for p in parts] == ["aaa bbb", " cccdddd", "dddddd"]
    assert "".join(p.symbols for p in parts) == reading.symbols
    assert [o for p in parts for o in p.owners] == list(reading.owners)
    assert all(len(p.symbols) <= 8 for p in parts)


def test_hostile_mixtures_never_fail(g2p: G2P) -> None:
    chance = random.Random(7)
    pool = list("aAZ019.,:;!?-—'\"()[]{}/<>$£€¥%#@&*+=~^_|° ßñ٣९ⅷ①µ日\u0301\u200b\u202e😀π🅰²½")
    words = ["$1.2.3", "12/31/99", "7:30", "1e9", "Henry VIII", "-3°C", "#5", "1990s", "USD5k"]
    for _ in range(1500):
        glue = chance.choice(["", " ", "-", "$"])
        text = glue.join(chance.choice(words + pool) for _ in range(chance.randint(1, 8)))
        reading = read(g2p, text.split())
        assert len(reading.symbols) == len(reading.owners)
