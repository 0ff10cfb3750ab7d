"""Opening the files that Coqui's models are published as, without running anything in them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from media.errors import AvatarError

EXTRA: Final = "pip install 'avatar-serve[coqui]'"


def library_missing(model: str, error: ImportError) -> AvatarError:
    """The fault of a library that is not installed, or not whole."""
    what = error.name or (str(error).strip().splitlines() or ["coqui-tts"])[0]
    return AvatarError(
        "weights_missing", f"{model} needs more than is installed ({what}): {EXTRA}."
    )


def weights_of(options: Mapping[str, object], model: str) -> tuple[str, ...]:
    """Names of the weights that are opened with these options, of an engine with one model.

    None where a folder is. Raises ValueError for another model.
    """
    return () if options.get("folder") else (known(str(options.get("model", model)), model),)


def known(name: str, model: str) -> str:
    """The name. Raises ValueError where it is not the model's."""
    if name != model:
        raise ValueError(f"model is {model}, not {name}")
    return name


def required(
    files: Mapping[str, Path], names: Sequence[str], folder: str, weights: str
) -> dict[str, Path]:
    """Where each file lies, by its name without folders: in the operator's folder, if there is one.

    Raises AvatarError `weights_missing` with the first file that is not there.
    """
    found = {}
    for name in names:
        bare = Path(name).name
        path = Path(folder) / bare if folder else files.get(name)
        if path is None or not path.is_file():
            remedy = (
                f"put it into {folder}" if folder else f"run `avatar-serve weights fetch {weights}`"
            )
            raise AvatarError(
                "weights_missing",
                f"{bare} of {weights} is missing: {remedy}.",
                details={"file": str(path or name)},
            )
        found[bare] = path
    return found


def tensors(path: Path, classes: Sequence[Any] = ()) -> Any:
    """What a checkpoint of torch holds, on the CPU.

    Only tensors, plain data and objects of `classes` are built. Raises
    AvatarError `weights_missing` for a file that holds anything else or cannot be read.
    """
    import torch

    try:
        with torch.serialization.safe_globals(list(classes)):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch and pickle raise all kinds for a file that is none
        raise unfit(path, "torch cannot read it, or not without running code in it") from error


def unfit(path: Path, why: str) -> AvatarError:
    """The fault of a file that is another than the model's."""
    return AvatarError(
        "weights_missing",
        f"{path.name} cannot be used ({why}): take the model's files as they are published.",
        details={"file": str(path)},
    )
