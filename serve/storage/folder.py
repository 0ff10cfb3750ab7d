"""What only a local folder of artifacts has."""

import os
import re
from pathlib import Path
from typing import Final

_TORN: Final = re.compile(r".*#[0-9]+")
"""The name a file has while it is written; it gets its own when it is whole."""


def torn_writes(folder: Path, before: float) -> list[Path]:
    """Files whose writer stopped half way, unless they were written to since `before`."""
    torn = []
    for where, _, names in os.walk(folder):
        for name in filter(_TORN.fullmatch, names):
            path = Path(where) / name
            try:
                if path.stat().st_mtime < before:
                    torn.append(path)
            except FileNotFoundError:
                continue  # it became whole meanwhile
    return torn
