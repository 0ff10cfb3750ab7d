"""An error of the taxonomy as plain data: the same in a job's record and in an HTTP answer."""

from collections.abc import Mapping
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


def as_error(fault: Mapping[str, Any]) -> AvatarError:
    """The error again, from the job's record."""
    known = ("code", "message", "param", "retryable")
    details = {key: value for key, value in fault.items() if key not in known}
    return AvatarError(fault["code"], fault["message"], param=fault["param"], details=details)
