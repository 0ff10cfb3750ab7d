"""Videos that were cancelled: there is nothing to share of them, though they were made before."""

from dataclasses import dataclass, field
from typing import Final

from schemathesis import Case
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.hooks import HookContext
from schemathesis.openapi.checks import EnsureResourceAvailability

_CANCEL: Final = "POST /v1/videos/{video_id}/cancel"
_SHARE: Final = "POST /v1/videos/{video_id}/share"


@dataclass(frozen=True)
class Cancelled:
    """Which videos a request has cancelled.

    That what was made is there, Schemathesis expects of all that no DELETE has removed.
    """

    ids: set[str] = field(default_factory=set)

    def note(self, _: HookContext, case: Case, response: Response) -> None:
        """A hook after each call. A video that was finished first stays as it was."""
        if case.operation.label == _CANCEL and response.status_code == 200:
            video = response.json()
            if video["status"] == "cancelled":
                self.ids.add(video["id"])

    def is_failure(self, _: HookContext, failure: Failure, case: Case, __: Response) -> bool:
        """A hook that says which failures count: all but a cancelled video's share."""
        return not (
            isinstance(failure, EnsureResourceAvailability)
            and case.operation.label == _SHARE
            and case.path_parameters["video_id"] in self.ids
        )
