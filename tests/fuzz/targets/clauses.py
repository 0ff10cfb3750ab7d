"""Texts cut for networks that read plain text."""

from deployments.speech.clauses import clauses
from deployments.speech.pronounced import stripped
from media.errors import AvatarError
from tests.fuzz.target import Target
from tests.fuzz.targets import texts
from tests.fuzz.words import text_of

LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "ja", "ko", "ru", "zh")


def one_input(data: bytes) -> bool:
    """Cut a text; the first two bytes choose the language and how much fits."""
    if len(data) < 2:
        return False
    language, most = LANGUAGES[data[0] % len(LANGUAGES)], 1 + data[1]
    try:
        pieces = clauses(stripped(text_of(data[2:])), language, lambda text: len(text) <= most)
    except AvatarError as error:
        assert error.code == "empty_text"
        return False
    for piece in pieces:
        assert piece.words
        assert all(piece.words)
        assert len("".join(piece.words)) <= max(1, most)
    return True


TARGET = Target(
    one_input,
    lambda: [bytes([n, 40]) + text.encode() for text in texts.SEEDS for n in range(10)],
    limit=2.0,
    longest=2_048,
    tokens=texts.TOKENS,
)
