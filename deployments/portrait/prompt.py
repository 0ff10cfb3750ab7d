"""A prompt in English to what it asks of a face."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from deployments.portrait import lexicon
from media.errors import AvatarError

MAX_CHARACTERS: Final = 2000

_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_POSSESSIVE: Final = re.compile(r"(?<=[^\W\d_])'s$")


@dataclass(slots=True)
class Request:
    """What a prompt asks for; None where it says nothing."""

    sex: str | None = None
    """woman, man."""
    age: float | None = None
    """Years."""
    smile: bool | None = None
    glasses: bool | None = None
    beard: bool | None = None
    hair_colour: str | None = None
    """A value of lexicon.HAIR_COLOURS."""
    hair_length: str | None = None
    """long, short."""
    hat: bool | None = None
    used: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def read(prompt: str) -> Request:
    """Read a prompt; words that are not understood are kept in `ignored`, each once.

    Of words that contradict each other the first counts, the others are ignored.

    Raises AvatarError `invalid_request` for a prompt without words or longer than MAX_CHARACTERS.
    """
    if len(prompt) > MAX_CHARACTERS:
        raise AvatarError(
            "invalid_request",
            f"The description is longer than {MAX_CHARACTERS} characters: shorten it.",
            param="avatar_prompt",
        )
    text = unicodedata.normalize("NFKC", prompt).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    words = [_POSSESSIVE.sub("", word) for word in _WORD.findall(text.lower())]
    if not words:
        raise AvatarError(
            "invalid_request",
            'Describe a face in words, for example "a smiling elderly woman with glasses".',
            param="avatar_prompt",
        )
    reader = _Reader(words)
    reader.run()
    return reader.request


class _Reader:
    """Goes through the words once; each step reads one or more of them."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.at = 0
        self.request = Request()
        self.pronoun: str | None = None

    def run(self) -> None:
        steps = (self.negation, self.age, self.sex, self.hair, self.traits)
        while self.at < len(self.words):
            if not any(step() for step in steps):
                self.ignore(self.words[self.at])
                self.at += 1
        request = self.request
        if request.sex is None and self.pronoun is not None:
            request.sex = lexicon.PRONOUNS[self.pronoun]
            request.used.append(self.pronoun)
        if request.sex == "man" and request.hair_length == "long":
            # Long hair and a man's face lie at opposite ends of one line of the latent space.
            request.hair_length = None
            request.used.remove("long")
            self.ignore("long")
        if "hair" in request.used and not (request.hair_length or request.hair_colour):
            request.used.remove("hair")
            self.ignore("hair")

    def word(self, ahead: int = 0) -> str:
        """The word so far ahead; empty past the end."""
        at = self.at + ahead
        return self.words[at] if at < len(self.words) else ""

    def ignore(self, word: str) -> None:
        if word not in lexicon.FILLER and word not in self.request.ignored:
            self.request.ignored.append(word)

    def take(self, count: int, name: str, value: object, said: str = "") -> bool:
        """Set an attribute by the next `count` words, or ignore them where it is set otherwise."""
        said = said or " ".join(self.words[self.at : self.at + count])
        self.at += count
        if getattr(self.request, name) in (None, value):
            setattr(self.request, name, value)
            if said not in self.request.used:
                self.request.used.append(said)
        else:
            self.ignore(said)
        return True

    def negation(self) -> bool:
        """Something not wanted: "no beard", "without a hat or glasses", "isn't smiling"."""
        word = self.word()
        if word not in lexicon.NEGATIONS and not word.endswith("n't"):
            return False
        self.at += 1
        while True:
            while self.word() in lexicon.AFTER_NEGATION:
                self.at += 1
            self._unwanted(self.word())
            if self.word() not in ("or", "nor"):
                return True
            self.at += 1

    def _unwanted(self, word: str) -> None:
        for name, words in (
            ("smile", lexicon.SMILE),
            ("glasses", lexicon.GLASSES),
            ("beard", lexicon.BEARD),
            ("hat", lexicon.HAT),
        ):
            if word in words:
                self.take(1, name, False, f"no {word}")
                return
        if word:
            self.ignore(word)
            self.at += 1

    def age(self) -> bool:
        """An age in words, in years, or as a decade."""
        if self.word() == "middle" and self.word(1) in ("aged", "age"):
            return self.take(2, "age", lexicon.MIDDLE_AGED)
        if self.word() == "aged" and self._number(1)[0]:
            self.at += 1
            return self.age()
        if self.word() in lexicon.PART_OF_DECADE and self._decade(1):
            years = self._decade(1) + lexicon.PART_OF_DECADE[self.word()]
            return self.take(2, "age", float(years))
        if self._decade():
            return self.take(1, "age", float(self._decade() + 5))
        years, count = self._number()
        if years:
            return self._years(years, count)
        if self.word() in lexicon.AGE:
            return self.take(1, "age", lexicon.AGE[self.word()])
        return False

    def _years(self, years: int, count: int) -> bool:
        if self.word(count) in lexicon.LESS_THAN_YEARS:
            years = 0
        if years == 0 or self.word(count) in lexicon.YEARS:
            count += 1
        if self.word(count) == "old":
            count += 1
        if lexicon.YOUNGEST <= years <= lexicon.OLDEST:
            return self.take(count, "age", float(years))
        self.ignore(" ".join(self.words[self.at : self.at + count]))
        self.at += count
        return True

    def _decade(self, ahead: int = 0) -> int:
        """20 for "20s" and "twenties"; 0 for anything else."""
        word = self.word(ahead)
        if re.fullmatch(r"[2-9]0'?s", word):
            return int(word[:2])
        return lexicon.DECADES.get(word, 0)

    def _number(self, ahead: int = 0) -> tuple[int, int]:
        """A number and how many words it takes; (0, 0) for anything else."""
        word = self.word(ahead)
        if re.fullmatch(r"[0-9]{1,3}", word):
            return int(word), 1
        if word in lexicon.TENS:
            unit = lexicon.UNITS.get(self.word(ahead + 1), 0)
            return lexicon.TENS[word] + unit, 2 if unit else 1
        if self.word(ahead + 1) in lexicon.YEARS | lexicon.LESS_THAN_YEARS:
            years = lexicon.UNITS.get(word) or lexicon.TEENS.get(word, 0)
            return years, 1 if years else 0
        return 0, 0

    def sex(self) -> bool:
        """Woman or man, by a noun; a pronoun is kept for later."""
        word = self.word()
        if word in lexicon.SEX:
            return self.take(1, "sex", lexicon.SEX[word])
        if word in lexicon.GRANDPARENTS:
            self.request.age = self.request.age or lexicon.GRANDPARENT
            return self.take(1, "sex", lexicon.GRANDPARENTS[word])
        if word in lexicon.SEX_ONLY:
            self.request.sex = self.request.sex or lexicon.SEX_ONLY[word]
            return False
        if word in lexicon.PRONOUNS:
            self.pronoun = self.pronoun or word
            self.at += 1
            return True
        return False

    def hair(self) -> bool:
        """Colour and length, where they are said of hair."""
        word = self.word()
        if word in lexicon.HAIR:
            if "hair" not in self.request.used:
                self.request.used.append("hair")
            self.at += 1
            return True
        if word in lexicon.HAIR_NOUNS:
            return self.take(1, "hair_colour", lexicon.HAIR_NOUNS[word])
        if not self._of_hair():
            return False
        if word in lexicon.HAIR_COLOURS:
            return self.take(1, "hair_colour", lexicon.HAIR_COLOURS[word])
        return word in lexicon.HAIR_LENGTHS and self.take(1, "hair_length", word)

    def _of_hair(self) -> bool:
        """Whether "hair" follows after nothing but its own adjectives, or "hair is" came before."""
        if any(word in lexicon.HAIR for word in self.words[max(0, self.at - 2) : self.at]):
            return self.words[self.at - 1] in (*lexicon.HAIR, "is", "are")
        for word in self.words[self.at + 1 :]:
            if word in lexicon.HAIR:
                return True
            adjectives = (lexicon.HAIR_COLOURS, lexicon.HAIR_LENGTHS, lexicon.HAIR_STYLES)
            if word != "and" and not any(word in known for known in adjectives):
                return False
        return False

    def traits(self) -> bool:
        """Smile, glasses and beard."""
        word = self.word()
        if word in lexicon.SMILE:
            return self.take(1, "smile", True)
        if word in lexicon.SERIOUS:
            return self.take(1, "smile", False)
        if word in lexicon.GLASSES:
            return self.take(1, "glasses", True)
        if word in lexicon.BEARD:
            return self.take(1, "beard", True)
        shaven = word == "clean" and self.word(1) in lexicon.SHAVEN
        return shaven and self.take(2, "beard", False)
