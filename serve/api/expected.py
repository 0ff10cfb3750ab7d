"""How long a video is likely to get, before anything is spoken."""

import re
import unicodedata
from typing import Final

from media.timegrid import SOUND_RATE
from serve.api.schemas import VideoRequest
from serve.jobs.inputs import Recording

_A_SECOND: Final = 15.0
"""Characters that voices say; the page reckons with the same (serve/web/estimate.js)."""
_DENSE: Final = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
_DENSE_WEIGHT: Final = 3
"""A character of these scripts is a syllable or more."""
_MARKS: Final = re.compile(r"<[^>]*>")


def expected_seconds(wanted: VideoRequest, recording: Recording | None) -> float:
    """Of a recording its length; of a text what it takes to say so many characters."""
    if recording is not None:
        return recording["samples"] / SOUND_RATE
    text = unicodedata.normalize("NFC", wanted.text or "").strip()
    if text.startswith("<speak"):
        text = _MARKS.sub("", text)
    said = " ".join(text.split())
    return (len(said) + (_DENSE_WEIGHT - 1) * len(_DENSE.findall(said))) / _A_SECOND / wanted.speed
