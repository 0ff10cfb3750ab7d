"""An example of a policy: words and phrases of a file, each of a rule with its reason.

`AVATAR_POLICY=serve.policies.words:Words AVATAR_POLICY_OPTIONS={"file": "/etc/words.toml"}`;
config/words.toml shows the form. It reads words only: who means the same by others is let through.
"""

import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from serve.policies.folding import is_unspaced, needles, views
from serve.policies.policy import Refusal, Use, Wording

_PHONEMES = Refusal(
    "phonemes", "Pronunciations of your own are not taken here: write the words as they are said."
)


class Rule(BaseModel):
    """Words that may not be used."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    reason: str
    """A sentence for the client."""
    words: list[str] = Field(min_length=1)
    """Each a word or several in a row; `*` at an end stands for any letters."""
    languages: list[str] = []
    """BCP 47; it holds for texts of these, and of unknown language. Empty: for all."""
    uses: list[Use] = []
    """Empty: all."""

    def is_for(self, wording: Wording) -> bool:
        """Whether the rule says anything about words of this use and language."""
        if self.uses and wording.use not in self.uses:
            return False
        known = (wording.language or "").lower()
        return not (self.languages and known) or any(
            known == tag.lower() or known.startswith(f"{tag.lower()}-") for tag in self.languages
        )


class Rules(BaseModel):
    """A file of rules; the first one that is broken is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    phonemes: bool = True
    """Let `<phoneme>` in: what is said by it is not among the words that are looked at."""
    rules: list[Rule] = []


class Words:
    """Refuses words of a file, however they are dressed up (`serve.policies.folding`)."""

    def __init__(self, rules: Rules) -> None:
        """Raises ValueError for a rule without a name or reason, or a word without letters."""
        self._phonemes = rules.phonemes
        self._rules = [
            (rule, Refusal(rule.name, rule.reason), *_sought(rule)) for rule in rules.rules
        ]

    @classmethod
    def load(cls, *, file: str) -> Self:
        """Read the rules of a TOML file. Raises OSError and ValueError where they can't be read."""
        data: dict[str, Any] = tomllib.loads(Path(file).read_text(encoding="utf-8"))
        return cls(Rules.model_validate(data))

    def judge(self, wording: Wording) -> Refusal | None:
        """The refusal of the first rule that the words break. It takes a thread's time."""
        if wording.phonemes and not self._phonemes:
            return _PHONEMES
        spaced = set().union(*map(views, {wording.written, wording.heard}))
        unspaced = {view.replace(" ", "") for view in spaced}
        for rule, refusal, words, parts in self._rules:
            if rule.is_for(wording) and (_holds(spaced, words) or _holds(unspaced, parts)):
                return refusal
        return None


def _sought(rule: Rule) -> tuple[frozenset[str], frozenset[str]]:
    """What to look for between spaces, and what anywhere."""
    words: set[str] = set()
    parts: set[str] = set()
    for word in rule.words:
        found = needles(word)
        if not any(map(str.strip, found)):
            raise ValueError(f"{word!r} of rule {rule.name} has no letter to look for")
        (parts if is_unspaced("".join(found)) else words).update(found)
    return frozenset(words), frozenset(parts)


def _holds(texts: set[str], sought: frozenset[str]) -> bool:
    return any(word in text for text in texts for word in sought)
