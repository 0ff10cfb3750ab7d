"""What was asked, what came of it: the one record of a load, as lines of JSON."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

WAITED: Final = "told to wait"
"""A 429 with Retry-After, which users honour: no failure."""
NOT_YET: Final = "playlist, not yet"
"""A playlist's 503 with Retry-After before the first segment, which players ask again."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, or one thing that takes several (a first picture, a whole video)."""

    at: float
    """Unix seconds at which it ended."""
    what: str
    seconds: float
    fault: str | None = None
    """What was wrong with it; None where nothing was."""
    users: int = 0
    """Users at that time."""


def write(requests: Iterable[Request], file: Path) -> None:
    """One line each."""
    with file.open("w") as lines:
        for request in requests:
            lines.write(json.dumps(asdict(request)) + "\n")


def read(file: Path) -> Iterator[Request]:
    """What `write` wrote."""
    with file.open() as lines:
        for line in lines:
            yield Request(**json.loads(line))
