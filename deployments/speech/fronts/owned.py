"""A text that is rewritten as it is said, while each character still knows whose it is."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

Said = Callable[[re.Match[str]], str | None]
"""What is said for a match; None leaves it as it is."""
Rule = tuple[re.Pattern[str], Said]


def rule(pattern: str, said: Said | str) -> Rule:
    """A rule; `said` may be a template, as `re.Match.expand` takes it."""
    if isinstance(said, str):
        said = partial(re.Match.expand, template=said)
    return re.compile(pattern), said


@dataclass(frozen=True, slots=True)
class Owned:
    """A text, and for each of its characters the number of the word that it came from."""

    text: str
    owners: tuple[int, ...]
    whole: bool = False
    """Whether all that is said for a match belongs to where it begins; else to each word of it."""

    @classmethod
    def of(cls, words: Sequence[str]) -> Self:
        """Words with a space between them."""
        owners = [i for i, word in enumerate(words) for _ in range(len(word) + 1)]
        return cls(" ".join(words), tuple(owners[:-1]))

    @classmethod
    def by_place(cls, text: str) -> Self:
        """A text whose characters know their places in it: for scripts without spaces."""
        return cls(text, tuple(range(len(text))), whole=True)

    def said(self, rules: Sequence[Rule]) -> Self:
        """The text after each rule in turn."""
        text = self
        for pattern, said in rules:
            text = text._replaced(pattern, said)
        return text

    def words(self) -> Iterator[tuple[int, str]]:
        """(Owner, word), in the order of speech."""
        for match in re.finditer(r"\S+", self.text):
            yield self.owners[match.start()], match[0]

    def _replaced(self, pattern: re.Pattern[str], said: Said) -> Self:
        parts: list[str] = []
        owners: list[int] = []
        end = 0
        for match in pattern.finditer(self.text):
            new = said(match)
            if new is None:
                continue
            start, stop = match.span()
            parts += self.text[end:start], new
            owners += self.owners[end:start]
            first = max(0, start - (start == stop))
            owners += _shared(new, self.owners[first : first + 1 if self.whole else max(1, stop)])
            end = stop
        if not parts:
            return self
        text = "".join((*parts, self.text[end:]))
        return replace(self, text=text, owners=(*owners, *self.owners[end:]))


def _shared(said: str, owners: Sequence[int]) -> list[int]:
    """Whose each character of `said` is: its words are dealt to the owners in turn, evenly."""
    distinct = list(dict.fromkeys(owners))
    count = max(1, len(said.split()))
    out: list[int] = []
    n = -1
    inside = False
    for c in said:
        n, inside = n + (not inside and not c.isspace()), not c.isspace()
        out.append(distinct[max(n, 0) * len(distinct) // count])
    return out
