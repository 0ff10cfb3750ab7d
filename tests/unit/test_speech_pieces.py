"""How a text is cut into pieces to speak."""

import time

import pytest

from deployments.speech.pieces import LONGEST, Pause, plain, split, weight


def texts(text: str) -> list[str]:
    return [" ".join(piece.words) for piece in split(plain(text))]


def test_sentences_are_pieces_and_the_last_one_ends_the_text() -> None:
    pieces = split("We met again. It rained! Why not? Fine.")
    assert [" ".join(p.words) for p in pieces] == [
        "We met again.",
        "It rained!",
        "Why not?",
        "Fine.",
    ]
    assert [p.pause for p in pieces] == [Pause.SENTENCE] * 3 + [Pause.END]


def test_titles_initials_and_numbers_do_not_end_a_sentence() -> None:
    text = "Dr. Smith met J. K. Rowling, e.g. at 3.30 p.m. in St. Paul."
    assert " | ".join(texts(text)).count("|") == 1  # only the short opening clause is cut off
    assert texts("Ask Mr. Brown. Then go.") == ["Ask Mr. Brown.", "Then go."]


def test_a_quote_that_closes_behind_the_period_stays_with_its_sentence() -> None:
    assert texts("“Go home.” She left.") == ["“Go home.”", "She left."]


def test_the_first_piece_of_a_long_sentence_is_a_short_clause() -> None:
    text = "Hello, my name is Anna, and I would love to show you how this works."
    assert texts(text)[0] == "Hello,"
    assert texts("It was cold. " + text)[1] == text


def test_a_first_sentence_without_an_early_clause_stays_whole() -> None:
    text = "I would very much love to show all of you how this new machine works, my friends."
    assert texts(text)[0].endswith("friends.")


def test_a_short_first_sentence_stays_whole() -> None:
    assert texts("Well, hello there.") == ["Well, hello there."]


def test_a_blank_line_is_a_longer_pause_and_a_wrapped_line_is_none() -> None:
    wrapped = "This line was wrapped by an editor at some column and so it\ngoes on here.\n\nNext."
    pieces = split(wrapped)
    assert [p.pause for p in pieces] == [Pause.PARAGRAPH, Pause.END]
    assert "it goes" in " ".join(pieces[0].words)


def test_short_lines_stand_alone() -> None:
    assert texts("Shopping\nmilk\neggs") == ["Shopping", "milk", "eggs"]


@pytest.mark.parametrize(
    "text",
    [
        "word " * 600,
        "a" * 3000,
        "1" * 3000,
        "ABC " * 700,
        "one, two, three, " * 200,
        "x-y_z/" * 500,
    ],
)
def test_no_piece_is_too_long_and_nothing_is_lost(text: str) -> None:
    pieces = split(plain(text))
    assert all(sum(weight(word) for word in p.words) <= LONGEST for p in pieces)
    assert "".join("".join(p.words) for p in pieces) == "".join(text.split())


def test_a_long_sentence_is_cut_at_a_clause() -> None:
    clause = "when the sun had gone down behind the old mill on the hill, "
    pieces = split("We walked home slowly " + clause * 12 + "and slept.")
    assert len(pieces) > 2
    assert all(p.words[-1].endswith(",") for p in pieces[:-1])


def test_markup_and_unseen_characters_go_and_comparisons_stay() -> None:
    assert plain("<b>bold</b>\x00 \u202eback").split() == ["bold", "back"]
    assert plain('<a href="x y">link</a> &amp; more').split() == ["link", "&", "more"]
    assert plain("a < b and c > d") == "a < b and c > d"
    assert plain("## Title").strip() == "Title"
    assert plain("one\r\ntwo\u2028three").split("\n") == ["one", "two", "three"]
    assert plain("\ud800ok") == "ok"


def test_nothing_to_say_gives_no_pieces() -> None:
    assert split(plain(" \n\t <p> </p> \x00")) == []


@pytest.mark.parametrize("unit", ["a", "a. ", "[", "<b ", '."', "\n a", ", ", "&", "<!--", "((("])
def test_forty_thousand_characters_are_cut_in_a_moment(unit: str) -> None:
    text = (unit * 40_000)[:40_000]
    begin = time.process_time()
    split(plain(text))
    assert time.process_time() - begin < 5  # a cut in proportion to the square takes minutes
