"""Runs a decoder on hostile bytes in a process of its own, with hard limits on all that it uses.

Uploads are decoded by large C libraries. A fault in one of them must not end or take over the
server, and a small file must not unfold into all of its memory. So a child process decodes: it
gets the bytes as an open file, gives its output into another open file, can open nothing more
(no file, no socket), sees no environment, and dies of its own limits on memory, processor time,
output and wall clock. Its answer is checked like any other hostile input.
"""

import json
import logging
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

from media.fault import DecodingError

log = logging.getLogger(__name__)

READY: Final = b"ready\n"
REPORT_BYTES: Final = 16 * 1024
"""An answer longer than this is no answer."""

BOOT: Final = (
    "import sys; sys.path[:] = sys.argv[1].split(':');from media.decoder_child import main; main()"
)

ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # One heap: every further one reserves 64 MB of the address space that is rationed.
    "MALLOC_ARENA_MAX": "1",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a decoder may use before it is ended."""

    memory_bytes: int
    """Address space, libraries included (about 250 MB of it before the first byte is read)."""
    cpu_seconds: int
    wall_seconds: float
    output_bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """What a decoder gave: plain data about its output, and the output as an open nameless file."""

    report: Mapping[str, Any]
    output: IO[bytes]


def run_decoder(
    decoder: str, source: bytes | Path | IO[bytes], options: Mapping[str, Any], limits: Limits
) -> Decoded:
    """Run `decode(source, output, options)` of the module `decoder` in a limited process.

    Blocks until it is over: call it in a thread. The caller checks the report against the output.

    Raises:
        DecodingError: with the decoder's own fault, "memory", "timeout" or "undecodable" (a crash
            as well).
        RuntimeError: The process did not come up: a fault of this installation, not of the input.
    """
    output = tempfile.TemporaryFile()  # noqa: SIM115 - handed to the caller
    try:
        report = _ask(decoder, source, output, options, limits)
    except BaseException:
        output.close()
        raise
    output.seek(0)
    return Decoded(report, output)


def _ask(
    decoder: str,
    source: bytes | Path | IO[bytes],
    output: IO[bytes],
    options: Mapping[str, Any],
    limits: Limits,
) -> Mapping[str, Any]:
    request = {
        "decoder": decoder,
        "output": output.fileno(),
        "options": dict(options),
        "limits": asdict(limits),
    }
    deadline = time.monotonic() + limits.wall_seconds
    with _opened(source) as file, _child(json.dumps(request), file, output) as child:
        answer, in_time = _read_answer(child, deadline)
    return _report_of(decoder, answer, in_time, child.returncode)


@contextmanager
def _opened(source: bytes | Path | IO[bytes]) -> Iterator[IO[bytes]]:
    """The input as an open file at its start: decoders seek, which a pipe cannot."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file
        return
    if not isinstance(source, bytes):
        os.lseek(source.fileno(), 0, os.SEEK_SET)  # the child reads on from where it stands
        yield source
        return
    with tempfile.TemporaryFile() as file:
        file.write(source)
        file.seek(0)
        yield file


@contextmanager
def _child(
    request: str, source: IO[bytes], output: IO[bytes]
) -> Iterator["subprocess.Popen[bytes]"]:
    """The running child; when the block ends, it and all it started are killed and reaped."""
    # -I and -S: no PYTHON* variables, no user site, no .pth files (these alone take 40 ms). -B: no
    # bytecode is kept, which its limit on output would cut short.
    command = [sys.executable, "-I", "-S", "-B", "-c", BOOT, ":".join(import_path()), request]
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and code; the input is a file
        command,
        stdin=source,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=(output.fileno(),),
        start_new_session=True,
        env=ENVIRONMENT,
        cwd="/",
    )
    try:
        yield child
    finally:
        # Not reaped yet, so the number still means this group and no other.
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def import_path() -> list[str]:
    """Where the child finds the same code: our own path, and the folder that holds `media`."""
    root = str(Path(__file__).resolve().parent.parent)
    path = [entry for entry in sys.path if os.path.isabs(entry) and ":" not in entry]
    return path if root in path else [*path, root]


def _read_answer(child: "subprocess.Popen[bytes]", deadline: float) -> tuple[bytes, bool]:
    """All that the child says until it ends, is over its time, or has said too much."""
    if child.stdout is None:
        raise RuntimeError("the decoder's answer is not piped")
    descriptor = child.stdout.fileno()
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    answer = b""
    while len(answer) <= REPORT_BYTES:
        left = deadline - time.monotonic()
        if left <= 0 or not poller.poll(left * 1000):
            return answer, False
        chunk = os.read(descriptor, REPORT_BYTES)
        if not chunk:
            break
        answer += chunk
    return answer, True


def _report_of(decoder: str, answer: bytes, in_time: bool, status: int) -> Mapping[str, Any]:
    if not answer.startswith(READY):
        raise RuntimeError(f"the decoder {decoder} did not start (exit status {status})")
    if not in_time or status in (-signal.SIGALRM, -signal.SIGXCPU):
        log.info("%s: refused, out of time", decoder)
        raise DecodingError("timeout")
    try:
        said = json.loads(answer[len(READY) :])
    except (ValueError, RecursionError):
        said = None  # it crashed, or was made to say nonsense
    said = said if isinstance(said, dict) else {}
    fault, report = said.get("fault"), said.get("report")
    if isinstance(report, dict) and fault is None:
        return report
    fault = fault if isinstance(fault, str) else "undecodable"
    # A decoder that tries to open a file has lacked an import, or was taken over.
    level = logging.ERROR if said.get("locked_out") else logging.INFO
    where = said.get("error", "")
    log.log(level, "%s: refused as %.40r %.90r (exit status %d)", decoder, fault, where, status)
    raise DecodingError(fault)
