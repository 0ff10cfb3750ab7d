# ruff: noqa: RUF001 - phonetic symbols and East Asian marks are meant
"""Spanish, French, Italian, Portuguese and Hindi by espeak-ng, a program of the system.

espeak-ng is GPL-3.0: it is run as a process of its own, and only where it is installed. Its IPA
becomes misaki's alphabet, which the voices were trained with (misaki's README, EspeakG2P).
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final, Self

from deployments.speech.fronts.front import FrontEndMissingError
from deployments.speech.fronts.spoken import Spoken
from deployments.speech.ipa import Replaced
from deployments.speech.pieces import Rules
from deployments.speech.reading import Reading

SECONDS: Final = 20.0
"""How long the program may take for a piece; it takes some 10 ms."""
_MOST_BYTES: Final = 900
"""The program reads lines of at most 1,000 bytes."""

_MARKS: Final = ';:,.!?—…"()“”'
_KEPT: Final = str.maketrans("«»¿¡।॥–[]", "“”  ..—()")
# A mark inside a number or an address is no pause; a mark that ends a word is.
_CUTS: Final = re.compile(rf"(?<=\S)[{re.escape(_MARKS)}]+(?=\s|$)|[—…“”()\"]+|(?<=\s)[;:,.!?]+")
# Heard: the Hindi voices say "r." as a flap, and ɽ, which espeak-ng never gives, as anything.
_IPA: Final[dict[str, Replaced]] = {"hi": (("ɽ", "r."), ("ʧ", "c"), ("ʤ", "ɟ"))}
_SWITCHES: Final = re.compile(r"\([a-z^-]+\)")
_JOINED: Final = {
    "a^ɪ": "I", "a^ʊ": "W", "d^z": "ʣ", "d^ʒ": "ʤ", "e^ɪ": "A", "o^ʊ": "O", "ə^ʊ": "Q",
    "s^s": "S", "t^s": "ʦ", "t^ʃ": "ʧ", "ɔ^ɪ": "Y", "^": "", "-": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Espeak:
    """Reads one language."""

    language: str
    program: str
    voice: str
    spoken: Spoken
    rules: Rules
    ipa: Replaced = ()

    @classmethod
    def open(cls, language: str, voice: str) -> Self:
        """`voice` is espeak-ng's name of the language, "pt-br".

        Raises FrontEndMissingError where the program or its language is missing.
        """
        program = shutil.which("espeak-ng")
        if program is None:
            raise FrontEndMissingError(
                f"{language} is read by espeak-ng, which is not installed: "
                "install your system's package espeak-ng (apt install espeak-ng)."
            )
        spoken = Spoken.of_language(voice.partition("-")[0])
        rules = Rules(abbreviations=spoken.table.abbreviations)
        front = cls(language, program, voice, spoken, rules, _IPA.get(voice, ()))
        try:
            front._phonemes(("1",))
        except (OSError, subprocess.SubprocessError) as error:
            raise FrontEndMissingError(
                f"{language} is read by espeak-ng, which does not speak {voice} here "
                f"({type(error).__name__}): install a whole espeak-ng (apt install espeak-ng)."
            ) from error
        return front

    def can_be_read(self, word: str) -> bool:
        """True when something in the word has a pronunciation."""
        return any(c.isalnum() or self.spoken.has_name(c) for c in word)

    def read(self, words: Sequence[str]) -> Reading:
        """Phonemes of a piece: what is between two marks is read in one go, for liaisons."""
        said = [(i, _quiet(text)) for i, text in self.spoken.words(words)]
        symbols: list[str] = []
        owners: list[int] = []
        runs = _runs(said)
        # One call for all: each run whole, then each of its words alone, a line each.
        lines = [line for run, _ in runs for line in _lines(run)]
        heard = iter(self._phonemes(tuple(lines)))
        for run, mark in runs:
            if not run:
                owner = owners[-1] if owners else 0
            else:
                whole, *alone = [next(heard) for _ in _lines(run)]
                symbols.append(whole)
                owners += _owners(whole, alone, [i for i, _ in run])
                owner = run[-1][0]
            if mark.startswith(" ") and symbols and symbols[-1].endswith(" "):
                mark = mark[1:]
            symbols.append(mark)
            owners += [owner] * len(mark)
        line = "".join(symbols)
        first, last = len(line) - len(line.lstrip()), len(line.rstrip())
        return Reading(line[first:last], tuple(owners[first:last]), tuple(words))

    def _phonemes(self, lines: tuple[str, ...]) -> list[str]:
        """A line of phonemes for each line of text."""
        if not lines:
            return []
        alone = self.spoken.table.alone
        return list(_run(self.program, self.voice, tuple(alone.get(x.lower(), x) for x in lines)))


def _quiet(text: str) -> str:
    """The text with the marks that the voices know."""
    return " ".join(text.translate(_KEPT).split())


def _runs(said: Sequence[tuple[int, str]]) -> list[tuple[list[tuple[int, str]], str]]:
    """What is read in one go, as (owner, word) pairs, and the mark behind it."""
    runs: list[tuple[list[tuple[int, str]], str]] = []
    run: list[tuple[int, str]] = []
    size = 0
    for owner, text in said:
        start = 0
        # The blank before lets a mark at the start be found as well.
        for match in _CUTS.finditer(f" {text}"):
            begin, end = match.start() - 1, match.end() - 1
            run += [(owner, word) for word in text[start : max(0, begin)].split()]
            mark = "".join(c for c in match[0] if c in _MARKS)
            opens = mark[-1:] in "(“" and begin <= 0
            runs.append((run, f" {mark}" if opens else f"{mark} "))
            run, start, size = [], max(0, end), 0
        rest = text[start:].split()
        size += sum(len(word.encode()) + 1 for word in rest)
        if size > _MOST_BYTES and run:
            runs.append((run, " "))
            run, size = [], sum(len(word.encode()) + 1 for word in rest)
        run += [(owner, word) for word in rest]
    return [*runs, (run, "")] if run else runs


def _lines(run: Sequence[tuple[int, str]]) -> list[str]:
    return [" ".join(word for _, word in run), *(word for _, word in run)] if run else []


def _owners(whole: str, alone: Sequence[str], words: Sequence[int]) -> list[int]:
    """Whose each symbol of the run is: found by the words read alone, in order."""
    apart = " ".join(alone)
    whose = [w for text, w in zip(alone, words, strict=True) for w in [w] * (len(text) + 1)]
    out: list[int] = []
    for _, i1, i2, j1, j2 in SequenceMatcher(None, apart, whole, autojunk=False).get_opcodes():
        for j in range(j1, j2):
            at = i1 + ((j - j1) * (i2 - i1) // (j2 - j1) if i2 > i1 else -1)
            out.append(whose[min(max(at, 0), len(whose) - 1)])
    return out


@lru_cache(maxsize=256)
def _run(program: str, voice: str, lines: tuple[str, ...]) -> tuple[str, ...]:
    """espeak-ng's answer to each line. Pure, so the newest are kept: a text is read twice."""
    done = subprocess.run(  # noqa: S603 - a known program; the text goes in by its input
        [program, "-q", "--ipa", "--tie=^", "-b", "1", "-v", voice],
        # Told to be quiet, it gets ready to play sound, and would leave a folder at home for it.
        env={**os.environ, "PULSE_RUNTIME_PATH": os.devnull},
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=SECONDS,
        check=True,
    )
    answers = done.stdout.split("\n")[: len(lines)]
    if len(answers) != len(lines):
        raise RuntimeError(f"espeak-ng gave {len(answers)} lines for {len(lines)}")
    return tuple(_in_misaki(answer) for answer in answers)


def _in_misaki(ipa: str) -> str:
    ipa = _SWITCHES.sub("", ipa)
    for tied, single in _JOINED.items():
        ipa = ipa.replace(tied, single)
    return " ".join(ipa.split())
