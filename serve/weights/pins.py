"""Pins of files that the manifest has no sums of: taken when they first come, held from then on.

They lie beside the files, in ROOT/NAME/.pins.json: who removes that folder begins anew.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from media.errors import AvatarError
from serve.weights.manifest import WeightFile, Weights

_PINS: Final = ".pins.json"


def with_pins(weights: Weights, folder: Path) -> Weights:
    """The entry with the pins that were taken of its files in `folder`, as far as there are any.

    Raises AvatarError `weights_missing` where the pins cannot be read.
    """
    if weights.pinned or not (folder / _PINS).is_file():
        return weights
    pins = _read(weights.name, folder / _PINS)
    return replace(
        weights,
        files=tuple(file if file.sha256 else pins.get(file.name, file) for file in weights.files),
    )


def keep_pins(folder: Path, files: Sequence[WeightFile]) -> None:
    """Write what the files are, in one step."""
    rows = {file.name: {"sha256": file.sha256, "size": file.size} for file in files}
    temporary = folder / f"{_PINS}.tmp"
    with temporary.open("w", encoding="utf-8") as target:
        json.dump(rows, target, indent=1)
        target.flush()
        os.fsync(target.fileno())
    temporary.replace(folder / _PINS)


def _read(name: str, path: Path) -> dict[str, WeightFile]:
    try:
        rows: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {
            file: WeightFile(file, str(row["sha256"]), int(row["size"]))
            for file, row in rows.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AvatarError(
            "weights_missing",
            f"The pins of {name} cannot be read: remove {path} and run "
            f"`avatar-serve weights add {name} {path.parent}`.",
            details={"weights": name},
        ) from error
