"""Texts with marks."""

from media.errors import AvatarError
from media.ssml import MAX_BREAKS, is_ssml, parse
from media.ssml_values import LEVELS, RATE_RANGE
from tests.fuzz.target import Target
from tests.fuzz.words import text_of


def one_input(data: bytes) -> bool:
    """Read the marks, or tell where they are wrong."""
    text = text_of(data)
    marked = text if is_ssml(text) else f"<speak>{text}</speak>"
    try:
        spans = parse(marked)
    except AvatarError as error:
        assert error.code == "invalid_request"
        assert error.message.endswith(".")
        assert len(error.message) < 400
        assert min(error.details["line"], error.details["column"]) >= 1
        return False
    assert sum(span.pause or 0.0 for span in spans) <= MAX_BREAKS
    for span in spans:
        assert RATE_RANGE[0] <= span.rate <= RATE_RANGE[1]
        assert span.emphasis in LEVELS
    return True


SEEDS = (
    "<speak>Hello <break time='500ms'/> there.</speak>",
    "One <emphasis level='strong'>two <sub alias='three'>3</sub></emphasis> four",
    "<speak><prosody rate='80%'>a<prosody rate='+10%'>b</prosody></prosody></speak>",
    "<phoneme alphabet='ipa' ph='təˈmɑːtəʊ'>tomato</phoneme>",  # noqa: RUF001 - phonetic signs
    "<?xml version='1.0'?><speak version='1.1' xml:lang='en'>x &amp; y &#233; <!-- z --></speak>",
    "<!DOCTYPE x [<!ENTITY a 'b'>]><speak>&a;</speak>",
    "<speak><![CDATA[<b>]]><break strength='x-weak'/></speak>",
)
TOKENS = (
    *(b"<speak>", b"</speak>", b"<break ", b"time=", b"strength=", b"'10s'", b"<emphasis ", b"/>"),
    *(
        b"level=",
        b"<sub alias='",
        b"</sub>",
        b"<phoneme ",
        b"alphabet='ipa'",
        b"ph='",
        b"</phoneme>",
    ),
    *(
        b"<prosody rate='",
        b"</prosody>",
        b"x-fast",
        b"+20%",
        b"-99%",
        b"<![CDATA[",
        b"]]>",
        b"<!--",
    ),
    *(b"-->", b"<!DOCTYPE ", b"<!ENTITY ", b"SYSTEM", b"&#x", b"&#", b"&amp;", b"<?xml ", b"?>"),
    *(b"encoding='utf-16'", b"xmlns:x='", b"xml:lang='"),
)

TARGET = Target(one_input, lambda: [s.encode() for s in SEEDS], limit=2.0, tokens=TOKENS)
