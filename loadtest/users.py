"""The users: visitors of the page, programs that call the API, and those who want speech alone."""

import re
import time
import uuid
from collections.abc import Mapping
from typing import Final

from locust import task

from loadtest import wishes
from loadtest.asking import Person
from loadtest.making import Maker, sent
from loadtest.playing import Player, has_media, mp4_fault

CANCELLED: Final = 0.12
"""Share of a visitor's videos that they think better of."""

_FILES: Final = re.compile(r'(?:href|src)="(/web/[^"]+)"')


class Visitor(Maker):
    """Somebody at the page: opens it, looks round, makes a video, watches it being made."""

    weight = 5

    def on_start(self) -> None:
        """Nothing of the page is known yet."""
        super().on_start()
        self.etags: dict[str, str] = {}
        self.files: list[str] = []

    def wait_time(self) -> float:
        """Seconds until the next visit."""
        return self.pace * self.dice.uniform(4, 12)

    @task(3)
    def make(self) -> None:
        """Open the page, make a video, watch it, keep it or think better of it."""
        gallery = self.open_page()
        self.think(1, 5)
        began = time.perf_counter()
        job = self.create(wishes.draw(self.dice, self.material, tuple(gallery)))
        if self.dice.random() < CANCELLED:
            self.cancel(job)
            return
        Player(self, job["urls"]["hls"], began).play()
        self.finish(job, began)

    @task(2)
    def look(self) -> None:
        """Open the page, hear a voice, look at what there is; make nothing."""
        self.open_page()
        self.think(1, 4)
        self.ask("GET", "/v1/videos?limit=20", "videos")
        voice = self.dice.choice(self.ask("GET", "/v1/voices", "voices").json()["data"])
        self.ask("GET", f"/v1/voices/{voice['id']}/sample", "voice's sample")

    def open_page(self) -> Mapping[str, str]:
        """The page, its files, the gallery, the voices. Returns the previews of the gallery."""
        page = self.read("/", "page")
        if page is not None:
            self.files = sorted(set(_FILES.findall(page)))
        for file in self.files:
            self.read(file, "page's file")
        listed = self.ask("GET", "/v1/avatars?limit=100", "gallery").json()["data"]
        gallery = {a["id"]: a["urls"]["preview"] for a in listed if a["kind"] == "gallery"}
        for preview in gallery.values():
            self.read(preview, "gallery's picture")
        self.ask("GET", "/v1/voices", "voices")
        return gallery

    def read(self, path: str, what: str) -> str | None:
        """A file as browsers read it; None where the one that they have still holds."""
        known = self.etags.get(path)
        headers = {} if known is None else {"If-None-Match": known}
        answer = self.ask("GET", path, what, statuses=(200, 304), headers=headers)
        if answer.status_code == 304:
            return None
        if etag := answer.headers.get("ETag"):
            self.etags[path] = etag
        return answer.text if path == "/" else ""


class Program(Maker):
    """A program that calls the API: by events, or by a stream."""

    weight = 3

    def wait_time(self) -> float:
        """Seconds until the next call."""
        return self.pace * self.dice.uniform(3, 10)

    @task(3)
    def order(self) -> None:
        """Ask, follow the events to their end, fetch the file."""
        began = time.perf_counter()
        job = self.create(wishes.draw(self.dice, self.material, KNOWN))
        events = bytearray()
        self.ask("GET", job["urls"]["events"], "events", take=events.extend)
        if b"event: status" not in events:
            self.tell("events", 0.0, "they tell nothing")
        self.finish(job, began)

    @task(1)
    def stream(self) -> None:
        """A video as the answer to its request."""
        wish = wishes.draw(self.dice, self.material, KNOWN)
        began = time.perf_counter()
        data, seen = bytearray(), False

        def take(part: bytes) -> None:
            nonlocal seen
            data.extend(part)
            if not seen and has_media(bytes(data)):
                seen = True
                self.tell("first picture", time.perf_counter() - began)

        answer = self.ask(
            *("POST", "/v1/videos?stream=true", "stream"),
            take=take,
            check=lambda _: mp4_fault(bytes(data)),
            headers={"Idempotency-Key": str(uuid.uuid4())},
            **sent(wish),
        )
        self.tell("video", time.perf_counter() - began)
        self.ask("DELETE", answer.headers["Location"], "delete")


class Listener(Person):
    """Somebody who wants speech alone, as OpenAI's clients ask for it."""

    weight = 2

    def wait_time(self) -> float:
        """Seconds until the next text."""
        return self.pace * self.dice.uniform(3, 9)

    @task
    def listen(self) -> None:
        """A text, spoken: to its first bytes, and to its last."""
        began = time.perf_counter()
        body = {
            "model": "tts-1",
            "voice": "heart",
            "input": wishes.spoken(self.dice),
            "response_format": self.dice.choice(("mp3", "opus", "wav")),
        }
        sound = bytearray()
        self.ask(
            *("POST", "/v1/audio/speech", "speech"),
            take=sound.extend,
            check=lambda _: None if sound else "no sound",
            json=body,
        )
        self.tell("speech, all of it", time.perf_counter() - began)


KNOWN: Final = ("amara", "clara", "felix")
"""Faces of the gallery; programs know their ids."""
USERS: Final[tuple[type[Person], ...]] = (Visitor, Program, Listener)
