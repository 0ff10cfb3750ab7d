"""A sample becomes a voice."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from hashlib import sha256
from typing import Final

from deployments.cloning.engine import Cloned
from deployments.director.patience import Waits, patiently
from deployments.director.run import Means
from media.errors import AvatarError
from media.sound import Sound
from serve.jobs import voices
from serve.jobs.models import ACTIVE, Voice
from serve.storage import keys
from serve.storage.sounds import load_sound

log = logging.getLogger(__name__)

REPORT: Final = 0.5
"""Seconds between two reports of progress."""
MOST_BYTES: Final = 20 * 2**20
"""Of a voice: every speech replica that speaks it keeps it in memory."""


async def make_voice(means: Means, voice: Voice, fence: int) -> None:
    """Make the voice of a claimed record. Raises AvatarError, LeaseLost."""
    if voice.sample is None:
        raise RuntimeError("a voice that is still to be made has a sample")
    key = voice.sample
    sample = await patiently(lambda: load_sound(means.artifacts, key), means.patience)
    cloned = await _cloned(means, voice, fence, sample)
    if len(cloned.data) > MOST_BYTES:
        raise RuntimeError("the cloning engine made a voice that is too large")
    await _require_adopter(means, cloned)
    await _keep(means, voice.id, fence, cloned)


async def drop_sample(means: Means, voice_id: str) -> None:
    """Remove what the voice was made from, or could not be made from, once that is settled."""
    voice = await voices.find(means.database, voice_id)
    if voice is not None and voice.status not in ACTIVE:
        upload = keys.voice_upload(voice_id)
        await patiently(lambda: means.artifacts.delete(upload), means.patience)


async def _cloned(means: Means, voice: Voice, fence: int, sample: Sound) -> Cloned:
    """The voice; a stage that is lost in the middle is asked again, from the start."""
    waits = Waits(means.patience)
    while True:
        try:
            async with aclosing(means.stages.clone(sample, voice.language)) as steps:
                return await _last(means, voice.id, fence, steps)
        except Exception as error:
            await waits.after(error)


async def _last(
    means: Means, voice_id: str, fence: int, steps: AsyncGenerator[float | Cloned, None]
) -> Cloned:
    """What the making ends with; how far it is, is noted now and then."""
    loop = asyncio.get_running_loop()
    reported = loop.time() - REPORT
    made = None
    async for step in steps:
        if isinstance(step, Cloned):
            made = step
        elif loop.time() - reported >= REPORT:
            reported = loop.time()
            await _report(means, voice_id, fence, int(100 * step))
    if made is None:
        raise RuntimeError("the cloning engine ended without a voice")
    return made


async def _report(means: Means, voice_id: str, fence: int, percent: int) -> None:
    """Records that are away for a moment must not cost what is made so far. Raises LeaseLost."""
    try:
        await voices.report(means.database, voice_id, fence, percent)
    except AvatarError as error:
        log.warning("the progress of voice %s was not noted: %s", voice_id, error.code)


async def _require_adopter(means: Means, cloned: Cloned) -> None:
    """Raises AvatarError where no speech engine of this service could speak the voice."""
    about = await patiently(means.stages.speaker, means.patience)
    if cloned.engine not in about.get("adopts", ()):
        raise AvatarError(
            "weights_missing",
            f"The voice is made for {cloned.engine}, which the speech stage does not run: have its "
            "config name that engine, then send the sample again.",
        )


async def _keep(means: Means, voice_id: str, fence: int, cloned: Cloned) -> None:
    """The artifact, then the record that names it."""
    key = keys.voice_data(voice_id, sha256(cloned.data).hexdigest())
    await patiently(lambda: means.artifacts.put(key, cloned.data), means.patience)
    made = voices.Made(
        key,
        cloned.engine,
        cloned.languages,
        cloned.gain_db,
        cloned.similarity,
        cloned.approximate,
        cloned.licence,
    )
    await patiently(lambda: voices.complete(means.database, voice_id, fence, made), means.patience)
