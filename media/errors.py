"""The one error taxonomy: each fault has a code, a sentence and a word on retrying."""

from collections.abc import Mapping
from typing import Any, Final

RETRYABLE: Final[Mapping[str, bool]] = {
    # The content cannot be used as it is: the same request fails again.
    "no_face": False,
    "many_faces": False,
    "face_too_small": False,
    "mouth_covered": False,
    "unreadable_image": False,
    "unreadable_audio": False,
    "silent_audio": False,
    "unusable_sample": False,
    "empty_text": False,
    "text_too_long": False,
    "unknown_voice": False,
    "unknown_avatar": False,
    "unsafe_image": False,
    "content_refused": False,
    "invalid_request": False,
    # The request was not let in.
    "too_large": False,
    "unauthorized": False,
    "forbidden": False,
    "not_found": False,
    "idempotency_conflict": False,
    "not_finished": True,
    # The service could not do it now.
    "rate_limited": True,
    "too_many_jobs": True,
    "overloaded": True,
    "weights_missing": False,
    "internal": True,
}


class AvatarError(Exception):
    """A fault with a code of the taxonomy.

    `message` is one sentence that tells the user what to do, `param` names the input at fault,
    `details` holds plain data shown beside it (for `many_faces`: the boxes).
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        param: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        if code not in RETRYABLE:
            raise ValueError(f"{code!r} is not a code of the error taxonomy")
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.details = dict(details or {})

    @property
    def retryable(self) -> bool:
        """True when the same request may succeed later."""
        return RETRYABLE[self.code]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by value, so that the error crosses processes whole."""
        return _rebuild, (self.code, self.message, self.param, self.details)


def _rebuild(code: str, message: str, param: str | None, details: Mapping[str, Any]) -> AvatarError:
    return AvatarError(code, message, param=param, details=details)
