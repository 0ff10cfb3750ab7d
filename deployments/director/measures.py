"""What a director tells of its work, for whoever counts it."""

from typing import Protocol


class Measures(Protocol):
    """Called from the event loop; each call takes microseconds and raises nothing."""

    def worked(self, stage: str, seconds: float) -> None:
        """A stage has done one piece of a job's work."""

    def filmed(self, seconds: float) -> None:
        """So much video was committed."""

    def shown(self, seconds: float) -> None:
        """A job's first segment was there, so long after the job was accepted."""

    def retried(self, reason: str) -> None:
        """A step is tried again: code of the fault, or `store`, or `fault`."""

    def ended(self, kind: str, status: str) -> None:
        """A claim of a video or voice is over: completed, failed, given_up (to another), lost."""


class Unmeasured:
    """Nobody counts."""

    def worked(self, stage: str, seconds: float) -> None:
        """Nothing."""

    def filmed(self, seconds: float) -> None:
        """Nothing."""

    def shown(self, seconds: float) -> None:
        """Nothing."""

    def retried(self, reason: str) -> None:
        """Nothing."""

    def ended(self, kind: str, status: str) -> None:
        """Nothing."""
