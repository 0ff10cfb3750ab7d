"""Voices as clients send and see them."""

import re
from typing import Annotated, Final, Literal
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, Field

from media import voice as media_voice
from serve.api.schemas import File, Metadata, RequestModel, Words, statement
from serve.api.views import Consent, ErrorBody, consent_of
from serve.jobs.models import Voice

_TAG: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def _language(tag: str) -> str:
    """As BCP 47 writes it: `en-us` is `en-US`."""
    if not _TAG.fullmatch(tag):
        raise ValueError("must be a language's BCP 47 tag, such as en-US")
    first, *others = tag.split("-")
    return "-".join([first.lower(), *map(_subtag, others)])


def _subtag(part: str) -> str:
    if len(part) == 2:
        return part.upper()
    return part.title() if len(part) == 4 and part.isalpha() else part.lower()


_STATEMENT: Final = statement(
    "who speaks in the sample, and that they consent to a voice being made of it"
)


class VoiceRequest(RequestModel):
    """A voice to make of a person's sample."""

    sample: File = Field(
        description="6 to 60 s of one person who speaks: wav, mp3, m4a, ogg, flac or webm."
    )
    consent: Annotated[Words, AfterValidator(_STATEMENT)] = Field(
        max_length=2000,
        description="The statement that the speaker consents, a sentence at least. It is kept "
        "with the voice.",
        examples=["It is me who speaks in this recording, and I agree that a voice is made of it."],
    )
    name: Words = Field(min_length=1, max_length=80, description="What to call it.")
    language: Annotated[str, AfterValidator(_language)] = Field(
        "en-US", max_length=35, description="Language of the sample (BCP 47)."
    )
    metadata: Metadata = Field(
        default_factory=dict,
        description="Up to 16 words of your own about the voice, as a JSON string.",
    )


class VoiceView(BaseModel):
    """A named speaker: a stock voice, or one cloned from a sample."""

    id: str
    object: Literal["voice"] = "voice"
    name: str
    cloned: bool
    status: Literal["in_progress", "completed", "failed"] = Field(
        description="A voice can speak once it is completed, as stock voices are."
    )
    progress: int = Field(ge=0, le=100)
    languages: list[str] = Field(description="BCP 47 tags.")
    gender: str = Field(description="`unknown` of cloned voices.")
    engine: str | None = Field(
        description="What speaks it: `model` of `POST /v1/audio/speech`. Null until it is made."
    )
    licence: str | None
    created_at: int | None = Field(
        default=None, description="Unix seconds; like what follows, of cloned voices only."
    )
    completed_at: int | None = None
    similarity: float | None = Field(
        default=None,
        description="Cosine between voice and sample by a speaker encoder, on words that the "
        "making did not use; null where it was not measured.",
    )
    approximate: bool | None = Field(
        default=None, description="True of a fit among stock voices: near, and not the same."
    )
    consent: Consent | None = None
    error: ErrorBody | None = Field(default=None, description="Why it could not be made.")
    metadata: dict[str, str] = Field(default_factory=dict)
    urls: dict[str, str]


class VoiceList(BaseModel):
    """A page of voices: the stock ones that can speak now first, then one's own."""

    object: Literal["list"] = "list"
    data: list[VoiceView]
    has_more: bool


def stock_view(voice: media_voice.Voice) -> VoiceView:
    """A stock voice as the client sees it."""
    return VoiceView(
        id=voice.id,
        name=voice.name,
        cloned=False,
        status="completed",
        progress=100,
        languages=list(voice.languages),
        gender=voice.gender,
        engine=voice.engine,
        licence=voice.licence,
        urls=_urls(voice.id, sample=True),
    )


def cloned_view(voice: Voice) -> VoiceView:
    """A cloned voice's record as the client sees it."""
    return VoiceView.model_validate(
        {
            "id": voice.id,
            "name": voice.name,
            "cloned": True,
            "status": voice.status,
            "progress": voice.progress,
            "languages": voice.languages,
            "gender": "unknown",
            "engine": voice.engine,
            "licence": voice.licence,
            "created_at": int(voice.created_at),
            "completed_at": None if voice.completed_at is None else int(voice.completed_at),
            "similarity": voice.similarity,
            "approximate": voice.approximate,
            "consent": consent_of(voice),
            "error": voice.error,
            "metadata": voice.meta,
            "urls": _urls(voice.id, sample=voice.status == "completed"),
        }
    )


def _urls(voice_id: str, *, sample: bool) -> dict[str, str]:
    here = f"/v1/voices/{quote(voice_id, safe='')}"
    return {"self": here, "sample": f"{here}/sample"} if sample else {"self": here}
