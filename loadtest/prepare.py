"""Makes what users upload: the embedded voice speaks recordings, the gallery lends its faces."""

import io
import itertools
from pathlib import Path

import numpy as np
from obstore.store import MemoryStore
from PIL import Image

import gallery
from bench.material import SENTENCES
from deployments.in_a_row import InARow
from loadtest.material import PICTURES, RECORDINGS
from media.resample import resample
from media.sound_encoding import RATE, encode_whole
from media.timegrid import SOUND_RATE
from serve.commands.private import LOCAL_CONFIG
from serve.settings import Settings
from serve.storage.artifacts import Artifacts


def prepare(folder: Path) -> None:
    """Write recordings and pictures into a folder. Takes seconds of CPU.

    Raises AvatarError `weights_missing`.
    """
    stages = InARow.from_config(LOCAL_CONFIG, Settings(), Artifacts(MemoryStore()))
    voice = stages.engine("Speech")
    for name, (form, count) in RECORDINGS.items():
        text = " ".join(itertools.islice(itertools.cycle(SENTENCES), count))
        spoken = np.concatenate([piece.samples for piece in voice.speak(text, "heart")])
        (folder / name).write_bytes(encode_whole(form, resample(spoken, SOUND_RATE, RATE)))
    avatars = gallery.avatars()
    for name, (form, side, which) in PICTURES.items():
        shown = Image.fromarray(gallery.picture(avatars[which % len(avatars)].id))
        out = io.BytesIO()
        shown.resize((side, side), Image.Resampling.LANCZOS).save(out, form)
        (folder / name).write_bytes(out.getvalue())
