"""Signing with a time stamp, in a process of its own.

C2PA's library waits for an authority without end, and only a process can be ended.
"""

import json
import subprocess
import sys
from typing import Any, Final

from media.limited import import_path

SECONDS: Final = 60.0
"""For the authority's answer and the signing."""

_BOOT: Final = (
    "import sys; sys.path[:] = sys.argv[1].split(':'); from media.credentials import main; main()"
)


class NotStamped(Exception):  # noqa: N818 - reads as what happened
    """No signed file came of it; says why."""


def run(request: dict[str, Any]) -> None:
    """Have `media.credentials.main` do what the request says. Blocks; raises NotStamped.

    The request, which holds a key, goes through a pipe.
    """
    command = [sys.executable, "-c", _BOOT, ":".join(import_path())]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and code
            command,
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotStamped(f"nothing came within {SECONDS:.0f} s") from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise NotStamped(lines[-1] if lines else f"status {done.returncode}")
