"""Lets the users loose, in a process of its own: `python -m loadtest.drive`, used by the commands.

Importing Locust makes Python's own sockets and sleeps gevent's, which nothing else here wants.
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from locust.env import Environment
from locust.event import EventHook

from loadtest import material
from loadtest.bounds import FINISHING, RefusedError, Step, check_host, check_steps
from loadtest.record import Request, write
from loadtest.shape import Steps
from loadtest.users import USERS


def drive(host: str, listed: list[Step], folder: Path, pace: float) -> list[Request]:
    """Play the users through the steps, or until SIGTERM. Returns all that they asked for."""
    asked: list[Request] = []
    steps = Steps(listed)

    def end(number: int, frame: object) -> None:
        steps.over = True

    signal.signal(signal.SIGTERM, end)
    options = argparse.Namespace(material=material.load(folder), pace=pace, headless=False)
    environment = Environment(
        user_classes=list(USERS),
        host=host,
        shape_class=steps,
        parsed_options=options,
        stop_timeout=FINISHING,
        catch_exceptions=True,
    )
    runner = environment.create_local_runner()

    def note(name: str, response_time: float, exception: BaseException | None, **_: Any) -> None:
        fault = None if exception is None else str(exception)[:200]
        asked.append(Request(time.time(), name, response_time / 1000, fault, runner.user_count))

    listen: Callable[[EventHook, Callable[..., None]], None] = EventHook.add_listener
    listen(environment.events.request, note)
    listen(environment.events.user_error, lambda **error: asked.append(_crash(error)))
    runner.start_shape()
    shape = runner.shape_greenlet
    if shape is None:
        raise RuntimeError("the shape did not start")
    shape.join()
    runner.quit()
    return asked


def _crash(error: dict[str, Any]) -> Request:
    """A user whose own code fell: never forgiven, or a broken user would look like a good run."""
    said = error["exception"]
    return Request(time.time(), "a user's own code", 0.0, f"{type(said).__name__}: {said}"[:200])


def main() -> None:
    """Drive, write one line a request; exit status 2 where the load is refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--steps", required=True, help="JSON: [[users, seconds], …]")
    parser.add_argument("--material", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pace", type=float, default=1.0, help="users think so many times longer")
    parser.add_argument("--anywhere", action="store_true")
    arguments = parser.parse_args()
    try:
        steps = [Step(users, seconds) for users, seconds in json.loads(arguments.steps)]
        check_host(arguments.host, anywhere=arguments.anywhere)
        check_steps(steps)
    except RefusedError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    write(drive(arguments.host, steps, arguments.material, arguments.pace), arguments.out)


if __name__ == "__main__":
    main()
