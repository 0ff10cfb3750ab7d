"""A player of HLS: the playlist again and again, each segment once, until the list has its end."""

import re
import time
from dataclasses import dataclass, field
from typing import Final

from locust.clients import ResponseContextManager

from loadtest.asking import Person
from media.fragments import boxes

PATIENCE: Final = 600.0
"""Seconds after which a video that does not end counts as stuck."""

_INIT: Final = re.compile(r'#EXT-X-MAP:URI="([^"]+)"')
_SEGMENT: Final = re.compile(r"#EXTINF:([0-9.]+),\n(\S+)")


@dataclass
class Player:
    """What has been played of one video."""

    person: Person
    playlist: str
    """The playlist's path."""
    began: float
    """When the video was asked for, by time.perf_counter()."""
    init: str = ""
    seconds: float = 0.0
    """Length of what was fetched."""
    fetched: list[str] = field(default_factory=list)

    def play(self) -> None:
        """Fetch all there is, as soon as it is there; tell when the first picture was.

        A video that is begun again under another version goes on at the same time.
        """
        over = False
        while not over:
            if time.perf_counter() - self.began > PATIENCE:
                self.person.tell("video", PATIENCE, "stuck: its playlist does not end")
                return
            over = self._reload()

    def _reload(self) -> bool:
        query = f"?_HLS_msn={len(self.fetched)}"
        listed = self.person.ask("GET", self.playlist + query, "playlist", check=_is_playlist)
        text = listed.text
        (init,) = _INIT.findall(text)
        if init != self.init:
            self._fetch(init, "init")
            self.init, self.fetched = init, []
        at = 0.0
        for length, name in _SEGMENT.findall(text):
            at += float(length)
            if name in self.fetched:
                continue
            self.fetched.append(name)
            if at <= self.seconds:  # of a video begun again: played before
                continue
            self._fetch(name, "segment")
            if not self.seconds:
                self.person.tell("first picture", time.perf_counter() - self.began)
            self.seconds = at
        return "#EXT-X-ENDLIST" in text

    def _fetch(self, name: str, what: str) -> None:
        folder = self.playlist.rpartition("/")[0]
        self.person.ask("GET", f"{folder}/{name}", what, check=is_whole_mp4)


def _is_playlist(answer: ResponseContextManager) -> str | None:
    listed = answer.text.startswith("#EXTM3U") and _INIT.search(answer.text)
    return None if listed else "no playlist"


def is_whole_mp4(answer: ResponseContextManager) -> str | None:
    """What is wrong with an MP4, by its outermost boxes."""
    return mp4_fault(answer.content)


def mp4_fault(data: bytes) -> str | None:
    """What is wrong with an MP4, by its outermost boxes."""
    try:
        return None if data and list(boxes(data)) else "an empty file"
    except ValueError:
        return "a file that is cut"


def has_media(data: bytes) -> bool:
    """Whether a whole first segment is among the first bytes of a stream."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8 or at + size > len(data):
            return False
        if data[at + 4 : at + 8] == b"mdat":
            return True
        at += size
    return False
