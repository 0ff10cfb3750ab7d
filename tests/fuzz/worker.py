"""The process that fuzzes one target; started by `tests.fuzz.supervisor`."""

import atexit
import resource
import signal
import sys
import time
from pathlib import Path

import atheris

MEMORY = 2 * 2**30
"""Bytes of address space, as in the limited process; more is refused to who asks for it."""
INSTRUMENTED = ["media", "deployments", "serve", "tests.fuzz", "PIL", "hibari"]


class TooSlowError(Exception):
    """An input took more than its target's limit."""


def main() -> None:
    """Fuzz as the arguments say: target, folder, inputs, seconds (0: no end), seed."""
    name, folder, inputs, seconds, seed = sys.argv[1:]
    room = Path(folder)
    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzz.tally import Tally
        from tests.fuzz.target import load

        target = load(name)
    tally = Tally.open(room / "tally")
    corpus = room / "corpus"
    if not corpus.exists():
        corpus.mkdir()
        for n, data in enumerate(target.seeds()):
            (corpus / f"seed-{n}").write_bytes(data[: target.longest])
    words = room / "words"
    words.write_text("".join(f'"{_escaped(token)}"\n' for token in target.tokens))
    if target.prepare is not None:
        target.prepare()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    @atheris.instrument_func
    def one_input(data: bytes) -> None:
        tally.begin(data)
        began = time.thread_time_ns()
        taken = target.one_input(data)
        spent = time.thread_time_ns() - began
        tally.end(data, taken, spent)
        if spent > target.limit * 1e9:
            raise TooSlowError(f"{spent / 1e9:.1f} s of processor time")

    # A timer of libFuzzer's outlives its handler, and would end a slow farewell as a crash.
    atexit.register(signal.signal, signal.SIGALRM, signal.SIG_IGN)
    atheris.Setup(
        [
            sys.argv[0],
            str(corpus),
            f"-atheris_runs={inputs}",
            f"-max_total_time={seconds}",
            f"-seed={seed}",
            f"-max_len={target.longest}",
            *([f"-dict={words}"] if target.tokens else []),
            # By the wall: a machine may be busy. What merely takes long is told by `TooSlowError`.
            f"-timeout={max(2, round(6 * target.limit))}",
            f"-artifact_prefix={room}/",
            # What counts is the address space, limited above: the highest resident memory that
            # libFuzzer looks at begins with that of the process that started this one.
            "-rss_limit_mb=0",
            "-len_control=0",
            "-detect_leaks=0",
            "-verbosity=0",
        ],
        one_input,
    )
    atheris.Fuzz()


def _escaped(token: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in token)


if __name__ == "__main__":
    main()
