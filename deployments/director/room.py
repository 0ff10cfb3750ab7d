"""How many segments directors have in the works: as many as keep the encoders there are busy.

Segments that wait do so in their directors, where the first ones of other jobs overtake them, not
in Serve's queues, which serve in the order of asking (ADR 8). Enough of them must be with the
encoders, though, or these neither have always one to go on with nor seem in need of another
replica: Serve scales them by their ongoing calls.
"""

import math
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

AN_ENCODER: Final = 6


class DirectorConfig(BaseModel):
    """The director's `user_config`; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    segments_an_encoder: int = Field(default=AN_ENCODER, ge=1, le=128)
    """Later segments in the works for each replica of encode, of all jobs and directors."""


def share(encoders: int, directors: int, segments_an_encoder: int) -> int:
    """Segments of one of so many directors; with no encoder, as with one: it is on its way."""
    return math.ceil(max(1, encoders) * segments_an_encoder / max(1, directors))
