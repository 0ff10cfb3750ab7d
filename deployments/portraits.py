"""Prepared portraits: kept warm by content hash in the replica that is asked for them."""

from typing import Any, Final

WARM: Final = 8
"""Portraits a replica keeps prepared; the least recently used one goes first."""


def for_portrait(handle: Any, portrait: str) -> Any:
    """A handle that prefers a replica which has the portrait prepared."""
    return handle.options(multiplexed_model_id=portrait)
