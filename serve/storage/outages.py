"""What it looks like when the artifacts' store is out of reach or full."""

import errno
import re
from typing import Final

from obstore.exceptions import GenericError, PermissionDeniedError, UnauthenticatedError

_ERRNOS: Final = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EIO,
    errno.ESTALE,
    errno.EMFILE,
    errno.ENFILE,
    errno.EAGAIN,
    errno.ETIMEDOUT,
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.EACCES,
    errno.EPERM,
    # What a folder that was mounted from elsewhere says when its other end is gone.
    errno.ENOTDIR,
    errno.ENOTCONN,
    errno.ENODEV,
}
_OS_ERROR: Final = re.compile(r"\(os error (\d+)\)")
_REFUSED: Final = re.compile(r"status code: 4(?!08|29)\d\d|builder error")
"""An answer that the same request will always get, or a request that can't even be made."""


def is_out_of_reach(error: BaseException) -> bool:
    """True where the store cannot be reached or written now: the same call may succeed later.

    That is: no room or no right on the disk, no connection, no answer in time, an answer that says
    try again (408, 429, 5xx), and credentials that are not taken, since those are renewed while
    jobs wait. What is missing, and a request that is wrong, will not mend by waiting.
    """
    if isinstance(error, FileNotFoundError):
        return False
    if isinstance(error, TimeoutError | ConnectionError):
        return True
    if isinstance(error, OSError):
        return error.errno in _ERRNOS
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return True
    return isinstance(error, GenericError) and _passes(str(error))


def _passes(said: str) -> bool:
    """One class stands for all that no other fits: its words alone tell what happened."""
    if (found := _OS_ERROR.search(said)) and "LocalFileSystem" in said:
        return int(found[1]) in _ERRNOS
    return not _REFUSED.search(said)
