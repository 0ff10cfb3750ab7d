"""Whoever asks for videos: asks, thinks better of it, or fetches what was made."""

import time
import uuid
from typing import Any, Final

from locust.clients import ResponseContextManager
from locust.exception import RescheduleTask

from loadtest import wishes
from loadtest.asking import Person
from loadtest.playing import mp4_fault

OVER: Final = ("completed", "failed", "cancelled")
RANGE: Final = 1 << 20
"""Bytes that a client asks for at a time."""
TWICE: Final = 0.05
"""Share of creations that are sent a second time under their key, as after a lost answer."""
LOOK: Final = 0.3
"""Seconds between two looks at a video that is about to be over."""


class Maker(Person):
    """What makers of videos have in common."""

    abstract = True

    def create(self, wish: wishes.Wish) -> dict[str, Any]:
        """Ask for a video under a key of its own. Returns its record."""
        key = {"Idempotency-Key": str(uuid.uuid4())}
        body = sent(wish)
        job: dict[str, Any] = self.ask(
            "POST", "/v1/videos", wish.counted, statuses=(202,), headers=key, **body
        ).json()
        if self.dice.random() < TWICE:

            def check(answer: ResponseContextManager) -> str | None:
                same = answer.json()["id"] == job["id"]
                return None if same else "a second video under the same key"

            self.ask(
                *("POST", "/v1/videos", "the same again"),
                **{"statuses": (202,), "check": check, "headers": key, **body},
            )
        return job

    def cancel(self, job: dict[str, Any]) -> None:
        """Think better of it: what is not over yet must be cancelled, and stay so."""
        self.think(0.2, 2.0)
        here = job["urls"]["self"]
        cancelled = self.ask("POST", f"{here}/cancel", "cancel", check=_is_over).json()
        looked = self.ask("GET", here, "record").json()
        if looked["status"] != cancelled["status"]:
            self.tell("cancel", 0.0, f"{cancelled['status']}, then {looked['status']}")
        self.ask("DELETE", here, "delete")

    def finish(self, job: dict[str, Any], began: float) -> None:
        """Look at the record, fetch what was made, remove it.

        `began` is when the video was asked for, by time.perf_counter().
        """
        here = job["urls"]["self"]
        made = self.ask("GET", here, "record").json()
        while made["status"] not in OVER:
            time.sleep(LOOK)
            made = self.ask("GET", here, "record").json()
        if made["status"] != "completed":
            code = (made.get("error") or {}).get("code", "")
            self.tell("video", time.perf_counter() - began, f"{made['status']} {code}".strip())
            raise RescheduleTask
        self.tell("video", time.perf_counter() - began)
        self._fetch(made["urls"])
        self.think(0.5, 3.0)
        self.ask("DELETE", here, "delete")

    def _fetch(self, urls: dict[str, str]) -> None:
        """The file by ranges, as players do; the thumbnail; captions where there are any."""
        size, data = 1, b""
        while len(data) < size:
            part = {"Range": f"bytes={len(data)}-{len(data) + RANGE - 1}"}
            answer = self.ask("GET", urls["video"], "file", statuses=(206,), headers=part)
            size = int(answer.headers["Content-Range"].rpartition("/")[2])
            data += answer.content
        if fault := mp4_fault(data):
            self.tell("file", 0.0, fault)
        self.ask("GET", urls["thumbnail"], "thumbnail")
        if "captions" in urls:
            self.ask("GET", urls["captions"], "captions", check=_is_webvtt)


def sent(wish: wishes.Wish) -> dict[str, Any]:
    """A wish as a request's body: JSON, or a form where files are in it."""
    if wish.files:
        return {"data": dict(wish.fields), "files": dict(wish.files)}
    return {"json": {**wish.fields, "seed": int(wish.fields["seed"])}}


def _is_over(answer: ResponseContextManager) -> str | None:
    status = answer.json()["status"]
    return None if status in OVER else f"still {status} after it was cancelled"


def _is_webvtt(answer: ResponseContextManager) -> str | None:
    return None if answer.text.startswith("WEBVTT") else "no captions"
