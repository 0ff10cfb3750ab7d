"""An error of the taxonomy as plain data: the same in a job's record and in an HTTP answer."""

from typing import Any

from media.errors import AvatarError


def as_dict(error: AvatarError) -> dict[str, Any]:
    """Code, message, param and retryable, beside the error's details."""
    return {
        **error.details,
        "code": error.code,
        "message": error.message,
        "param": error.param,
        "retryable": error.retryable,
    }
