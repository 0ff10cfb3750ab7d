"""Texts with marks: a small part of SSML 1.1 (W3C, 2010), read strictly and safely.

Known are `<speak>`, `<break time|strength>`, `<emphasis level>`, `<sub alias>`, `<phoneme
alphabet="ipa" ph>` and `<prosody rate>`. All else is refused with its place; document types, and
with them entities of one's own, before anything of them is read.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NoReturn
from xml.parsers import expat

from media.errors import AvatarError
from media.ssml_values import (
    Attributes,
    Span,
    aliased,
    at_rate,
    emphasised,
    pronounced,
    seconds,
)

__all__ = ["Span", "is_ssml", "parse"]

MAX_BREAKS: Final = 300.0
"""Seconds of all breaks of a text."""
MAX_DEPTH: Final = 16
MAX_ELEMENTS: Final = 4000

_BEGINS: Final = re.compile(r"\s*(<speak[\s/>]|<\?xml\s|<!DOCTYPE\s)")
_TAKES: Final[Mapping[str, frozenset[str]]] = {
    "speak": frozenset({"version", "xmlns", "xml:lang", "xmlns:xsi", "xsi:schemaLocation"}),
    "break": frozenset({"time", "strength"}),
    "emphasis": frozenset({"level"}),
    "sub": frozenset({"alias"}),
    "phoneme": frozenset({"alphabet", "ph"}),
    "prosody": frozenset({"rate"}),
}
"""Attributes by element. The root's say nothing that matters here."""
_WORDS_ONLY: Final = frozenset({"sub", "phoneme"})
_STYLES: Final[Mapping[str, Callable[[Span, Attributes], Span]]] = {
    "emphasis": emphasised,
    "sub": aliased,
    "phoneme": pronounced,
    "prosody": at_rate,
}
_FORBIDDEN: Final[Mapping[str, str]] = {
    "StartDoctypeDeclHandler": "a document type",
    "EntityDeclHandler": "an entity",
    "UnparsedEntityDeclHandler": "an entity",
    "ExternalEntityRefHandler": "an entity",
    "SkippedEntityHandler": "an entity",
    "ProcessingInstructionHandler": "a processing instruction",
}


def is_ssml(text: str) -> bool:
    """True for a text that begins with `<speak>`, or as XML; other texts are read as they are."""
    return _BEGINS.match(_bare(text)) is not None


def parse(text: str, *, param: str = "text") -> tuple[Span, ...]:
    """The spans of a text that `is_ssml`, in order. Time grows in proportion to its length.

    All their `text` in a row is what captions show.

    Raises:
        AvatarError: `invalid_request` with `param`, the place in its sentence, and `line` and
            `column` (from 1, in the text without white space before it) beside it.
    """
    return _Reader(param).read(_bare(text).lstrip())


def _bare(text: str) -> str:
    return text.removeprefix("\ufeff")


@dataclass(slots=True)
class _Reader:
    param: str
    names: list[str] = field(default_factory=list)
    styles: list[Span] = field(default_factory=lambda: [Span("")])
    spans: list[Span] = field(default_factory=list)
    apart: bool = True
    """What comes next begins a span of its own."""
    filled: bool = False
    """Words have come in the innermost element of _WORDS_ONLY."""
    elements: int = 0
    breaks: float = 0.0
    parser: Any = None

    def read(self, text: str) -> tuple[Span, ...]:
        parser = self.parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._words
        for handler, what in _FORBIDDEN.items():
            setattr(parser, handler, self._refuser(what))
        try:
            parser.Parse(text, True)
        except expat.ExpatError as error:
            self._refuse(expat.errors.messages[error.code], error.lineno, error.offset)
        except UnicodeEncodeError:
            self._refuse("it holds half a character", 1, 0)
        return tuple(self.spans)

    def _start(self, name: str, given: dict[str, str]) -> None:
        try:
            self._check(name, given)
            self._open(name, given)
        except ValueError as error:
            self._refuse(str(error))

    def _check(self, name: str, given: Attributes) -> None:
        self.elements += 1
        if name not in _TAKES:
            raise ValueError(f"<{name[:40]}> is not known; known are {', '.join(_TAKES)}")
        if (name == "speak") == bool(self.names):
            raise ValueError("<speak> goes round everything, once")
        if self.names and self.names[-1] in (*_WORDS_ONLY, "break"):
            raise ValueError(f"<{self.names[-1]}> holds no other element")
        if len(self.names) >= MAX_DEPTH or self.elements > MAX_ELEMENTS:
            raise ValueError(f"at most {MAX_ELEMENTS} elements, {MAX_DEPTH} inside each other")
        for unknown in sorted(given.keys() - _TAKES[name]):
            takes = " and ".join(sorted(_TAKES[name]))
            raise ValueError(f"<{name}> takes {takes}, not {unknown[:40]}")

    def _open(self, name: str, given: Attributes) -> None:
        style = self.styles[-1]
        self.names.append(name)
        self.styles.append(_STYLES[name](style, given) if name in _STYLES else style)
        if name == "break":
            self._pause(seconds(given))
        if name in _WORDS_ONLY:
            self.apart, self.filled = True, False

    def _pause(self, long: float) -> None:
        self.breaks += long
        if self.breaks > MAX_BREAKS:
            raise ValueError(f"all breaks together last {MAX_BREAKS:g} s at most")
        last = self.spans.pop() if self.spans else Span("")
        self.spans.append(replace(last, pause=(last.pause or 0.0) + long))
        self.apart = True

    def _end(self, name: str) -> None:
        self.names.pop()
        self.styles.pop()
        if name in _WORDS_ONLY:
            self.apart = True
            if not self.filled:
                self._refuse(f"<{name}> is empty: put the written words in it")

    def _words(self, text: str) -> None:
        if self.names[-1] == "break":
            self._refuse("<break> holds no words")
        self.filled = self.filled or bool(text.strip())
        last = self.spans[-1] if self.spans else None
        if last is not None and not self.apart and replace(last, text="") == self.styles[-1]:
            self.spans[-1] = replace(last, text=last.text + text)
        else:
            self.spans.append(replace(self.styles[-1], text=text))
        self.apart = False

    def _refuser(self, what: str) -> Callable[..., None]:
        def refuse(*_: object) -> None:
            self._refuse(f"{what} is not allowed")

        return refuse

    def _refuse(self, why: str, line: int = 0, column: int = -1) -> NoReturn:
        line = line or self.parser.CurrentLineNumber
        column = 1 + (self.parser.CurrentColumnNumber if column < 0 else column)
        raise AvatarError(
            "invalid_request",
            f"The SSML is wrong at line {line}, column {column}: {why}.",
            param=self.param,
            details={"line": line, "column": column},
        )
