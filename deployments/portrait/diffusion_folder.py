"""What a folder in the format of diffusers must hold, said before the library stumbles on it.

https://huggingface.co/docs/diffusers/using-diffusers/other-formats: `model_index.json` names the
parts, each a folder with its config and, where it is a network, its weights.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from media.errors import AvatarError

INDEX: Final = "model_index.json"

LEFT_OUT: Final = ("safety_checker", "feature_extractor", "image_encoder")
"""Parts that text-to-image works without. A safety checker would paint refused pictures black."""

_HALF: Final = "*.fp16.safetensors"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder that was found whole."""

    path: Path
    left_out: tuple[str, ...]
    """Parts that the index names and that are not loaded."""
    variant: str | None
    """`fp16` where the networks lie there in half precision."""


def read_folder(path: Path, remedy: str) -> ModelFolder:
    """Look the folder through; `remedy` says what to do where a file lacks.

    Raises AvatarError `weights_missing` with the file.
    """
    if not (path / INDEX).is_file():
        raise missing(path / INDEX, remedy)
    try:
        index: Mapping[str, Any] = json.loads((path / INDEX).read_text(encoding="utf-8"))
        # Settings of the pipeline stand there too; a part is [library, class], [null, null] none.
        parts = {n: part[1] for n, part in index.items() if isinstance(part, list) and part[1]}
    except (ValueError, IndexError, AttributeError) as error:
        raise missing(path / INDEX, remedy, "cannot be read") from error
    for name, kind in parts.items():
        if name not in LEFT_OUT:
            _require_part(path / name, str(kind), remedy)
    half = any(path.glob(f"*/{_HALF}"))
    return ModelFolder(
        path, tuple(name for name in LEFT_OUT if name in index), "fp16" if half else None
    )


@contextmanager
def alone(files: Mapping[str, Path]) -> Iterator[Path]:
    """A folder, while the block lasts, with links to the pipeline's files among `files`: no more.

    `files` holds INDEX, beside which the others lie. Diffusers looks for itself which files of a
    folder it likes best: it would also take one that was laid there and that nobody has verified.
    """
    root = files[INDEX].parent
    with TemporaryDirectory() as empty:
        folder = Path(empty, root.name)
        for path in files.values():
            if path.is_relative_to(root):
                link = folder / path.relative_to(root)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path.resolve())
        yield folder


def missing(path: Path, remedy: str, what: str = "is missing") -> AvatarError:
    """The fault of a file that cannot be used."""
    return AvatarError(
        "weights_missing",
        f"{path.parent.name}/{path.name} {what}: {remedy}.",
        details={"file": str(path)},
    )


def _require_part(folder: Path, kind: str, remedy: str) -> None:
    if kind.endswith("Scheduler"):
        if not (folder / "scheduler_config.json").is_file():
            raise missing(folder / "scheduler_config.json", remedy)
    elif "Tokenizer" in kind:
        if not any(folder.glob("*.json")) and not any(folder.glob("*.model")):
            raise missing(folder / "tokenizer_config.json", remedy)
    else:
        if not (folder / "config.json").is_file():
            raise missing(folder / "config.json", remedy)
        if not any(folder.glob("*.safetensors")):
            raise missing(folder / "*.safetensors", f"{remedy}; other formats are not opened")
