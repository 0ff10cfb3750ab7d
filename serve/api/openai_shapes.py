"""What OpenAI's clients send: their words for portraits and for speech alone."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.json_schema import WithJsonSchema

from media.errors import AvatarError
from serve.api.schemas import SIZE_PATTERN, Id, RequestModel, Seed, Words, checked_size


def _picture_size(value: str) -> str:
    if value != "auto":
        width, height = map(int, checked_size(value).split("x"))
        if max(width, height) > 2 * min(width, height):
            raise ValueError("must have no side more than twice as long as the other")
    return value


def _describe_nulls(schema: dict[str, Any]) -> None:
    """Say of each field that may be left out that it may be null."""
    fields, needed = schema["properties"], schema.get("required", ())
    null = {"type": "null"}
    for name in fields.keys() - needed:
        if null not in fields[name].get("anyOf", ()):
            told = fields[name].keys() & {"title", "description", "default"}
            kept = {key: fields[name].pop(key) for key in told}
            fields[name] = {"anyOf": [fields[name], null], **kept}


class _OpenAIRequest(RequestModel):
    """A request in the words of OpenAI's clients. Null stands for leaving a field out."""

    model_config = ConfigDict(json_schema_extra=_describe_nulls)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if value is not None}


class ImageRequest(_OpenAIRequest):
    """Portraits to paint, in the words of OpenAI's clients."""

    prompt: Words = Field(min_length=1, max_length=1000, description="Words that describe a face.")
    n: int = Field(1, ge=1, le=10, description="How many; the operator may allow fewer.")
    size: Annotated[str, AfterValidator(_picture_size)] = Field(
        "auto",
        description="`auto`: as it is painted; or WIDTHxHEIGHT, cropped round the face.",
        json_schema_extra={"pattern": SIZE_PATTERN},
    )
    response_format: Literal["b64_json", "url"] = Field(
        "b64_json", description="The picture itself, or where it can be fetched for a while."
    )
    output_format: Literal["png", "webp", "jpeg"] = "png"
    output_compression: int = Field(
        90, ge=0, le=100, description="Quality of webp and jpeg; 100 is the best."
    )
    seed: Seed | None = Field(
        None, description="The same words with the same seed give the same picture. Not OpenAI's."
    )
    model: Words = Field(
        "", max_length=200, description="Taken as it comes: which engine paints is configured."
    )
    quality: Literal["auto", "low", "medium", "high", "xhigh", "max", "standard", "hd"] = Field(
        "auto", description="Taken, without effect: there is one quality."
    )
    style: Literal["natural", "vivid"] = Field("natural", description="Taken, without effect.")
    moderation: Literal["auto", "low"] = Field("auto", description="Taken, without effect.")
    user: Words = Field("", description="Taken, and not kept.")
    safety_identifier: Words = Field("", description="Taken, and not kept.")
    background: Literal["auto", "opaque", "transparent"] = Field(
        "auto", description="`transparent` is refused."
    )
    stream: bool = Field(False, description="`true` is refused.")
    partial_images: int = Field(0, description="Anything but 0 is refused.")

    @model_validator(mode="after")
    def _can_be_served(self) -> Self:
        if self.background == "transparent":
            raise _cannot("background", "portraits are opaque, use auto")
        if self.stream:
            raise _cannot("stream", "pictures are sent when they are whole, leave it out")
        if self.partial_images:
            raise _cannot("partial_images", "pictures are sent when they are whole, leave it out")
        if self.output_format == "png" and self.output_compression not in (90, 100):
            raise _cannot("output_compression", "a PNG has no lesser quality, use webp or jpeg")
        return self


def _cannot(name: str, why: str) -> AvatarError:
    return AvatarError("invalid_request", f"This {name} can't be served: {why}.", param=name)


def _voice_id(value: Any) -> Any:
    """A voice by its id, or as OpenAI's clients name a voice of their own: `{"id": …}`."""
    return value["id"] if isinstance(value, dict) and value.keys() == {"id"} else value


class SpeechRequest(_OpenAIRequest):
    """A text to speak, as OpenAI's clients ask for it."""

    model: Id = Field(
        description="The engine of the voice, or one of OpenAI's names (`tts-1`, `tts-1-hd`, "
        "`gpt-4o-mini-tts`) for whichever it is.",
    )
    input: Words = Field(description="What is said: words, or SSML in `<speak>`.")
    voice: Annotated[
        Id,
        BeforeValidator(_voice_id),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string"},
                    {
                        "type": "object",
                        "properties": {"id": {"type": "string"}},
                        "required": ["id"],
                        "additionalProperties": False,
                    },
                ]
            }
        ),
    ] = Field(description="Who says it: an id from `GET /v1/voices`.")
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = Field(
        "mp3",
        description="24 kHz, mono. `pcm` has signed 16-bit samples, little endian, and no header.",
    )
    language: Id | None = Field(
        None,
        description="Language of `input` (BCP 47), for a voice that speaks several; its first "
        "where it is left out. Not OpenAI's.",
    )
    speed: float = Field(
        1.0,
        ge=0.25,
        le=4.0,
        description="Refused where the voice's engine does not speak so fast or so slowly.",
    )
    stream_format: Literal["audio", "sse"] = Field(
        "audio",
        description="The file itself, or server-sent events with it in base64: "
        "`speech.audio.delta`, then `speech.audio.done`. Its `usage` counts no tokens: all are 0.",
    )
    instructions: Words = Field(
        "", description="No voice follows any: anything but an empty string is refused."
    )
