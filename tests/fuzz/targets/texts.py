"""Texts from writing to spoken pieces and captions, by every language's front end."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from deployments.speech import marked
from deployments.speech.fronts.english import English
from deployments.speech.fronts.espeak import Espeak
from deployments.speech.fronts.front import FrontEnd
from deployments.speech.fronts.languages import open_fronts
from deployments.speech.fronts.spoken import Spoken
from deployments.speech.pieces import Rules
from media.captions import captions
from media.errors import AvatarError
from media.subtitles import from_webvtt, to_srt, to_timed_text, to_webvtt
from tests.fuzz.target import Target
from tests.fuzz.words import Mouthing, text_of

BY_PROGRAM = {"es": "Spanish", "fr": "French", "hi": "Hindi", "it": "Italian", "pt": "Portuguese"}


class Spelling(Espeak):
    """What espeak-ng reads, without the program, which `espeak` fuzzes: says letters."""

    __slots__ = ()

    def _phonemes(self, lines: tuple[str, ...]) -> list[str]:
        return ["".join(c for c in line.lower() if c.isalpha() or c == " ") for line in lines]


@lru_cache(maxsize=1)
def readers() -> Mapping[str, Mouthing]:
    """By language; those whose packages are missing are left out."""
    fronts: dict[str, FrontEnd] = {"en-GB": English(british=True)}
    fronts |= open_fronts(("en-US", "ja-JP", "zh-CN"))[0]
    for code, language in BY_PROGRAM.items():
        spoken = Spoken.of_language(code)
        rules = Rules(abbreviations=spoken.table.abbreviations)
        fronts[code] = Spelling(language, "", code, spoken, rules)
    return {tag: Mouthing.of(front) for tag, front in fronts.items()}


def one_input(data: bytes) -> bool:
    """Speak a text; the first byte chooses the language."""
    if not data:
        return False
    engines = list(readers().values())
    return speaks(engines[data[0] % len(engines)], text_of(data[1:]))


def speaks(engine: Mouthing, text: str) -> bool:
    """Whether a text is spoken: in as many pieces as was said, with captions that can be read."""
    try:
        pieces = marked.check(engine, text, "any")  # type: ignore[arg-type]  # loads no weights
        said = list(marked.speak(engine, text, "any"))  # type: ignore[arg-type]  # the same
    except AvatarError as error:
        assert error.code in ("empty_text", "invalid_request")
        return False
    assert len(said) == pieces
    words, at = [], 0.0
    for piece in said:
        assert np.isfinite(piece.samples).all()
        assert all(0 <= word.start <= word.end for word in piece.words)
        words += [type(w)(w.text, w.start + at, w.end + at) for w in piece.words]
        at += piece.seconds
    cues = captions(words)
    assert from_webvtt(to_webvtt(cues)) == cues
    assert to_srt(cues).count(" --> ") >= len(cues)
    for cue in cues:
        to_timed_text(cue)
    return True


SEEDS = (
    "Hello, Dr. Smith! It is 5:30 pm on 2024-05-01; that's $3.50 (or 10%).",
    "Visit https://www.example.com/a?b=c#d, mail me@example.com. IV. x^2 ± ½ №5 😀",
    "今日は2024年5月1日です。ＡＢＣ、3時半！「はい」",  # noqa: RUF001 - as it is written
    "你好，我有25.5%的机会。2024/5/1，ABC。",  # noqa: RUF001 - the same
    "El 12/05/2024 a las 19:30 pagó 1.250,50€ a EE. UU.; siglo XXI, n.º 5",
    "Le 1er mai, 14h00: 12 M€ et 5,6 l/100 km, p. ex. Louis XIV",
    "₹1,25,000 का 2.5% १२ जनवरी 9:05 बजे",
    "<speak>One <break time='1s'/><sub alias='two'>2</sub> "
    "<phoneme ph='təˈmɑːtəʊ'>x</phoneme></speak>",  # noqa: RUF001 - phonetic signs
    "<p>one &amp; two</p><br/>\n\n# Title\n- a\n- b",
)
TOKENS = (
    *(b"<speak>", b"</speak>", b"<break time='1s'/>", b"<sub alias='", b"</sub>", b"<phoneme ph='"),
    *(
        b"http://",
        b"www.",
        b"@",
        b".com",
        b"%",
        b"$",
        b"1,000,000",
        b"1.5",
        b"12:30",
        b"2024-01-01",
    ),
    *(b"\n\n", b"...", b"--", b"Dr. ", b"e.g. ", b"XIV", b"1st", "½".encode(), "€".encode()),
    *("。".encode(), "、".encode(), "「".encode(), "ー".encode(), "々".encode(), "\u3000".encode()),
    *("\u200b".encode(), "\u0301".encode(), "\u202e".encode(), "😀".encode(), "١٢".encode()),
    *("\ufdd0".encode(), "\ufdd1".encode(), "\ufdd2".encode(), b"](/", b"[", b"&#", b"&lt;"),
)

TARGET = Target(
    one_input,
    lambda: [bytes([n + m]) + text.encode() for n, text in enumerate(SEEDS) for m in (0, 2, 5)],
    limit=2.0,
    longest=1_024,
    tokens=TOKENS,
    prepare=readers,
)
