"""Which addresses a message may go to: the public internet's, unless a setting allows others.

A URL is looked at when a client names it, and what its name stands for each time a message is
sent: what a name meant earlier says nothing about what it means now.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

import httpx

from media.errors import AvatarError

LONGEST_URL: Final = 2048

_LOCAL_NAMES: Final = (
    "localhost",
    "localdomain",
    "local",
    "internal",
    "lan",
    "home.arpa",
    "onion",
    "alt",
)
_NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_NAME: Final = re.compile(r"([A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?")
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NOT_PUBLIC: Final = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: leads to any IPv4 address
        "3fff::/20",  # documentation
    )
)
"""Parts of it that lead nowhere public (IANA's registry of special-purpose IPv6 addresses)."""
_NOT_PUBLIC_4: Final = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments; Python calls some of it global
    IPv4Network("192.88.99.0/24"),  # relays of 6to4, given up (RFC 7526)
    # What Azure's hosts tell their machines, credentials among it: public by its number alone.
    IPv4Network("168.63.129.16/32"),
)
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""IPv4 behind NAT64 (RFC 6052): as public as the IPv4 address in its last 32 bits."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an operator lets messages go to."""

    http: bool = False
    private: bool = False


def is_public(address: str) -> bool:
    """True for an address that anybody on the internet means the same machine by."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        if ip.scope_id is not None:
            return False
        inner = ip.ipv4_mapped
        if inner is None and ip in _TRANSLATED:
            inner = IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is None:
            return ip in _GLOBAL_UNICAST and not any(ip in net for net in _NOT_PUBLIC)
        ip = inner
    special = ip.is_multicast or ip.is_reserved or any(ip in net for net in _NOT_PUBLIC_4)
    return ip.is_global and not special


def check_url(url: str, allowed: Allowed) -> None:
    """Raise AvatarError `invalid_request` for a URL that no message will ever go to.

    A name is not looked up here: what it stands for is checked each time a message is sent.
    """
    if len(url) > LONGEST_URL:
        raise _refused(f"must have at most {LONGEST_URL} characters")
    try:
        parts = httpx.URL(url)
        host, port = parts.host, parts.port
    except (httpx.InvalidURL, ValueError):  # ValueError: a label that IDNA knows not
        raise _refused("is not a URL") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and allowed.http):
        raise _refused("must begin with https://")
    if not host or (port is not None and not 0 < port < 65536):
        raise _refused("must name a host, and a port from 1 to 65535 if any")
    if parts.userinfo:
        raise _refused("must not hold a user name or password: check our signature instead")
    if parts.fragment:
        raise _refused("must not have a part behind #")
    _check_host(host, parts.raw_host.decode(), allowed)


def _check_host(host: str, spelt: str, allowed: Allowed) -> None:
    """`spelt` is the host as DNS knows it, in ASCII."""
    if ":" in host or re.fullmatch(r"[0-9]+(\.[0-9]+){3}", host):
        try:
            ip_address(host)
        except ValueError:
            raise _refused("has an address that cannot be read") from None
        if not allowed.private and not is_public(host):
            raise _not_public()
        return
    labels = host.lower().removesuffix(".").split(".")
    # Resolvers read these as IPv4 addresses in disguise: 2130706433, 0x7f.1, 127.1.
    if _NUMBER.fullmatch(labels[-1]) or not _NAME.fullmatch(spelt):
        raise _refused("has an address that cannot be read")
    name = ".".join(labels)
    local = any(name == known or name.endswith(f".{known}") for known in _LOCAL_NAMES)
    if not allowed.private and (len(labels) == 1 or local):
        raise _not_public()


def require_public(addresses: Sequence[str]) -> None:
    """Raise PrivateAddress unless every address that a name stands for is public."""
    if not all(is_public(address) for address in addresses):
        raise PrivateAddress


class PrivateAddress(Exception):  # noqa: N818 - a turn of events, and the receiver's doing
    """The receiver's name stands for an address that is not public now."""


def _refused(words: str) -> AvatarError:
    return AvatarError("invalid_request", f"webhook_url {words}.", param="webhook_url")


def _not_public() -> AvatarError:
    return _refused("must lead to a public address")
