"""Texts with marks (SSML), spoken by any engine.

A text is cut where the way it is said changes; each stretch is spoken on its own, at its own speed
and level, and the silence between two is what the marks or the punctuation ask for. Texts without
marks go to the engine as they are.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import numpy as np

from deployments.speech.engine import SpeechEngine, pronounce
from deployments.speech.pieces import Pause
from deployments.speech.pronounced import pronounced, stripped
from deployments.speech.shaping import FASTEST, SLOWEST
from deployments.speech.shown import as_written
from media.errors import AvatarError
from media.sound import Phone, Samples, Speech, Word
from media.ssml import Span, is_ssml, parse

EMPHASIS: Final[Mapping[str, tuple[float, float]]] = {
    "none": (1.0, 0.0),
    "reduced": (1.1, -2.0),
    "moderate": (0.9, 1.0),
    "strong": (0.8, 2.0),
}
"""Speed and decibels by level: what is stressed is said more slowly, louder and set off."""

_ENDS: Final = re.compile(r"([.!?…。！？]|\n\s*\n)[\"'”’)\]\s]*$")  # noqa: RUF001 - signs of other scripts
_CLAUSE_ENDS: Final = re.compile(r"[,;:、；：—–][\"'”’)\]\s]*$")  # noqa: RUF001 - the same
_LOOSE: Final = re.compile(r"\s*[.,;:!?…。、！？；：\"”’)\]]+(?=\s|$)")  # noqa: RUF001 - the same
_FADE: Final = 0.008  # seconds
_AUDIBLE: Final = 0.005
"""Of the loudest moment."""


@dataclass(slots=True)
class Turn:
    """A stretch that is said in one way."""

    rate: float
    emphasis: str
    said: str = ""
    aliases: list[tuple[int, int, str]] = field(default_factory=list)
    """Parts [start, stop) of `said` and what is written in their place."""
    lead: float = 0.0
    """Seconds of silence before it."""
    pause: float | None = None
    """Seconds of silence behind it; None: what the engine leaves at the end of a text."""
    pieces: int = 0

    def add(self, span: Span) -> None:
        """More words that are said in the same way."""
        if span.alias is not None:
            end = len(self.said) + len(span.alias)
            self.aliases.append((len(self.said), end, span.text.strip()))
        self.said += span.text if span.alias is None else span.alias
        self.pause = span.pause

    def takes(self, span: Span) -> bool:
        """Whether the span goes on as this turn was said."""
        return self.pause is None and (self.rate, self.emphasis) == (span.rate, span.emphasis)


def check(engine: SpeechEngine, text: str, voice: str) -> int:
    """Number of pieces. Raises AvatarError as engines do; `invalid_request` for wrong marks."""
    text = stripped(text)
    if not is_ssml(text):
        return engine.check(text, voice)
    return sum(turn.pieces for turn in _turns(engine, text, voice))


def speak(
    engine: SpeechEngine, text: str, voice: str, speed: float = 1.0, first: int = 0
) -> Iterator[Speech]:
    """Speech from piece number `first` on, as `SpeechEngine.speak`."""
    text = stripped(text)
    if not is_ssml(text):
        return engine.speak(text, voice, speed, first)
    turns = _turns(engine, text, voice)
    engine.speak(turns[0].said, voice, speed)  # a wrong speed is refused before the first piece
    return _spoken(engine, turns, voice, speed, first)


def _spoken(
    engine: SpeechEngine, turns: Sequence[Turn], voice: str, speed: float, first: int
) -> Iterator[Speech]:
    for turn in turns:
        if first < turn.pieces:
            at, gain = EMPHASIS[turn.emphasis]
            # What marks make slower or faster stays what engines take.
            slowest, fastest = min(SLOWEST, speed), max(FASTEST, speed)
            paced = min(max(speed * turn.rate * at, slowest), fastest)
            spoken = engine.speak(turn.said, voice, paced, first)
            for n, piece in enumerate(as_written(spoken, turn.said, turn.aliases), first):
                yield _shaped(piece, turn, n, gain)
        first = max(0, first - turn.pieces)


def _shaped(piece: Speech, turn: Turn, n: int, gain: float) -> Speech:
    """Piece `n` of its turn at the turn's level, with the silence before and behind it."""
    samples = piece.samples * np.float32(10 ** (gain / 20)) if gain else piece.samples
    if n == turn.pieces - 1 and turn.pause is not None:
        samples = _followed(samples, piece.rate, turn.pause)
    if n or not turn.lead:
        return replace(piece, samples=samples)
    silence = np.zeros(round(turn.lead * piece.rate), np.float32)
    return Speech(
        np.concatenate([silence, samples]),
        piece.rate,
        tuple(Word(w.text, w.start + turn.lead, w.end + turn.lead) for w in piece.words),
        tuple(Phone(p.symbol, p.start + turn.lead, p.end + turn.lead) for p in piece.phones),
    )


def _followed(samples: Samples, rate: int, pause: float) -> Samples:
    """The samples with so many seconds of silence behind what is audible in them."""
    loud = np.flatnonzero(np.abs(samples) > _AUDIBLE * np.abs(samples).max(initial=0))
    end = int(loud[-1]) + 1 if len(loud) else 0
    tail = round(max(pause, _FADE) * rate)
    out = np.zeros(end + tail, np.float32)
    kept = samples[: end + round(_FADE * rate)]
    out[: len(kept)] = kept
    fade = np.linspace(1, 0, len(kept) - end, dtype=np.float32)
    out[end : len(kept)] *= fade
    return out


def _turns(engine: SpeechEngine, text: str, voice: str) -> list[Turn]:
    """The turns that have a sound. Raises AvatarError."""
    turns: list[Turn] = []
    lead, silent = 0.0, None
    for turn in _tidied(_grouped(engine, parse(text), voice)):
        try:
            turn.pieces = engine.check(turn.said, voice)
        except AvatarError as error:
            if error.code != "empty_text":
                raise
            silent = error
            if turns:
                before = turns[-1]
                before.pause = _sum(before.pause, turn.pause)
            else:
                lead += turn.pause or 0.0
            continue
        turn.lead, lead = lead, 0.0
        turns.append(turn)
    if not turns:
        sentence = "The text is empty: write what to say."
        raise silent or AvatarError("empty_text", sentence, param="text")
    for turn in turns[:-1]:
        turn.pause = _natural(turn.said) if turn.pause is None else turn.pause
    return turns


def _grouped(engine: SpeechEngine, spans: Sequence[Span], voice: str) -> list[Turn]:
    turns: list[Turn] = []
    for span in spans:
        if span.ipa is not None:
            said = pronounced(span.text.strip(), pronounce(engine, span.ipa, voice))
            span = replace(span, text=said, ipa=None)
        if not turns or not turns[-1].takes(span):
            turns.append(Turn(span.rate, span.emphasis))
        turns[-1].add(span)
    return turns


def _tidied(turns: Sequence[Turn]) -> Sequence[Turn]:
    """Signs that end a clause go to the words before them, which are then said as its end."""
    for before, turn in pairwise(turns):
        loose = _LOOSE.match(turn.said)
        if loose is not None and before.pause is None and before.said.strip():
            before.said = before.said.rstrip() + loose[0].lstrip()
            cut = loose.end()
            turn.said = turn.said[cut:]
            turn.aliases = [(a - cut, b - cut, shown) for a, b, shown in turn.aliases]
    return turns


def _natural(said: str) -> float | None:
    """The silence behind words that others follow."""
    if _ENDS.search(said):
        return None
    pause = Pause.CLAUSE if _CLAUSE_ENDS.search(said) else Pause.WORD
    return float(pause.value)


def _sum(one: float | None, other: float | None) -> float | None:
    return other if one is None else one + (other or 0.0)
