"""A program fed by a pipe whose output is read meanwhile, so that neither waits for the other."""

import os
import select
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from typing import IO, Any, Final

STILL: Final = 60.0
"""Seconds after which a program that takes nothing in, or does not end, is given up."""

_READ: Final = 2**16
_TAIL: Final = 1000
"""Bytes kept of what the program says."""


class ProgramFailed(Exception):  # noqa: N818 - reads as what happened
    """The program ended in a fault, or stood still; `said` is the end of what it said."""

    def __init__(self, how: str, said: str, output: bytes) -> None:
        super().__init__(f"{how}: {said}" if said else how)
        self.said = said
        self.output = output


def run_piped(command: Sequence[str], pieces: Iterator[Any]) -> bytes:
    """What the program writes when it is given `pieces` (contiguous buffers) to read.

    What `pieces` raises is passed on; then, as after every fault, the program is killed, with all
    that it has started.
    Raises ProgramFailed.
    """
    pipe = subprocess.PIPE
    # The command is a list made of our own words: no shell reads it.
    process = subprocess.Popen(  # noqa: S603
        command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, process_group=0
    )
    assert process.stdin is not None  # noqa: S101 - asked for, like the others
    assert process.stdout is not None  # noqa: S101
    assert process.stderr is not None  # noqa: S101
    output, said = _Reader(process.stdout), _Reader(process.stderr, _TAIL)
    fault = None
    try:
        with process.stdin:
            fault = _write(process.stdin.fileno(), pieces)
        process.wait(STILL if fault is None else 1.0)
    except subprocess.TimeoutExpired:
        fault = fault or "it did not end"
    finally:
        _end(process)
        output.join()
        said.join()
    if fault or process.returncode:
        raise ProgramFailed(fault or f"status {process.returncode}", said.text(), output.bytes())
    return output.bytes()


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill the program with all that it has started: whoever lives keeps the pipes open."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _write(pipe: int, pieces: Iterator[Any]) -> str | None:
    """Write all of the pieces; returns what went wrong with the program, if anything did."""
    os.set_blocking(pipe, False)
    room = select.poll()
    room.register(pipe, select.POLLOUT)
    for piece in pieces:
        rest = memoryview(piece).cast("B")
        while rest:
            if not room.poll(1e3 * STILL):
                return "it stood still"
            try:
                rest = rest[os.write(pipe, rest) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                return "it ended early"
    return None


class _Reader(threading.Thread):
    """Reads a pipe to its end and closes it; keeps all, or the last `most` bytes."""

    def __init__(self, pipe: IO[bytes], most: int | None = None) -> None:
        super().__init__(daemon=True)
        self._pipe, self._most = pipe, most
        self._kept = bytearray()
        self.start()

    def run(self) -> None:
        with self._pipe:
            while data := os.read(self._pipe.fileno(), _READ):
                self._kept += data
                if self._most is not None:
                    del self._kept[: -self._most]

    def bytes(self) -> bytes:
        return bytes(self._kept)

    def text(self) -> str:
        """What was said as one line."""
        return " ".join(self._kept.decode("utf-8", "replace").split())
