"""What engines that speak from a sample share, with a network of tones in place of a voice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest

from deployments.speech.clauses import clauses
from deployments.speech.engine import Voice
from deployments.speech.heard import Said, as_speech
from deployments.speech.pacing import paced
from deployments.speech.stock import stock_voices
from deployments.speech.zero_shot import PROBE, Gains, Takes, ZeroShot
from media.errors import AvatarError
from media.loudness import TARGET_LUFS, integrated_loudness
from media.sound import Samples, Sound, Speech, Word
from media.timegrid import SOUND_RATE
from media.voice_sample import VoiceSample, pack

RATE = 24_000
LETTER = 0.07
"""Seconds of tone for a letter."""
GAP = 0.2
"""Seconds of silence behind a comma."""


@dataclass
class Tones:
    """Says a word as a tone as long as its letters, at a level and pitch of the manner's."""

    longest: int = 60
    languages: Sequence[str] = ("en", "ja")
    asked: list[tuple[str, str, float, int]] = field(default_factory=list)

    def fits(self, text: str, language: str) -> bool:
        return len(text) <= self.longest

    def listen(self, sample: Samples, language: str) -> float:
        return float(np.abs(sample).max())

    def say(
        self, words: Sequence[str], language: str, manner: float, speed: float, seed: int
    ) -> Said:
        self.asked.append((" ".join(words), language, speed, seed))
        noise = np.random.default_rng(seed)
        parts: list[Samples] = [np.zeros(round(0.4 * RATE), np.float32)]
        for word in words:
            letters = sum(4 if c.isdigit() else c.isalnum() for c in word)
            time = np.arange(round(LETTER * letters * RATE / speed)) / RATE
            parts.append((manner * np.sin(2 * np.pi * 200 * time)).astype(np.float32))
            if word.endswith(","):
                parts.append(np.zeros(round(GAP * RATE / speed), np.float32))
        parts.append(np.zeros(round(0.5 * RATE), np.float32))
        sound = np.concatenate(parts)
        return Said(sound + noise.normal(0, 1e-5, len(sound)).astype(np.float32), RATE)

    def peak_mb(self) -> int | None:
        return None


class Toned(ZeroShot):
    takes: ClassVar[Takes] = Takes("tones", RATE, 30.0, ("en",), "CC0-1.0")


def engine(network: Tones | None = None, level: float = 0.01, **options: Any) -> Toned:
    speakers = {"Ann Lee": level, "Zoë": 4 * level}
    voices, manners = stock_voices(Toned.takes, speakers, ("en",), {"Ann Lee": "female"})
    return Toned(network or Tones(), voices, manners, **options)


ANN = "tones_en_ann-lee"
TEXT = (
    "Well, this is said in pieces. Each has an end, and none of the words may be lost on the way."
)


def said(spoken: Sequence[Speech]) -> list[str]:
    return [word.text for piece in spoken for word in piece.words]


def test_a_text_is_said_in_as_many_pieces_as_was_told_and_no_word_is_lost() -> None:
    tones = Tones(longest=30)
    spoken = list(engine(tones).speak(TEXT, ANN))
    assert len(spoken) == engine(Tones(longest=30)).check(TEXT, ANN) > 3
    assert said(spoken) == TEXT.split()
    assert all(len(text) <= 30 for text, *_ in tones.asked)


def test_a_speech_that_was_broken_off_goes_on_with_the_same_sound() -> None:
    whole = list(engine().speak(TEXT, ANN))
    rest = list(engine().speak(TEXT, ANN, first=1))
    assert [p.samples.tobytes() for p in rest] == [p.samples.tobytes() for p in whole[1:]]


def test_a_seed_changes_what_is_drawn_and_nothing_else_does() -> None:
    first, second, other = Tones(), Tones(), Tones()
    list(engine(first).speak(TEXT, ANN))
    list(engine(second).speak(TEXT, ANN))
    list(engine(other, seed=1).speak(TEXT, ANN))
    assert first.asked == second.asked
    assert [a[:3] for a in first.asked] == [a[:3] for a in other.asked]
    assert not {a[3] for a in first.asked} & {a[3] for a in other.asked}


def test_words_that_nobody_timed_are_found_where_they_are_heard() -> None:
    (piece,) = engine(Tones(longest=200)).speak("Yesterday, somebody spoke.", ANN)
    shares = [9 * LETTER, 8 * LETTER, 5 * LETTER]
    starts = [0.1, 0.1 + shares[0] + GAP, 0.1 + shares[0] + GAP + shares[1]]
    for word, start, share in zip(piece.words, starts, shares, strict=True):
        assert word.start == pytest.approx(start, abs=0.08)
        assert word.end == pytest.approx(start + share, abs=0.08)
    assert piece.words[0].end < piece.words[1].start - 0.1  # the pause is nobody's


def test_words_that_the_network_timed_keep_their_times() -> None:
    sound = np.zeros(2 * RATE, np.float32)
    sound[RATE : RATE + RATE // 2] = 0.3
    times = (Word("one", 1.0, 1.25), Word("two", 1.25, 1.5))
    speech = as_speech(Said(sound, RATE, times), ("one", "two"), 0.45)
    found = [t for word in speech.words for t in (word.start, word.end)]
    assert found == pytest.approx([0.1, 0.35, 0.35, 0.6], abs=0.011)


def test_a_piece_starts_soon_and_ends_with_the_pause_that_belongs_behind_it() -> None:
    (piece,) = engine(Tones(longest=200)).speak("Yesterday somebody spoke.", ANN)
    loud = np.flatnonzero(np.abs(piece.samples) > 0.02)
    assert loud[0] / SOUND_RATE == pytest.approx(0.1, abs=0.02)
    tail = (len(piece.samples) - loud[-1]) / SOUND_RATE
    assert tail == pytest.approx(0.45 - 0.1 + 0.06, abs=0.02)


def test_a_network_that_says_nothing_gives_silence_and_no_words() -> None:
    speech = as_speech(Said(np.zeros(RATE, np.float32), RATE), ("unheard",), 0.45)
    assert not speech.samples.any()
    assert speech.words == ()


@pytest.mark.parametrize("spoilt", [np.nan, np.inf, -np.inf])
def test_numbers_that_a_network_spoils_are_silence(spoilt: float) -> None:
    broken = np.full(RATE, spoilt, np.float32)
    assert not as_speech(Said(broken, RATE), ("x",), 0.1).samples.any()


@pytest.mark.parametrize("voice", [ANN, "tones_en_zoe"])
@pytest.mark.parametrize("level", [0.01, 0.3])
def test_every_voice_speaks_at_speech_level_however_loud_its_network_is(
    voice: str, level: float
) -> None:
    spoken = list(engine(level=level).speak(TEXT, voice))
    sound = Sound(np.concatenate([piece.samples for piece in spoken]), SOUND_RATE)
    assert integrated_loudness(sound) == pytest.approx(TARGET_LUFS, abs=1.5)


def test_a_voice_s_level_is_measured_once() -> None:
    tones = Tones()
    speaking = engine(tones)
    list(speaking.speak(TEXT, ANN))
    list(speaking.speak("Again.", ANN))
    assert [text for text, *_ in tones.asked].count(PROBE) == 1


def test_speed_reaches_the_network_and_shortens_pauses() -> None:
    tones = Tones(longest=200)
    (slow,) = engine(tones).speak("Somebody spoke.", ANN)
    (fast,) = engine(tones).speak("Somebody spoke.", ANN, 2.0)
    assert tones.asked[-1][2] == 2.0
    assert fast.seconds < 0.7 * slow.seconds
    with pytest.raises(AvatarError, match="speed"):
        engine().speak("Somebody spoke.", ANN, 3.0)


@pytest.mark.parametrize("text", ["", "  \n", "?!", "今日は火曜日です。"])
def test_a_text_without_a_letter_of_the_language_is_refused(text: str) -> None:
    with pytest.raises(AvatarError) as error:
        engine().check(text, ANN)
    assert error.value.code == "empty_text"


def test_a_voice_that_there_is_not_is_refused() -> None:
    with pytest.raises(AvatarError) as error:
        engine().check("Hello.", "heart")
    assert error.value.code == "unknown_voice"


def test_stock_voices_are_told_apart_by_engine_language_and_speaker() -> None:
    assert [(v.id, v.name, v.gender) for v in engine().voices] == [
        (ANN, "Ann Lee", "female"),
        ("tones_en_zoe", "Zoë", "unknown"),
    ]
    assert {v.engine for v in engine().voices} == {"tones"}


def test_warming_up_hears_and_speaks() -> None:
    tones = Tones()
    Toned(tones, (), {}).warm_up()
    assert [text for text, *_ in tones.asked] == [PROBE]


CLONED = Voice("voice_1", "Me", ("en-GB",), "unknown", "CC0-1.0", 0.0, "tones")


def sample(level: float = 0.2, rate: int = 16_000) -> bytes:
    time = np.arange(8 * rate) / rate
    tone = (level * np.sin(2 * np.pi * 150 * time)).astype(np.float32)
    return pack(VoiceSample(tone, rate, "en-GB"))


def test_an_adopted_voice_is_the_only_one_and_shares_the_network() -> None:
    stock = engine()
    adopted = stock.with_voice(CLONED, sample())
    assert [v.id for v in adopted.voices] == ["voice_1"]
    assert adopted.network is stock.network
    assert adopted.manners["voice_1"] == pytest.approx(0.2, abs=0.01)
    assert said(list(adopted.speak("Hello there.", "voice_1"))) == ["Hello", "there."]
    assert [v.id for v in stock.voices] == [ANN, "tones_en_zoe"]


@pytest.mark.parametrize(
    ("voice", "data", "why"),
    [
        (CLONED, b"broken", "no kept sample"),
        (CLONED, sample()[:200], "no kept sample"),
        (Voice("v", "", ("en",), "", "", 0.0, "xtts"), sample(), "made for xtts, this is tones"),
        (Voice("v", "", ("de",), "", "", 0.0, "tones"), sample(), "de is not spoken here"),
    ],
)
def test_a_voice_that_is_not_this_engine_s_is_refused(voice: Voice, data: bytes, why: str) -> None:
    with pytest.raises(AvatarError, match=why) as error:
        engine().with_voice(voice, data)
    assert (error.value.code, error.value.param) == ("invalid_request", "voice")


def test_gains_are_kept_by_voice() -> None:
    gains = Gains()
    assert gains.of("a", lambda: 1.0) == gains.of("a", lambda: 2.0) == 1.0
    assert gains.of("b", lambda: 3.0) == 3.0


def test_a_piece_that_is_too_long_is_cut_at_a_clause_near_its_middle_else_at_a_word() -> None:
    cut = clauses("one two three four, five six seven eight nine", "en", lambda t: len(t) < 30)
    assert [" ".join(p.words) for p in cut] == ["one two three four,", "five six seven eight nine"]
    cut = clauses("one two three four five six seven eight nine", "en", lambda t: len(t) < 30)
    assert [len(p.words) for p in cut] == [5, 4]
    assert cut[0].pause.value < cut[1].pause.value


def test_a_word_that_is_too_long_is_cut_and_so_are_runs_without_spaces() -> None:
    cut = clauses("Donaudampfschifffahrtsgesellschaft", "de", lambda t: len(t) <= 10)
    assert "".join(p.words[0] for p in cut) == "Donaudampfschifffahrtsgesellschaft"
    text = "今日は火曜日です。寿司を食べました。"
    cut = clauses(text, "ja", lambda t: len(t) <= 6)
    assert "".join("".join(p.words) for p in cut) == text


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.5, 2.0])
def test_speech_is_paced_without_changing_its_pitch(speed: float) -> None:
    time = np.arange(3 * RATE) / RATE
    tone = (0.3 * np.sin(2 * np.pi * 220 * time)).astype(np.float32)
    faster = paced(tone, RATE, speed)
    assert len(tone) / len(faster) == pytest.approx(speed, rel=0.01)
    spectrum = np.abs(np.fft.rfft(faster * np.hanning(len(faster))))
    assert spectrum.argmax() * RATE / len(faster) == pytest.approx(220, abs=1)
    assert np.array_equal(faster, paced(tone, RATE, speed))
    assert paced(tone, RATE, 1.0) is tone
