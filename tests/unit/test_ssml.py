"""Texts with marks: what they say is understood, and what is wrong is told with its place."""

import time

import pytest

from media.errors import AvatarError
from media.ssml import MAX_DEPTH, MAX_ELEMENTS, Span, is_ssml, parse

TOMATO = "təˈmɑːtəʊ"  # noqa: RUF001 - signs of the International Phonetic Alphabet


def spans(inside: str) -> tuple[Span, ...]:
    return parse(f"<speak>{inside}</speak>")


def refusal(text: str) -> AvatarError:
    with pytest.raises(AvatarError) as caught:
        parse(text, param="input")
    assert (caught.value.code, caught.value.param) == ("invalid_request", "input")
    assert len(caught.value.message) < 300
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "<speak>Hi</speak>",
        "\ufeff\n <speak version='1.1'>Hi</speak>",
        '<?xml version="1.0"?>\n<speak>Hi</speak>',
        "<speak/>",
        "<!DOCTYPE x><speak/>",
    ],
)
def test_a_text_that_begins_with_speak_has_marks(text: str) -> None:
    assert is_ssml(text)


@pytest.mark.parametrize(
    "text", ["Hi", "1 < 2", "Say <speak>.", "<speaker>Hi</speaker>", "<b>Hi</b>", "", "<"]
)
def test_other_texts_are_read_as_they_are(text: str) -> None:
    assert not is_ssml(text)


def test_words_without_marks_are_one_span() -> None:
    assert spans("One &amp; two &#233;.\n\nThree") == (Span("One & two é.\n\nThree"),)
    assert spans("One<!-- no --> two") == (Span("One two"),)
    assert spans("") == ()


@pytest.mark.parametrize(
    ("attributes", "seconds"),
    [
        ("", 0.4),
        ('time="500ms"', 0.5),
        ('time="1.25s"', 1.25),
        ('time="0s"', 0.0),
        ('strength="none"', 0.0),
        ('strength="x-strong"', 1.2),
        ('strength="weak" time="2s"', 2.0),
    ],
)
def test_a_break_is_a_pause_behind_what_comes_before_it(attributes: str, seconds: float) -> None:
    first, second = spans(f"One<break {attributes}/>two")
    assert first == Span("One", pause=pytest.approx(seconds))  # type: ignore[arg-type]  # compares
    assert second == Span("two")


def test_breaks_in_a_row_add_up_and_one_may_come_first() -> None:
    given = spans('<break time="1s"/>One<break time="1s"/><break time="2s"></break>')
    assert given == (Span("", pause=1.0), Span("One", pause=3.0))


@pytest.mark.parametrize(
    ("rate", "factor"),
    [
        *(("slow", 0.75), ("x-fast", 1.6), ("80%", 0.8), ("125.5%", 1.255)),
        *(("+20%", 1.2), ("-20%", 0.8), ("1.5", 1.5)),
    ],
)
def test_a_rate_is_a_share_of_the_speed(rate: str, factor: float) -> None:
    before, inside, after = spans(f'a <prosody rate="{rate}">b</prosody> c')
    assert (before, after) == (Span("a "), Span(" c"))
    assert inside.text == "b"
    assert inside.rate == pytest.approx(factor)


def test_marks_inside_each_other_add_up() -> None:
    given = spans(
        '<prosody rate="50%">a<prosody rate="150%">b<emphasis>c'
        '<emphasis level="strong">d</emphasis><sub alias="E E">e</sub>'
        "</emphasis></prosody></prosody>"
    )
    assert given == (
        Span("a", rate=0.5),
        Span("b", rate=0.75),
        Span("c", rate=0.75, emphasis="moderate"),
        Span("d", rate=0.75, emphasis="strong"),
        Span("e", rate=0.75, emphasis="moderate", alias="E E"),
    )


def test_an_alias_and_a_pronunciation_keep_the_written_words() -> None:
    given = spans(
        'The <sub alias="World Wide Web">WWW</sub><sub alias="World Wide Web">WWW</sub> '
        f'of <phoneme alphabet="ipa" ph="{TOMATO}">tomato</phoneme>.'
    )
    assert "".join(span.text for span in given) == "The WWWWWW of tomato."
    assert [span.alias for span in given] == [None, *(2 * ["World Wide Web"]), None, None, None]
    assert given[4] == Span("tomato", ipa=TOMATO)


@pytest.mark.parametrize(
    ("inside", "words", "column"),
    [
        ("<voice>x</voice>", "<voice> is not known", 8),
        ("ab<p>x</p>", "<p> is not known", 10),
        ("<speak>x</speak>", "round everything", 8),
        ('<break length="1s"/>', "takes strength and time, not length", 8),
        ('<break time="1"/>', "500ms", 8),
        ('<break time="-1s"/>', "500ms", 8),
        ('<break time="11s"/>', "10 s at most", 8),
        ('<break strength="loud"/>', "x-strong", 8),
        ("<break>x</break>", "holds no words", 16),
        ("<break><break/></break>", "no other element", 15),
        ('<emphasis level="loud">x</emphasis>', "moderate", 8),
        ("<prosody>x</prosody>", "needs rate", 8),
        ('<prosody pitch="high">x</prosody>', "takes rate, not pitch", 8),
        ('<prosody rate="quick">x</prosody>', "percentage", 8),
        ('<prosody rate="+1">x</prosody>', "percentage", 8),
        ('<prosody rate="0%">x</prosody>', "between 25% and 400%", 8),
        ('<prosody rate="-100%">x</prosody>', "between", 8),
        ('<prosody rate="50%"><prosody rate="40%">x</prosody></prosody>', "multiplied", 28),
        ("<sub>x</sub>", "needs alias", 8),
        ('<sub alias=" ">x</sub>', "needs alias", 8),
        ('<sub alias="y"> </sub>', "<sub> is empty", 24),
        ('<sub alias="y"><emphasis>x</emphasis></sub>', "no other element", 23),
        ('<phoneme alphabet="x-sampa" ph="a">x</phoneme>', "alphabet is ipa", 8),
        ('<phoneme ph="h3lo">x</phoneme>', "'3' in ph", 8),
        ("<phoneme>x</phoneme>", "needs ph", 8),
        ("<emphasis>x</speak>", "mismatched tag", 21),
        ("a & b", "not well-formed", 11),
        ("a &nbsp; b", "undefined entity", 10),
        ("a < b", "not well-formed", 11),
        ("<?php x ?>", "processing instruction", 8),
        ("\x01", "not well-formed", 8),
    ],
)
def test_what_is_wrong_is_told_with_its_place(inside: str, words: str, column: int) -> None:
    error = refusal(f"\n <speak>{inside}</speak>")
    assert words in error.message
    assert error.details == {"line": 1, "column": column}
    assert f"line 1, column {column}" in error.message


def test_lines_are_counted() -> None:
    assert refusal("<speak>\none\n  <pause/></speak>").details == {"line": 3, "column": 3}


BILLION = (
    '<!DOCTYPE speak [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
    "<speak>&c;</speak>"
)


@pytest.mark.parametrize(
    "text",
    [
        BILLION,
        '<?xml version="1.0"?>' + BILLION,
        '<!DOCTYPE s SYSTEM "file:///etc/passwd"><speak>x</speak>',
        '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><speak>&x;</speak>',
        '<!DOCTYPE s [<!ENTITY % x SYSTEM "http://127.0.0.1/x"> %x;]><speak>x</speak>',
    ],
)
def test_document_types_and_entities_are_never_read(text: str) -> None:
    assert is_ssml(text)
    assert "document type is not allowed" in refusal(text).message


@pytest.mark.parametrize(
    "text",
    [
        MAX_DEPTH * "<speak>",
        "<speak>" + MAX_DEPTH * "<emphasis>",
        "<speak>" + (MAX_ELEMENTS + 1) * "<emphasis>x</emphasis>" + "</speak>",
        "<speak>" + 31 * '<break time="10s"/>' + "</speak>",
        "<speak>" + 100_000 * "<",
        "<speak>" + 100_000 * "<emphasis>",
        "<speak " + " ".join(f'a{n}="1"' for n in range(20_000)) + "/>",
        "<speak>\ud800</speak>",
        "<speak>\0</speak>",
        '<?xml version="1.0" encoding="utf-7"?><speak>+ADw-</speak',
        "<speak>",
        "<speak/>x",
        "<speak/><speak/>",
        f"<{'speak ' + 'x' * 50_000}>",
    ],
    ids=range(14),
)
def test_hostile_texts_are_refused_at_once(text: str) -> None:
    began = time.monotonic()
    refusal(text)
    assert time.monotonic() - began < 2


def test_a_long_text_is_read_in_proportion_to_its_length() -> None:
    many = spans(MAX_ELEMENTS // 2 * "word <emphasis>and</emphasis> ")
    assert len(many) == MAX_ELEMENTS + 1
    assert len(spans(200_000 * "word & ".replace("&", "&amp;"))) == 1
