"""Verified weights for tests."""

from collections.abc import Mapping
from pathlib import Path

from serve.settings import Settings
from serve.weights.store import open_store


def weights(*names: str) -> Mapping[str, Path]:
    """Member file name -> path. Raises AvatarError `weights_missing` with what to do."""
    store = open_store(Settings())
    return {file: path for name in names for file, path in store.paths(name).items()}
