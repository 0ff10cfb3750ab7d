"""What clients send: one model a call, the same for JSON and forms."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.json_schema import WithJsonSchema

from media.errors import AvatarError
from media.timegrid import FRAME_RATES
from serve.api.uploads import Upload

SIDE: Final = (128, 1920)
"""Shortest and longest side of a video in pixels."""

_SIZE: Final = re.compile(r"([0-9]{3,4})x([0-9]{3,4})")
SIZE_PATTERN: Final = r"^(auto|[0-9]{3,4}x[0-9]{3,4})$"
"""For the description; sides are even, and within SIDE."""
_METADATA_FIELDS, _METADATA_KEY, _METADATA_VALUE = 16, 64, 512
_SENTENCE: Final = 12
"""Letters of the shortest statement that says who consents to what; "yes" is none."""


def _without_nul(words: str) -> str:
    if "\0" in words:
        raise ValueError("must not hold the character NUL")
    return words


def _frame_rate(value: Any) -> Any:
    """A number or its spelling as a key of FRAME_RATES."""
    name = f"{value:g}" if isinstance(value, int | float) and abs(value) < 1000 else value
    if not isinstance(name, str) or name not in FRAME_RATES:
        raise ValueError(f"must be one of {', '.join(FRAME_RATES)}")
    return name


def checked_size(value: str) -> str:
    """The value, auto or WIDTHxHEIGHT. Raises ValueError for another."""
    sides = _SIZE.fullmatch(value)
    if value != "auto" and not (
        sides and all(SIDE[0] <= int(s) <= SIDE[1] and int(s) % 2 == 0 for s in sides.groups())
    ):
        raise ValueError(
            f"must be auto, or WIDTHxHEIGHT with even sides from {SIDE[0]} to {SIDE[1]}"
        )
    return value


def _metadata(value: dict[str, str]) -> dict[str, str]:
    if len(value) > _METADATA_FIELDS:
        raise ValueError(f"must have at most {_METADATA_FIELDS} keys")
    for key, words in value.items():
        if not 0 < len(key) <= _METADATA_KEY or len(words) > _METADATA_VALUE:
            raise ValueError(
                f"must have keys of 1 to {_METADATA_KEY} characters and values of at most "
                f"{_METADATA_VALUE}"
            )
        _without_nul(key + words)
    return value


def statement(of_whom: str) -> Callable[[str], str]:
    """A validator of statements of consent: a sentence that says `of_whom`, and more than "yes"."""

    def checked(words: str) -> str:
        if sum(map(str.isalpha, words)) < _SENTENCE:
            raise ValueError(f"must be a sentence: {of_whom}")
        return words.strip()

    return checked


Words = Annotated[str, AfterValidator(_without_nul)]
Id = Annotated[str, AfterValidator(_without_nul), Field(min_length=1, max_length=200)]
File = Annotated[Upload, WithJsonSchema({"type": "string", "format": "binary"})]
FrameRate = Annotated[
    str,
    BeforeValidator(_frame_rate),
    WithJsonSchema({"type": "number", "enum": [24, 25, 29.97, 30, 50, 60]}),
]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Metadata = Annotated[dict[str, str], AfterValidator(_metadata)]
PhotoConsent = Annotated[
    Words,
    AfterValidator(
        statement("who is in the picture, and that they agree that videos are made of it")
    ),
    Field(max_length=2000),
]
_CONSENTS: Final = ["I am the person in this picture and agree that videos are made of it."]


class RequestModel(BaseModel):
    """What all requests have in common: no fields but those named."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False)


class VideoRequest(RequestModel):
    """A video to make: one way to a face, and one way to speech."""

    text: Words | None = Field(
        None, description="What is said: words, or SSML in `<speak>`. This, or `audio`."
    )
    voice: Id | None = Field(None, description="Who says it: an id from `GET /v1/voices`.")
    language: Id | None = Field(
        None,
        description="Language of `text` or `transcript` (BCP 47); chooses a voice where none is "
        "named.",
    )
    speed: float = Field(1.0, ge=0.5, le=2.0, description="How fast `text` is spoken.")
    audio: File | None = Field(
        None, description="A recording instead of `text`: wav, mp3, m4a, ogg, flac or webm."
    )
    transcript: Words | None = Field(None, description="What `audio` says, for captions.")
    avatar: Id | None = Field(None, description="Whose face: an id from `GET /v1/avatars`.")
    avatar_image: File | None = Field(None, description="A picture with the face, instead.")
    avatar_prompt: Words | None = Field(
        None, min_length=1, max_length=1000, description="Words that describe a face, instead."
    )
    seed: Seed = Field(0, description="The same request with the same seed gives the same video.")
    face_index: int | None = Field(
        None, ge=0, lt=1000, description="Which face of `avatar_image`, numbered from the left."
    )
    consent: PhotoConsent | None = Field(
        None,
        description="The statement that the person in `avatar_image` agrees, a sentence at least. "
        "Some servers demand it (`photo_consent` of `GET /v1/system`). It is kept with the video.",
        examples=_CONSENTS,
    )
    size: Annotated[str, AfterValidator(checked_size)] = Field(
        "auto",
        description="`auto`, or WIDTHxHEIGHT, centre-cropped round the face.",
        json_schema_extra={"pattern": SIZE_PATTERN},
    )
    fps: FrameRate = Field(25, validate_default=True, description="Frames a second.")
    life: bool = Field(True, description="Blinks and slight movement of the head.")
    normalise: bool = Field(
        True, description="Bring the sound to -16 LUFS, no peak over -1 dBTP; else as it is."
    )
    caption_track: bool = Field(
        False,
        description="Captions as a text track inside the video too; with `audio`, needs "
        "`transcript`.",
    )
    label: bool = Field(
        False,
        description="Show in the picture that AI made it. What programs read says so in any case.",
    )
    webhook_url: Words | None = Field(
        None,
        min_length=1,
        description="Where signed messages about the video go (https). They are described under "
        "webhooks.",
    )
    metadata: Metadata = Field(
        default_factory=dict,
        description="Up to 16 words of your own about the video; in a form, as a JSON string.",
    )

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        _exactly_one(self, ("avatar", "avatar_image", "avatar_prompt"))
        _exactly_one(self, ("text", "audio"))
        for name, partner in (
            ("voice", "text"),
            ("language", "text" if self.audio is None else "transcript"),
            ("transcript", "audio"),
            ("face_index", "avatar_image"),
            ("consent", "avatar_image"),
        ):
            _only_with(self, name, partner)
        if self.caption_track and self.text is None:
            _only_with(self, "caption_track", "transcript")
        return self


class AvatarRequest(RequestModel):
    """An avatar to keep, from a picture or from words."""

    image: File | None = Field(None, description="A picture with a face. This, or `prompt`.")
    face_index: int | None = Field(
        None, ge=0, lt=1000, description="Which face of `image`, numbered from the left."
    )
    consent: PhotoConsent | None = Field(
        None,
        description="The statement that the person in `image` agrees, a sentence at least. Some "
        "servers demand it (`photo_consent` of `GET /v1/system`). It is kept with the avatar.",
        examples=_CONSENTS,
    )
    prompt: Words | None = Field(
        None, min_length=1, max_length=1000, description="Words that describe a face."
    )
    seed: Seed = Field(0, description="The same words with the same seed give the same face.")
    name: Words | None = Field(None, min_length=1, max_length=80, description="What to call it.")

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        _exactly_one(self, ("image", "prompt"))
        _only_with(self, "face_index", "image")
        _only_with(self, "consent", "image")
        return self


class FacesRequest(RequestModel):
    """A picture to be looked at."""

    image: File = Field(description="A picture with faces.")


def _exactly_one(request: BaseModel, names: tuple[str, ...]) -> None:
    given = [name for name in names if getattr(request, name) is not None]
    if len(given) != 1:
        listed = f"{', '.join(names[:-1])} and {names[-1]}"
        raise AvatarError(
            "invalid_request",
            f"Exactly one of {listed} is needed; given: {' and '.join(given) or 'none'}.",
            param=given[1] if given else names[0],
        )


def _only_with(request: BaseModel, name: str, partner: str) -> None:
    if name in request.model_fields_set and getattr(request, partner) is None:
        raise AvatarError(
            "invalid_request", f"{name} goes with {partner}: leave it out.", param=name
        )
