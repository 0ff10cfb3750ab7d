"""The sample that a voice speaks from, as it is kept: an npz of ours, without pickles."""

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np

from media.npy import array_of
from media.sound import Samples

FORMAT: Final = "voice-sample-1"
MOST_BYTES: Final = 20_000_000
"""Unpacked: a minute at 48 kHz is 5.8 MB."""
MOST_SECONDS: Final = 60

_RATES: Final = range(8_000, 48_001)
_FULL_SCALE: Final = 32767
_PACKED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, slots=True, eq=False)
class VoiceSample:
    """A person's speech, mono."""

    samples: Samples
    rate: int
    language: str
    """BCP 47 tag of what is said."""

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate


def pack(sample: VoiceSample) -> bytes:
    """The sample in 16 bits; equal samples give equal bytes."""
    pcm = np.rint(np.clip(sample.samples, -1, 1) * _FULL_SCALE).astype("<i2")
    out = io.BytesIO()
    np.savez_compressed(
        out,
        format=np.array(FORMAT),
        pcm=pcm,
        rate=np.array(sample.rate),
        language=np.array(sample.language),
    )
    return out.getvalue()


def unpack(data: bytes) -> VoiceSample:
    """The sample of `pack`. Raises ValueError for bytes that it did not make."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            entries = packed.infolist()
            if sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise ValueError("a sample that is too large")
            # Packed in other ways, zipfile unfolds more than an entry says that it holds.
            if any(entry.compress_type not in _PACKED for entry in entries):
                raise ValueError("no kept sample")
            kept = {
                name: array_of(packed.read(f"{name}.npy"))
                for name in ("format", "pcm", "rate", "language")
            }
    # RuntimeError: behind a password, or of a newer kind than zipfile knows.
    except (KeyError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError("no kept sample") from error
    if str(kept["format"]) != FORMAT:
        raise ValueError("a sample of another format")
    pcm, rate = kept["pcm"], kept["rate"]
    if pcm.dtype != np.dtype("<i2") or pcm.ndim != 1 or rate.dtype.kind != "i" or rate.ndim:
        raise ValueError("a sample of another shape")
    if int(rate) not in _RATES or not 0 < len(pcm) <= MOST_SECONDS * int(rate):
        raise ValueError("a sample of another length")
    samples = pcm.astype(np.float32) / np.float32(_FULL_SCALE)
    return VoiceSample(samples, int(rate), str(kept["language"]))
