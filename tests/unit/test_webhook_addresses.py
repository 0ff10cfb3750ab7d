"""Where webhook messages may go."""

import pytest

from media.errors import AvatarError
from serve.webhooks.addresses import Allowed, check_url, is_public

PRIVATE = [
    "0.0.0.0",  # noqa: S104 - nothing is bound
    *("127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1"),
    *("168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254"),  # clouds' own services
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"),
    *("::ffff:168.63.129.16", "::ffff:100.64.0.1", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"),
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1"),
    *("2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1", "fd12::1", "fe80::1", "fec0::1", "ff02::1"),
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001::1"]
PUBLIC += ["::ffff:8.8.8.8", "64:ff9b::808:808"]

OPEN = Allowed(http=True, private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_everybodys_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [*PUBLIC])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["fe80::1%eth0", "2606:4700::1%1", "example.org", ""])
def test_what_is_no_plain_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_url_with_a_private_address_is_refused_unless_allowed(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(AvatarError, match="must lead to a public address") as caught:
        check_url(f"https://{host}/hook", Allowed())
    assert (caught.value.code, caught.value.param) == ("invalid_request", "webhook_url")
    check_url(f"https://{host}/hook", OPEN)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "localhost.localdomain",
        "printer.local",
        "db.internal",
        "postgres",
        "nas.",
    ],
)
def test_a_name_of_ones_own_network_is_refused_unless_allowed(host: str) -> None:
    with pytest.raises(AvatarError, match="public"):
        check_url(f"https://{host}/", Allowed())
    check_url(f"https://{host}/", OPEN)


@pytest.mark.parametrize(
    "url",
    [
        *("https://2130706433/", "https://0x7f000001/", "https://127.1/", "https://0x7f.1/"),
        *("https://0177.0.0.1/", "https://1.2.3.4.5/", "https://1.2.3.256/", "https://a.1/"),
    ],
)
def test_an_address_in_disguise_is_refused_whatever_is_allowed(url: str) -> None:
    for allowed in (Allowed(), OPEN):
        with pytest.raises(AvatarError, match=r"cannot be read|is not a URL"):
            check_url(url, allowed)


@pytest.mark.parametrize(
    "url",
    [
        *("", "hook", "/hook", "ftp://example.org/", "file:///etc/passwd", "https://"),
        *("https:///path", "https://user@example.org/", "https://u:p@example.org/"),
        *("https://:p@example.org/", "https://example.org/#part", "https://example.org:0/"),
        *("https://example.org:99999/", "https://exa mple.org/", "https://example.org/\n"),
        *("https://[::1/", "https://" + "a" * 2048 + ".org/", "javascript:alert(1)"),
        "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    ],
)
def test_what_no_message_can_go_to_is_refused_whatever_is_allowed(url: str) -> None:
    with pytest.raises(AvatarError) as caught:
        check_url(url, OPEN)
    assert (caught.value.code, caught.value.param) == ("invalid_request", "webhook_url")
    assert caught.value.message.endswith(".")


def test_http_needs_the_operators_word() -> None:
    with pytest.raises(AvatarError, match="https"):
        check_url("http://example.org/", Allowed(private=True))
    check_url("http://example.org/", Allowed(http=True))


@pytest.mark.parametrize(
    "host", ["example.org", "hooks.example.org:8443", "bücher.example", "8.8.8.8"]
)
def test_a_public_receiver_is_fine(host: str) -> None:
    check_url(f"https://{host}/hook?id=1", Allowed())
