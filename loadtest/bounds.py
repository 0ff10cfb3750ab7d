"""Whom the load may hit, and how much of it there may be at most."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

MOST_USERS: Final = 200
MOST_SECONDS: Final = 2 * 3600.0
FINISHING: Final = 120
"""Seconds that users have at the end to finish what they are about."""


class RefusedError(ValueError):
    """A load that is not let loose; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Step:
    """So many users for so long."""

    users: int
    seconds: float


def check_host(url: str, *, anywhere: bool = False) -> None:
    """Raise RefusedError for an address that is not this machine's own, unless `anywhere`.

    A name other than localhost is refused even where it stands for a loopback address: what it
    stands for may change between this look and the load.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RefusedError(f"{url} is no address of a service: write http://127.0.0.1:PORT.")
    if anywhere or parts.hostname == "localhost":
        return
    try:
        own = ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        own = False
    if not own:
        raise RefusedError(
            f"{parts.hostname} is not this machine: a load is let loose on 127.0.0.1 only. "
            "If the service is yours and its users know, add --anywhere."
        )


def check_steps(steps: Iterable[Step]) -> None:
    """Raise RefusedError for a load without an end in sight."""
    listed = list(steps)
    if not listed or any(step.users < 1 or step.seconds <= 0 for step in listed):
        raise RefusedError("Each step needs a user or more, and some seconds.")
    if max(step.users for step in listed) > MOST_USERS:
        raise RefusedError(f"At most {MOST_USERS} users: one process can't play more honestly.")
    if sum(step.seconds for step in listed) > MOST_SECONDS:
        raise RefusedError(f"At most {MOST_SECONDS:.0f} s: a longer load is several runs.")


def step_at(steps: Sequence[Step], seconds: float) -> Step | None:
    """The step that so many seconds after the start lie in; None behind the last."""
    for step in steps:
        if seconds < step.seconds:
            return step
        seconds -= step.seconds
    return None
