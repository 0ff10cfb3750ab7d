"""Short strings that callers send: ranges, tags, links, addresses of webhooks."""

from media.errors import AvatarError
from serve.access.links import sign, stands
from serve.api.ranges import _span, matches
from serve.webhooks.addresses import Allowed, check_url, is_public
from tests.fuzz.target import Target

SECRET = b"s" * 32
NOW = 1_000.0
SIZE = 10_000


def one_input(data: bytes) -> bool:
    """The first byte chooses what the string is."""
    text = data[1:].decode("latin-1")
    return CHOICES[data[0] % len(CHOICES)](text) if data else False


def _range(text: str) -> bool:
    span = _span(text, SIZE)
    assert span is None or (span[0] >= 0 and 0 <= span[1] <= SIZE)
    return span is not None


def _tag(text: str) -> bool:
    return matches(text, '"etag"')


def _link(text: str) -> bool:
    # What nobody signed opens nothing: the one good token is known.
    good = stands((SECRET,), "vid_a", text, NOW)
    assert not good or text == GOOD
    return good


def _address(text: str) -> bool:
    is_public(text)
    try:
        check_url(text, Allowed())
    except AvatarError as error:
        assert error.code == "invalid_request"
        return False
    assert text.strip().lower().startswith("https:")
    return True


GOOD = sign(SECRET, "vid_a", 2_000)
CHOICES = (_range, _tag, _link, _address)
SEEDS = (
    *("bytes=0-", "bytes=-5", "bytes=5-9", "bytes= 1-2 "),
    *('"etag"', 'W/"etag", "b"', "*"),
    GOOD,
    *(
        "https://example.com/hook?x=1",
        "https://[2606:4700::1]:8443/",
        "https://0x7f.1/",
        "127.0.0.1",
    ),
    *("https://user@example.com", "http://169.254.169.254/latest", "::ffff:10.0.0.1", "fe80::1%1"),
)
TOKENS = (
    *(
        b"bytes=",
        b"-",
        b"W/",
        b'"etag"',
        b"*",
        b"v1.",
        b"https://",
        b"http://",
        b"[::1]",
        b"@",
        b"#",
    ),
    *(b"localhost", b"127.0.0.1", b"0x7f000001", b"2130706433", b"xn--", b"%00", b":443", b"//"),
    *(b"[::ffff:127.0.0.1]", b"64:ff9b::", b"\xad", b"..", b"."),
)

TARGET = Target(
    one_input,
    lambda: [bytes([n]) + s.encode() for s in SEEDS for n in range(len(CHOICES))],
    limit=2.0,
    longest=512,
    tokens=TOKENS,
)
