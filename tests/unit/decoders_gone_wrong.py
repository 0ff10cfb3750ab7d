"""Decoders that do what a decoder taken over by its input might try; run in limited processes."""

import os
import socket
import time
from typing import IO, Any


def decode(source: IO[bytes], output: IO[bytes], options: dict[str, Any]) -> dict[str, Any]:
    """Do the misdeed that `options` names, and report what came of it."""
    report: dict[str, Any] = globals()[options["misdeed"]](source, output)
    return report


def count(source: IO[bytes], output: IO[bytes]) -> dict[str, Any]:
    data = source.read()
    output.write(data[::-1])
    return {"bytes": len(data)}


def hoard(source: IO[bytes], output: IO[bytes]) -> dict[str, Any]:
    return {"bytes": len(bytearray(4 * 2**30))}


def crash(source: IO[bytes], output: IO[bytes]) -> dict[str, Any]:
    os.abort()


def leave(source: IO[bytes], output: IO[bytes]) -> dict[str, Any]:
    os._exit(0)


def spin(source: IO[bytes], output: IO[bytes]) -> dict[str, Any]:
    while True:
        pass


def sleep(source: IO[bytes], output: IO[bytes]) -> dict[str, Any]:
    time.sleep(600)
    return {}


def fork_and_sleep(source: IO[bytes], output: IO[bytes]) -> dict[str, Any]:
    child = os.fork()
    if child == 0:
        time.sleep(600)
    output.write(str(child).encode())
    output.flush()
    return {}


def flood_output(source: IO[bytes], output: IO[bytes]) -> dict[str, Any]:
    while True:
        output.write(bytes(2**20))


def flood_answer(source: IO[bytes], output: IO[bytes]) -> dict[str, Any]:
    while True:
        os.write(1, b"x" * 4096)


def talk_nonsense(source: IO[bytes], output: IO[bytes]) -> dict[str, Any]:
    os.write(1, b'["no", "object"]\n')
    os._exit(0)


def invent_a_fault(source: IO[bytes], output: IO[bytes]) -> dict[str, Any]:
    os.write(1, b'{"fault": "<script>"}\n')
    os._exit(0)


def open_a_file(source: IO[bytes], output: IO[bytes]) -> dict[str, Any]:
    with open("/etc/passwd", "rb") as file:
        return {"read": len(file.read())}


def open_a_socket(source: IO[bytes], output: IO[bytes]) -> dict[str, Any]:
    socket.socket().close()
    return {"opened": True}


def tell_environment(source: IO[bytes], output: IO[bytes]) -> dict[str, Any]:
    return {"environment": dict(os.environ), "folder": os.getcwd()}


def tell_group(source: IO[bytes], output: IO[bytes]) -> dict[str, Any]:
    return {"session": os.getsid(0), "process": os.getpid()}


def lie_about_size(source: IO[bytes], output: IO[bytes]) -> dict[str, Any]:
    output.write(bytes(12))
    return {"width": 1000, "height": 1000, "samples": 1000}
