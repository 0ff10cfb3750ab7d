"""Where each artifact lies. Keys are made from ids and numbers only, never from a user's words."""

import re
import secrets
from typing import Final

_KEY: Final = re.compile(r"[a-z0-9_][a-z0-9_.-]*(/[a-z0-9_][a-z0-9_.-]*)*")
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_RANDOM_CHARACTERS: Final = 24  # 124 bits: not to be guessed, not to meet twice


def new_id(prefix: str) -> str:
    """A random id that is safe in URLs and keys, such as `vid_1f0k…`."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARACTERS))}"


def check(key: str) -> str:
    """The key itself. Raises ValueError for anything but lower-case names joined by slashes."""
    if len(key) > 512 or not _KEY.fullmatch(key) or ".." in key:
        raise ValueError("an artifact's key is lower-case letters, digits, '_', '.', '-' and '/'")
    return key


def upload(upload_id: str) -> str:
    """A recording that a client sent, decoded (see `serve.storage.sounds`)."""
    return check(f"uploads/{upload_id}.pcm")


def portrait(content_hash: str) -> str:
    """A portrait with its face, under the hash that names it everywhere."""
    return check(f"portraits/{content_hash}.npz")


def avatar(avatar_id: str) -> str:
    """Prefix of all that belongs to one avatar alone."""
    return check(f"avatars/{avatar_id}") + "/"


def avatar_picture(avatar_id: str) -> str:
    """The avatar's picture as it is shown (WebP)."""
    return check(f"avatars/{avatar_id}/picture.webp")


def image(batch_id: str, n: int, ending: str) -> str:
    """Picture `n` of those that were painted at one request."""
    return check(f"images/{batch_id}/{n}.{ending}")


def images_answer(batch_id: str) -> str:
    """What was said of the pictures of one request."""
    return check(f"images/{batch_id}/answer.json")


def images(batch_id: str) -> str:
    """Prefix of all that was painted at one request."""
    return check(f"images/{batch_id}") + "/"


def voice_sample(digest: str) -> str:
    """A voice saying a sentence (MP3), under a hash of all that shapes what is heard."""
    return check(f"voices/{digest}.mp3")


def voice(voice_id: str) -> str:
    """Prefix of all that belongs to one cloned voice."""
    return check(f"voices/{voice_id}") + "/"


def voice_upload(voice_id: str) -> str:
    """The sample that a voice is made from (see `serve.storage.sounds`), until it is made."""
    return check(f"{voice(voice_id)}upload.pcm")


def voice_data(voice_id: str, digest: str) -> str:
    """What the speech engine adopts, under its content's hash."""
    return check(f"{voice(voice_id)}{digest}.voice")


def voice_spoken(voice_id: str, digest: str) -> str:
    """A cloned voice saying a sentence, like `voice_sample`."""
    return check(f"{voice(voice_id)}{digest}.mp3")


def job(job_id: str) -> str:
    """Prefix of all that was made for one job."""
    return check(f"jobs/{job_id}") + "/"


def segment(job_id: str, attempt: int, n: int, fence: int) -> str:
    """Segment `n` of one attempt at a job, as the claim with that fence made it.

    Two claims never write under one key: what a commit names is never written again.
    """
    return check(f"jobs/{job_id}/{attempt}/segment-{n:06d}-{fence}.mp4")


def pieces(job_id: str) -> str:
    """Prefix of all that was spoken for one job."""
    return check(f"jobs/{job_id}/pieces") + "/"


def piece(job_id: str, attempt: int, n: int, fence: int) -> str:
    """Spoken piece `n` of one attempt, as the claim with that fence spoke it.

    Its samples are those of `serve.storage.sounds`.
    """
    return check(f"{pieces(job_id)}{attempt}-{n:06d}-{fence}.pcm")


_VARIANTS: Final = {"video": "video.mp4", "thumbnail": "thumbnail.webp", "captions": "captions.vtt"}


def result(job_id: str, attempt: int, variant: str, fence: int) -> str:
    """A finished job's `video`, `thumbnail` or `captions`, as the claim with that fence made it."""
    return check(f"jobs/{job_id}/{attempt}/{fence}-{_VARIANTS[variant]}")
