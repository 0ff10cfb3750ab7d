"""What every policy takes and gives: words in, nothing or a refusal out."""

import re
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, Self

_RULE: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
_REASON: Final = 300  # characters

Use = Literal["speech", "captions", "portrait"]
"""What words are wanted for."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Words that somebody wants to have spoken, shown as captions, or painted."""

    use: Use
    written: str
    """As captions show them: without the marks of SSML."""
    heard: str
    """As they are said: aliases (`<sub>`) in place of what is written. Else the same."""
    phonemes: tuple[str, ...] = ()
    """Pronunciations in IPA that stand in for written words (`<phoneme>`)."""
    language: str | None = None
    """BCP 47, where it is known."""
    owner: str = ""
    """Whose request it is."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why words are refused. Raises ValueError for a rule or a reason that is none."""

    rule: str
    """Short name of the rule that was broken: small letters, digits, `_.-`. It counts in metrics
    and stands in the log, so it holds nothing of the words."""
    reason: str
    """A sentence for the client: what to do about it."""

    def __post_init__(self) -> None:
        if not _RULE.fullmatch(self.rule):
            raise ValueError(f"a rule's name has the form {_RULE.pattern}")
        if not 0 < len(self.reason.strip()) <= _REASON:
            raise ValueError(f"the reason of rule {self.rule} needs 1 to {_REASON} characters")


class Policy(Protocol):
    """Says which words may be used. It is asked by several requests at once."""

    @classmethod
    def load(cls, **options: Any) -> Self:
        """Open it with the options of AVATAR_POLICY_OPTIONS. What it raises stops the service."""

    def judge(self, wording: Wording) -> Refusal | None | Awaitable[Refusal | None]:
        """None where the words may be used.

        An `async def` runs in the service's event loop and must not block it; a plain method runs
        in a thread. What it raises, or does not answer in time, refuses the request for now.
        """
