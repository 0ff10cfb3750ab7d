"""Runs fuzzing processes, starts them again when an input ended one, and tells what was found."""

import base64
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.fuzz.tally import Tally
from tests.fuzz.target import load

MOST_FINDINGS: Final = 10
"""A target that fails more often than this is given up."""
SHOWN_BYTES: Final = 4_096

_TIMED_OUT: Final = 70
"""libFuzzer's exit status."""
_UNCAUGHT: Final = "=== Uncaught Python exception: ==="


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that ended a fuzzing process."""

    target: str
    kind: str
    """fault (an exception, as where memory is out), crash (of a library), hang or slow."""
    why: str
    data: bytes
    in_production: str = ""
    """The code by which the service refuses it, where its limited process does."""

    @property
    def is_contained(self) -> bool:
        """Whether it is a library's fault and the service answers it by a refusal."""
        return bool(self.in_production)

    def summary(self) -> dict[str, Any]:
        """As plain data, the input among them."""
        return {
            "target": self.target,
            "kind": self.kind,
            "why": self.why,
            "in_production": self.in_production or None,
            "sha256": hashlib.sha256(self.data).hexdigest(),
            "base64": base64.b64encode(self.data[:SHOWN_BYTES]).decode(),
        }


@dataclass(slots=True)
class Result:
    """What fuzzing one target came to."""

    target: str
    limit: float
    inputs: int = 0
    taken: int = 0
    slowest: float = 0.0
    """Seconds of processor time."""
    slow: bytes = b""
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "target": self.target,
            "inputs": self.inputs,
            "taken": self.taken,
            "slowest_ms": round(1e3 * self.slowest, 1),
            "slowest_base64": base64.b64encode(self.slow[:SHOWN_BYTES]).decode(),
            "limit_s": self.limit,
            "seconds": round(self.seconds),
            "findings": [finding.summary() for finding in self.findings],
        }


def fuzz(name: str, inputs: int, *, seed: int = 1, seconds: int = 0) -> Result:
    """Give a target so many inputs; `seconds`, where not 0, end it earlier.

    Runs of one seed begin alike and do not go on so: a finding is repeated by its input.
    """
    target = load(name)
    result = Result(name, target.limit)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        room = Path(folder)
        while result.inputs < inputs and len(result.findings) < MOST_FINDINGS:
            left = round(began + seconds - time.monotonic()) if seconds else 0
            if seconds and left <= 0:
                break
            again = seed + len(result.findings)
            done = _run(name, room, inputs - result.inputs, max(0, left), again)
            tally = Tally.open(room / "tally")
            if tally.inputs == result.inputs:
                raise RuntimeError(f"the fuzzer of {name} did not start: {done.stdout[-2000:]}")
            result.inputs, result.taken = tally.inputs, tally.taken
            result.slowest, result.slow = tally.slowest / 1e9, tally.slow
            if done.returncode == 0:
                break
            result.findings.append(_finding(name, done, tally.current))
            _forget(room, tally.current)
    result.seconds = time.monotonic() - began
    return result


def _run(
    name: str, room: Path, inputs: int, seconds: int, seed: int
) -> "subprocess.CompletedProcess[str]":
    arguments = [name, str(room), str(inputs), str(seconds), str(seed)]
    temporary = room / "temporary"
    temporary.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz.worker", *arguments],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": "0", "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def _finding(name: str, done: "subprocess.CompletedProcess[str]", data: bytes) -> Finding:
    said = done.stdout
    if _UNCAUGHT in said:
        lines = said.partition(_UNCAUGHT)[2].partition("\n==")[0].strip().splitlines()
        kind = "slow" if "TooSlowError" in lines[0] else "fault"
        why = " | ".join([lines[0], *(line.strip() for line in lines[-4:])])
    elif done.returncode == _TIMED_OUT:
        kind, why = "hang", "over its limit by the wall clock"
    else:
        lines = [line for line in said.splitlines() if "ERROR" in line or "deadly" in line]
        kind, why = "crash", " | ".join(lines) or f"exit status {done.returncode}: {said[-500:]}"
    asked = load(name).in_production
    answer = asked(data) if asked is not None and kind != "fault" else ""
    return Finding(name, kind, why, data, answer)


def _forget(room: Path, data: bytes) -> None:
    """Take an input out of those that the next process begins with."""
    for path in (room / "corpus").iterdir():
        if path.read_bytes() == data:
            path.unlink()
