"""One log: our lines go where Serve's go, in its encoding, with ids of request and video or voice.

Serve's `logging_config` says level, encoding and place, and adds replica, deployment and request
id. What is added here: lines of our modules, which Serve would leave out; `video_id` or `voice_id`;
and that no exception's message is written, for it may hold what a user wrote.
"""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

SERVE: Final = "ray.serve"
"""Serve's one logger in each of its processes."""
ROOMS: Final = ("deployments", "serve", "media", "gallery")
_about: ContextVar[tuple[str, str] | None] = ContextVar("about", default=None)


@contextmanager
def about(word: str, its_id: str) -> Iterator[None]:
    """Lines written in the block, and in tasks begun in it, have the id as `{word}_id`."""
    token = _about.set((f"{word}_id", its_id))
    try:
        yield
    finally:
        _about.reset(token)


def set_up() -> None:
    """Have this process log so; done once, however often it is called."""
    serves = logging.getLogger(SERVE)
    if any(isinstance(known, _Careful) for known in serves.filters):
        return
    serves.addFilter(_Careful())
    for room in ROOMS:
        ours = logging.getLogger(room)
        ours.addHandler(_ToServe())
        ours.setLevel(logging.DEBUG)  # which are written is Serve's level to say
        ours.propagate = False


class _ToServe(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        serves = logging.getLogger(SERVE)
        if serves.isEnabledFor(record.levelno):
            serves.handle(record)


class _Careful(logging.Filter):
    """Adds the id of what it is about, and keeps of exceptions only types and places."""

    def filter(self, record: logging.LogRecord) -> bool:
        about_what = _about.get()
        if about_what is not None:
            setattr(record, *about_what)
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = told(record.exc_info[1])
        return True


def told(error: BaseException) -> str:
    """Type and place of an error and of what caused it, without their messages."""
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(lines) < 8:
        places = "".join(traceback.format_tb(cause.__traceback__))
        lines.append(f"{type(cause).__name__}\n{places}")
        inner = getattr(cause, "cause", None)  # Ray's way of wrapping
        cause = inner if isinstance(inner, BaseException) else cause.__cause__
    return "caused by ".join(lines)
