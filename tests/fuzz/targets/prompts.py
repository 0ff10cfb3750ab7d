"""Descriptions of faces."""

from deployments.portrait.prompt import read
from media.errors import AvatarError
from tests.fuzz.target import Target
from tests.fuzz.words import text_of


def one_input(data: bytes) -> bool:
    """Read a description: no word is taken and ignored at once."""
    try:
        request = read(text_of(data))
    except AvatarError as error:
        assert error.code == "invalid_request"
        return False
    assert request.used or request.ignored or request.sex is None
    assert len(set(request.ignored)) == len(request.ignored)
    assert request.age is None or 0 < request.age < 200
    return True


SEEDS = (
    "a smiling elderly woman with glasses and long grey hair",
    "man, 35 years old, no beard, without a hat or glasses, isn't smiling",
    "girl of twelve with blond hair; she's happy",
    "a bald 70-year-old gentleman, moustache",
)
TOKENS = (
    *(b"man", b"woman", b"years old", b"year-old", b"no ", b"without", b"isn't", b"hair", b"long"),
    *(b"short", b"black", b"glasses", b"beard", b"hat", b"smiling", b"twenty", b"mid-30s", b"or"),
)

TARGET = Target(
    one_input, lambda: [s.encode() for s in SEEDS], limit=2.0, longest=2_048, tokens=TOKENS
)
