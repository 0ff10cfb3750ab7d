"""A target that does all that targets must not, to test the fuzzer by."""

import os

from tests.fuzz.target import Target


def one_input(data: bytes) -> bool:
    """Do what the input says."""
    if data == b"fault":
        raise ValueError("a fault of ours")
    if data == b"crash":
        os.abort()
    if data == b"slow":
        sum(range(20_000_000))
    if data == b"much":
        bytes(2**32)
    while data == b"hang":
        pass
    return data == b"good"


TARGET = Target(
    one_input,
    seeds=lambda: [b"fault", b"crash", b"slow", b"much", b"hang", b"good"],
    limit=0.1,
    longest=16,
    in_production=lambda data: "unreadable_audio" if data == b"crash" else "",
)
