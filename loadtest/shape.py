"""The load's shape: steps of users, each for its time."""

from collections.abc import Sequence
from typing import Final

from locust import LoadTestShape

from loadtest.bounds import Step, step_at

SPAWN_RATE: Final = 4.0
"""Users a second that come or leave."""


class Steps(LoadTestShape):
    """So many users for so long, one step after the other, then the end.

    `over` ends it before its time; users still finish what they are about.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Locust leaves it untyped
        self.steps = tuple(steps)
        self.over = False

    def tick(self) -> tuple[int, float] | None:
        """Users wanted now, and how fast they come; None at the end."""
        seconds: float = self.get_run_time()  # type: ignore[no-untyped-call]  # as above
        step = step_at(self.steps, seconds)
        return None if step is None or self.over else (step.users, SPAWN_RATE)
