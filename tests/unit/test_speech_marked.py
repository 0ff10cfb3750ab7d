"""Marks in a text shape how any engine says it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from deployments.speech import marked
from deployments.speech.hibari import Hibari
from media.errors import AvatarError
from media.sound import Speech, Word
from media.timegrid import SOUND_RATE
from tests.weights import weights

SECONDS, END = 0.2, 0.45


class Reader:
    """Says each sentence as a piece: a buzz of 0.2 s a word at speed 1, then 0.45 s of silence."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float]] = []

    def pieces(self, text: str) -> list[str]:
        found = [s for s in text.replace(". ", ".|").split("|") if any(c.isalnum() for c in s)]
        if not found:
            raise AvatarError("empty_text", "Nothing can be pronounced.", param="text")
        return found

    def check(self, text: str, voice: str) -> int:
        return len(self.pieces(text))

    def speak(self, text: str, voice: str, speed: float = 1.0, first: int = 0) -> Iterator[Speech]:
        if not 0.5 <= speed <= 2:
            raise AvatarError("invalid_request", "Too fast.", param="speed")
        pieces = self.pieces(text)[first:]
        return (self.say(piece, speed) for piece in pieces)

    def say(self, piece: str, speed: float) -> Speech:
        self.asked.append((piece.strip(), round(speed, 3)))
        words, long = piece.split(), SECONDS / speed
        sound = np.full(round(len(words) * long * SOUND_RATE), 0.25, np.float32)
        sound[1::2] *= -1
        silence = np.zeros(round(END * SOUND_RATE), np.float32)
        times = tuple(Word(w, n * long, (n + 1) * long) for n, w in enumerate(words))
        return Speech(np.concatenate([sound, silence]), SOUND_RATE, times)


@pytest.fixture
def reader() -> Reader:
    return Reader()


def said(reader: Any, inside: str, speed: float = 1.0, first: int = 0) -> list[Speech]:
    return list(marked.speak(reader, f"<speak>{inside}</speak>", "anna", speed, first))


def shown(pieces: list[Speech]) -> list[str]:
    return [word.text for piece in pieces for word in piece.words]


def silence_behind(piece: Speech) -> float:
    loud = np.flatnonzero(np.abs(piece.samples) > 0.02)
    return (len(piece.samples) - loud[-1] - 1) / SOUND_RATE


def test_a_text_without_marks_goes_to_the_engine_as_it_is(reader: Any) -> None:
    assert marked.check(reader, "One. Two.", "anna") == 2
    assert shown(list(marked.speak(reader, "One. Two.", "anna", 1.0, 1))) == ["Two."]
    assert reader.asked == [("Two.", 1.0)]


def test_a_break_is_as_long_as_it_says(reader: Any) -> None:
    given = said(reader, 'One<break time="2s"/> two<break strength="none"/> three. Four.')
    assert [silence_behind(p) for p in given] == pytest.approx([2.0, 0.008, END, END], abs=0.002)
    assert shown(given) == ["One", "two", "three.", "Four."]


def test_a_break_may_come_first_and_last(reader: Any) -> None:
    first, last = said(reader, '<break time="1s"/>One.<break time="3s"/> <break time="1s"/>Two.')
    assert np.abs(first.samples[: SOUND_RATE - 1]).max() == 0
    assert first.words[0].start == pytest.approx(1.0)
    assert silence_behind(first) == pytest.approx(4.0, abs=0.002)
    assert silence_behind(last) == pytest.approx(END, abs=0.002)


def test_a_rate_changes_the_speed_of_its_words_alone(reader: Any) -> None:
    said(reader, 'Now <prosody rate="80%">slowly</prosody> and on.', speed=1.25)
    assert reader.asked == [("Now", 1.25), ("slowly", 1.0), ("and on.", 1.25)]


def test_rates_stay_where_engines_can_follow(reader: Any) -> None:
    said(reader, '<prosody rate="30%">a</prosody> b <prosody rate="400%">c</prosody>')
    assert [speed for _, speed in reader.asked] == [0.5, 1.0, 2.0]


def test_what_is_stressed_is_slower_and_louder(reader: Any) -> None:
    first, second, third = said(reader, 'I <emphasis level="strong">really</emphasis>, mean it.')
    assert reader.asked == [("I", 1.0), ("really,", 0.8), ("mean it.", 1.0)]
    assert np.abs(second.samples).max() == pytest.approx(0.25 * 10 ** (2 / 20), abs=1e-4)
    assert np.abs(third.samples).max() == pytest.approx(0.25)
    assert silence_behind(first) == pytest.approx(0.03, abs=0.002)
    assert silence_behind(second) == pytest.approx(0.22, abs=0.002)


def test_an_alias_is_heard_and_its_writing_shown_with_the_times_of_both(reader: Any) -> None:
    inside = (
        'The World Wide Web, <sub alias="World Wide Web">WWW</sub>, is "<sub alias="old">o</sub>".'
    )
    (piece,) = said(reader, inside)
    assert reader.asked == [('The World Wide Web, World Wide Web, is "old".', 1.0)]
    assert shown([piece]) == ["The", "World", "Wide", "Web,", "WWW,", "is", '"o".']
    assert (piece.words[4].start, piece.words[4].end) == pytest.approx((0.8, 1.4))


def test_an_alias_that_is_said_in_two_pieces_is_shown_as_it_is_said(reader: Any) -> None:
    given = said(reader, '<sub alias="One. Two.">12</sub> three.')
    assert shown(given) == ["One.", "Two.", "three."]


def test_a_job_that_was_broken_off_goes_on_by_the_number_of_its_piece(reader: Any) -> None:
    inside = 'One. Two <emphasis>three</emphasis>. <break/>Four. <sub alias="five">5</sub>. Six.'
    whole = said(reader, inside)
    assert marked.check(reader, f"<speak>{inside}</speak>", "anna") == len(whole) == 6
    for first in range(1, 7):
        rest = said(reader, inside, first=first)
        assert shown(rest) == shown(whole[first:])
        for one, other in zip(rest, whole[first:], strict=True):
            assert np.array_equal(one.samples, other.samples)


@pytest.mark.parametrize("inside", ["", " ", "<break/>", "!?", "<emphasis>…</emphasis>"])
def test_nothing_to_say_is_refused(reader: Any, inside: str) -> None:
    for call in (marked.check, marked.speak):
        with pytest.raises(AvatarError) as caught:
            call(reader, f"<speak>{inside}</speak>", "anna")
        assert (caught.value.code, caught.value.param) == ("empty_text", "text")


@pytest.mark.parametrize(
    ("inside", "words"),
    [("<p>x</p>", "line 1, column 8"), ('<phoneme ph="a">x</phoneme>', "<sub alias>")],
)
def test_wrong_marks_are_refused_before_the_first_piece(
    reader: Any, inside: str, words: str
) -> None:
    for call in (marked.check, marked.speak):
        with pytest.raises(AvatarError, match=words) as caught:
            call(reader, f"<speak>{inside}</speak>", "anna")
        assert (caught.value.code, caught.value.param) == ("invalid_request", "text")
    assert not reader.asked


def test_a_wrong_speed_is_refused_before_the_first_piece(reader: Any) -> None:
    with pytest.raises(AvatarError) as caught:
        marked.speak(reader, "<speak>x</speak>", "anna", 3.0)
    assert caught.value.param == "speed"


def test_the_embedded_voice_takes_marks() -> None:
    hibari = Hibari.load(weights("hibari-heart"), threads=1)
    pieces = said_by(hibari, 'One moment<break time="1.5s"/> <sub alias="doctor">Dr</sub> Who.')
    assert shown(pieces) == ["One", "moment", "Dr", "Who."]
    assert silence_behind(pieces[0]) == pytest.approx(1.5, abs=0.1)
    slow, plain = (
        sum(piece.seconds for piece in said_by(hibari, text))
        for text in ('<prosody rate="60%">So it goes on.</prosody>', "So it goes on.")
    )
    assert slow > 1.3 * plain


def said_by(hibari: Hibari, inside: str) -> list[Speech]:
    return list(marked.speak(hibari, f"<speak>{inside}</speak>", "heart"))
