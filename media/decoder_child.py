"""The limited process in which uploads are decoded; started by `media.limited` only.

It reads hostile bytes from standard input, writes plain samples or pixels to one more file that it
was given, and answers on standard output with "ready" and then one line of JSON. Before the first
hostile byte is read it has imported all it needs and then gives up the right to open anything:
with RLIMIT_NOFILE at the number of files that are open already, every open() and socket() fails.
"""

import errno
import importlib
import json
import os
import resource
import signal
import sys
from typing import IO, Any

from media.fault import DecodingError

OUTPUT = 3
"""Number of the file that takes the samples or pixels."""

READY = b"ready\n"
"""Said once everything is imported: what goes wrong later is the input's doing."""


def main() -> None:
    """Decode standard input as told by the request in the last argument, then leave at once."""
    request = json.loads(sys.argv[-1])
    _limit_time_and_files(request["limits"])
    _move_output(request["output"])
    decoder = importlib.import_module(request["decoder"])
    os.write(1, READY)
    _close_the_door(request["limits"]["memory_bytes"])
    # Neither is closed: that would write again what could not be written.
    source, output = os.fdopen(0, "rb", closefd=False), os.fdopen(OUTPUT, "wb")
    answer = answer_of(decoder, source, output, request["options"])
    os.write(1, json.dumps(answer).encode() + b"\n")
    os._exit(0)  # nothing to tidy up: skip the interpreter's long goodbye


def _limit_time_and_files(limits: dict[str, Any]) -> None:
    # An alarm nobody handles ends the process, also when the parent is gone.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})  # masks are inherited
    signal.setitimer(signal.ITIMER_REAL, limits["wall_seconds"])
    _cap(resource.RLIMIT_CORE, 0)
    _cap(resource.RLIMIT_CPU, limits["cpu_seconds"], grace=1)  # SIGXCPU first, which tells why
    _cap(resource.RLIMIT_FSIZE, limits["output_bytes"])


def _cap(what: int, most: int, grace: int = 0) -> None:
    """Lower a limit for good; one that is tighter already stays."""
    _, hard = resource.getrlimit(what)
    last = most + grace if hard == resource.RLIM_INFINITY else min(most + grace, hard)
    resource.setrlimit(what, (min(most, last), last))


def _move_output(descriptor: int) -> None:
    if descriptor != OUTPUT:
        os.dup2(descriptor, OUTPUT)
        os.close(descriptor)


def _close_the_door(memory_bytes: int) -> None:
    if sys.platform == "linux":  # elsewhere the kernel does not hold to it
        _cap(resource.RLIMIT_AS, memory_bytes)
    _cap(resource.RLIMIT_NOFILE, OUTPUT + 1)


def answer_of(
    decoder: Any, source: IO[bytes], output: IO[bytes], options: dict[str, Any]
) -> dict[str, Any]:
    """The decoder's `report`, or the name of its `fault` and where it arose."""
    try:
        report: dict[str, Any] = decoder.decode(source, output, options)
        output.flush()
        return {"report": report}
    except DecodingError as error:
        return {"fault": error.fault}
    except MemoryError:
        return {"fault": "memory"}
    except Exception as error:
        # Libraries raise anything on hostile bytes. Name and place only: a message may quote them.
        locked_out = getattr(error, "errno", None) == errno.EMFILE
        return {"fault": "undecodable", "error": _where(error), "locked_out": locked_out}


def _where(error: Exception) -> str:
    """Kind of an exception and the line that raised it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    return f"{type(error).__name__} in {os.path.basename(code.co_filename)}:{trace.tb_lineno}"
