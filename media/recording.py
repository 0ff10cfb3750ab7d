"""Uploaded recordings to samples of the sound track."""

from pathlib import Path
from typing import IO, Final

import numpy as np

from media.errors import AvatarError
from media.fault import DecodingError
from media.levels import window_levels
from media.limited import Decoded, Limits, run_decoder
from media.scratch import mapped
from media.sound import Samples, Sound
from media.timegrid import SOUND_RATE

FORMATS: Final = ("WAV", "MP3", "M4A", "MP4", "AAC", "Ogg", "Opus", "FLAC", "WebM", "Matroska")
"""Containers that are read, told apart by their content; of films the first audio track counts."""

SILENCE: Final = 10 ** (-60 / 20)
"""A window is sound when its RMS passes -60 dBFS; a quiet voice lies 30 dB above."""
WINDOW: Final = SOUND_RATE // 20
MIN_LOUD_WINDOWS: Final = 4
"""0.2 s in all: less is a click."""

SENTENCES: Final = {
    "empty": "The recording is empty: choose a file and upload it again.",
    "unknown_format": "The file is not a recording that can be read: use WAV, MP3, M4A, AAC, Ogg, "
    "FLAC or WebM.",
    "unknown_codec": "The recording's codec cannot be read: save it again as WAV, MP3 or M4A.",
    "no_sound": "The file has no sound track: upload one that has.",
    "unusual_rate": "The recording's sample rate lies outside 4 to 192 kHz: save it at 48 kHz.",
    "cut_short": "The recording is cut short, its end is missing: upload the whole file.",
    "timeout": "The recording takes too long to decode: save it again as WAV, MP3 or M4A.",
    "memory": "The recording takes too much memory to decode: save it again as WAV, MP3 or M4A.",
}

DAMAGED: Final = "The recording is damaged: save it again as WAV, MP3 or M4A and upload that."
SILENT: Final = "The recording is silent: upload one in which someone speaks for at least 0.2 s."


def decode_recording(
    data: bytes | Path | IO[bytes], *, max_seconds: float, param: str = "audio"
) -> Sound:
    """Decode an uploaded recording in a limited process.

    Any rate from 4 to 192 kHz and any number of channels become SOUND_RATE and mono (ITU-R BS.775;
    of channels that cancel each other out, the first). Gaps between the file's timestamps are
    closed. The samples are a read-only view of a nameless file that goes with them, so half an
    hour of sound takes no memory.

    Args:
        data: The file's bytes, where it lies, or the open file itself.
        max_seconds: Decoding stops where this is passed.
        param: The input that errors name.

    Raises:
        AvatarError: `unreadable_audio`, `silent_audio`, or `too_large` for a longer one.
    """
    most = int(max_seconds * SOUND_RATE)
    limits = Limits(
        memory_bytes=1024 * 2**20,
        # FFmpeg decodes 150 times faster than real time or better.
        cpu_seconds=int(20 + max_seconds / 20),
        wall_seconds=60 + max_seconds / 6,
        output_bytes=4 * (most + 10 * SOUND_RATE),
    )
    try:
        decoded = run_decoder("media.sound_decoding", data, {"max_samples": most}, limits)
        sound = Sound(_samples(decoded, most), SOUND_RATE)
    except DecodingError as error:
        raise _refusal(error.fault, max_seconds, param) from None
    if np.count_nonzero(window_levels(sound, WINDOW) > SILENCE) < MIN_LOUD_WINDOWS:
        raise AvatarError("silent_audio", SILENT, param=param)
    return sound


def _samples(decoded: Decoded, most: int) -> Samples:
    """The output mapped as samples, if it is what the report says."""
    with decoded.output as output:
        size = output.seek(0, 2)
        if not 0 < size <= 4 * most or size % 4 or decoded.report.get("samples") != size // 4:
            raise DecodingError("undecodable")
        return mapped(output)


def _refusal(fault: str, max_seconds: float, param: str) -> AvatarError:
    if fault == "too_long":
        minutes = f"{max_seconds / 60:.3g} minutes" if max_seconds >= 120 else f"{max_seconds:g} s"
        return AvatarError(
            "too_large", f"The recording is longer than {minutes}: cut it.", param=param
        )
    return AvatarError("unreadable_audio", SENTENCES.get(fault, DAMAGED), param=param)
