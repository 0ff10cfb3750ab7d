"""One log: our lines go where Serve's go, in Serve's encoding, with the ids of request and video.

Serve's `logging_config` says level, encoding and place, and adds replica, deployment and request
id. What is added here: lines of our modules, which Serve would leave out; `video_id`; and that no
exception's message is written, for it may hold what a user wrote.
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
_video: ContextVar[str | None] = ContextVar("video_id", default=None)


@contextmanager
def about_video(video_id: str) -> Iterator[None]:
    """Lines written in the block, and in tasks begun in it, have the video's id."""
    token = _video.set(video_id)
    try:
        yield
    finally:
        _video.reset(token)


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
    """Adds the video's id, and keeps of exceptions only types and places."""

    def filter(self, record: logging.LogRecord) -> bool:
        video_id = _video.get()
        if video_id is not None:
            record.video_id = video_id
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
