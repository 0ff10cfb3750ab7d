"""Words become WebVTT that players accept and people can read."""

import re
from itertools import pairwise

import pytest

from media import captions as layout
from media.sound import Word
from media.subtitles import to_webvtt

TEXT = (
    "Good evening, and welcome to the programme. Tonight we talk about rivers, which carry "
    "more than water: they carry soil, seeds, boats and stories, from the mountains all the way "
    "down to the sea. Is that news? No. But few people know how fast it can change! In the "
    "spring of 1997 the river Oder rose by four metres within two days and nobody at all had "
    "expected that it would keep on rising for three more weeks without any pause whatever."
)

TIMES = re.compile(r"(\d\d+):(\d\d):(\d\d)\.(\d{3}) --> (\d\d+):(\d\d):(\d\d)\.(\d{3})")


def captions(words: list[Word]) -> str:
    return to_webvtt(layout.captions(words))


def spoken(text: str, pace: float = 0.06, pause: float = 0.3, start: float = 0.0) -> list[Word]:
    """Words at a given pace, with pauses after sentences."""
    words = []
    for part in text.split():
        end = start + pace * (len(part) + 1)
        words.append(Word(part, start, end))
        start = end + (pause if part[-1] in ".!?" else 0.0)
    return words


def cues(file: str) -> list[tuple[float, float, list[str]]]:
    """The cues of a WebVTT file, parsed by the letter of the format."""
    head, *blocks = file.rstrip("\n").split("\n\n")
    assert head == "WEBVTT"
    found = []
    for block in blocks:
        timing, *lines = block.split("\n")
        match = TIMES.fullmatch(timing)
        assert match, timing
        h1, m1, s1, ms1, h2, m2, s2, ms2 = (int(group) for group in match.groups())
        assert max(m1, s1, m2, s2) < 60
        start, end = h1 * 3600 + m1 * 60 + s1 + ms1 / 1000, h2 * 3600 + m2 * 60 + s2 + ms2 / 1000
        assert start < end
        assert lines
        assert all(line.strip() and "-->" not in line for line in lines)
        found.append((start, end, lines))
    return found


def shown(file: str) -> str:
    text = " ".join(line for _, _, lines in cues(file) for line in lines)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def test_every_word_is_shown_once_and_in_order() -> None:
    assert shown(captions(spoken(TEXT))) == TEXT


@pytest.mark.parametrize("pace", [0.03, 0.06, 0.12])
def test_cues_are_short_enough_to_read_and_long_enough_to_see(pace: float) -> None:
    found = cues(captions(spoken(TEXT, pace)))
    assert len(found) > 4
    for start, end, lines in found:
        assert 1.0 - 1e-6 <= end - start <= 6.0 + 1e-6
        assert len(lines) <= 2
        assert all(len(line) <= 42 for line in lines)
    for (_, end, _), (start, _, _) in pairwise(found):
        assert end <= start


def test_a_cue_is_there_while_its_words_are_spoken() -> None:
    words = spoken(TEXT)
    found = cues(captions(words))
    count = 0
    for start, end, lines in found:
        inside = words[count : count + len(" ".join(lines).split())]
        assert start == pytest.approx(inside[0].start, abs=0.001)
        assert end >= inside[-1].end - 0.001
        count += len(inside)


def test_cues_end_with_sentences_and_clauses_where_they_can() -> None:
    ends = [lines[-1][-1] for _, _, lines in cues(captions(spoken(TEXT)))]
    assert sum(end in ".,:!?" for end in ends) >= 0.7 * len(ends)


def test_lines_break_after_punctuation_and_evenly() -> None:
    [(_, _, lines)] = cues(captions(spoken("When the rain has stopped, we shall go out again.")))
    assert lines == ["When the rain has stopped,", "we shall go out again."]


def test_short_sentences_share_a_cue_and_do_not_flash() -> None:
    found = cues(captions(spoken("Yes. No. Well. Go on. I see. Fine. Stop.", pause=0.1)))
    assert all(end - start >= 1.0 for start, end, _ in found)


def test_a_long_pause_ends_a_cue() -> None:
    words = [Word("Wait", 0.0, 0.3), Word("for", 0.3, 0.5), Word("it", 5.0, 5.3)]
    found = cues(captions(words))
    assert [(start, end) for start, end, _ in found] == [(0.0, 1.0), (5.0, 6.0)]


def test_a_cue_gives_way_to_the_next() -> None:
    words = [Word("One.", 0.0, 0.2), Word("Two.", 1.05, 1.4)]
    (_, end, _), (start, _, _) = cues(captions(words))
    assert end == 1.0
    assert start == 1.05


def test_marks_of_the_format_are_escaped() -> None:
    text = "Fish & chips <b>bold</b> a --> b &amp; <script>alert(1)</script>"
    file = captions(spoken(text))
    assert shown(file) == text
    body = file.split("\n\n", 1)[1]
    assert "<" not in body
    assert "-->" not in re.sub(TIMES, "", body)


def test_line_ends_within_words_cannot_break_out_of_their_cue() -> None:
    words = [Word("evil\n\n00:00:09.000 --> 00:00:10.000\nNOTE", 0.0, 1.0), Word("x\u2028y", 1, 2)]
    found = cues(captions(words))
    assert max(end for _, end, _ in found) <= 2.0


def test_an_address_wider_than_a_line_is_broken_up() -> None:
    address = "https://example.org/" + "very/long/path/" * 8
    found = cues(captions([Word("See", 0.0, 0.3), Word(address, 0.3, 9.0), Word("now", 9.0, 9.4)]))
    assert all(len(line) <= 42 for _, _, lines in found for line in lines)
    joined = "".join(line for _, _, lines in found for line in lines)
    assert joined.replace(" ", "") == f"See{address}now"


def test_punctuation_on_its_own_joins_the_word_before() -> None:
    words = [Word("Hello", 0, 0.4), Word(",", 0.4, 0.4), Word("you", 0.5, 0.8), Word("!", 0.8, 0.8)]
    assert shown(captions(words)) == "Hello, you!"
    assert shown(captions([Word("salt", 0, 0.4), Word("&", 0.4, 0.5)])) == "salt &"


def test_japanese_has_no_spaces_and_counts_double() -> None:
    text = "今日はとても良い天気ですね。明日も晴れるといいのですが、どうでしょうか。"
    found = cues(captions([Word(c, n * 0.2, n * 0.2 + 0.2) for n, c in enumerate(text)]))
    assert "".join(line for _, _, lines in found for line in lines) == text
    assert all(len(line) <= 21 for _, _, lines in found for line in lines)


def test_words_without_sensible_times_still_make_a_valid_file() -> None:
    words = [Word(f"word{n}", 0.0, 0.0) for n in range(40)]
    assert shown(captions(words)).split() == [word.text for word in words]
    backwards = [Word("b", 2.0, 1.0), Word("a", -1.0, 0.5)]
    assert shown(captions(backwards)) == "a b"


def test_hours_are_counted() -> None:
    assert "01:00:00.500 --> 01:00:01.500" in captions([Word("late", 3600.5, 3600.9)])


def test_no_words_make_an_empty_but_valid_file() -> None:
    assert captions([]) == "WEBVTT\n"
    assert captions([Word("  ", 0.0, 1.0)]) == "WEBVTT\n"
