"""Pictures that were painted at one request: as they are made, answered, and kept for a while."""

import asyncio
import base64
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from anyio.to_thread import run_sync
from pydantic import BaseModel, Field

from media.credentials import Claim
from media.errors import AvatarError
from media.face import Picture
from media.framing import frame_portrait
from media.marks import SourceType
from media.picture import encode_jpeg, encode_png, encode_webp
from serve.api.openai_shapes import ImageRequest
from serve.api.services import Services
from serve.jobs.faces import found_in
from serve.marking.claims import maker
from serve.marking.signer import open_credentials
from serve.storage import keys

AT_ONCE: Final = 4
"""Pictures of one request that the stage is asked for at a time: others have their turn too."""

_SEEDS: Final = 2**31
_STEP: Final = 0x9E3779B1 % _SEEDS
"""From a picture's seed to the next one's: far apart, for engines that try seeds next to one."""


class Told(BaseModel):
    """What became of the words in one picture."""

    seed: int = Field(description="With the same words, gives this picture again.")
    revised_prompt: str = Field(description="The words that were used.")
    words_used: list[str]
    words_ignored: list[str] = Field(description="Words that the engine could make nothing of.")


class Answered(Told):
    """One picture, itself or where it is."""

    b64_json: str | None = None
    url: str | None = None


class ImagesAnswer(BaseModel):
    """Painted portraits, as OpenAI's clients take them."""

    created: int = Field(description="Unix seconds.")
    data: list[Answered]
    background: Literal["opaque"] = "opaque"
    output_format: Literal["png", "webp", "jpeg"]
    size: str = Field(examples=["1024x1024"])


class _Kept(BaseModel):
    """What is kept beside the pictures, to answer a request that comes again."""

    created: int
    output_format: Literal["png", "webp", "jpeg"]
    size: str
    told: list[Told]


@dataclass(frozen=True, slots=True)
class Painted:
    """The pictures of one request. `id` names them where they are kept."""

    id: str
    about: _Kept
    files: list[bytes]

    def answer(self, address: str | None) -> bytes:
        """The answer as JSON: links below an address, or the pictures themselves."""
        ending = self.about.output_format
        data = []
        for n, (told, file) in enumerate(zip(self.about.told, self.files, strict=True)):
            where: dict[str, Any] = (
                {"b64_json": base64.b64encode(file).decode()}
                if address is None
                else {"url": f"{address}/v1/images/{self.id}/{n}.{ending}"}
            )
            data.append(Answered(**told.model_dump(), **where))
        facts = self.about.model_dump(exclude={"told"})
        return ImagesAnswer(data=data, **facts).model_dump_json(exclude_none=True).encode()


async def paint(services: Services, wanted: ImageRequest) -> Painted:
    """Paint what was asked for, each picture with one face at least.

    Raises AvatarError as the portrait stage does, `unsafe_image` and `no_face`. Who stops waiting
    stops it.
    """
    first = secrets.randbelow(_SEEDS) if wanted.seed is None else wanted.seed
    few = asyncio.Semaphore(AT_ONCE)

    async def one(seed: int) -> tuple[Told, bytes, str]:
        async with few:
            return await _one(services, wanted, seed)

    seeds = [(first + n * _STEP) % _SEEDS for n in range(wanted.n)]
    tasks = [asyncio.ensure_future(one(seed)) for seed in seeds]
    try:
        done = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    told, files, sizes = (list(column) for column in zip(*done, strict=True))
    about = _Kept(
        created=int(time.time()), output_format=wanted.output_format, size=sizes[0], told=told
    )
    return Painted(keys.new_id("img"), about, files)


async def _one(services: Services, wanted: ImageRequest, seed: int) -> tuple[Told, bytes, str]:
    painting = await services.stages.paint(wanted.prompt, seed)
    painted_by = await services.stages.painter()
    faces = await found_in(services.stages, painting.rgb, param="prompt")
    if not faces:
        raise AvatarError(
            "no_face",
            "No face came of these words: describe a person, or try another seed.",
            param="prompt",
        )

    def finished() -> tuple[bytes, str]:
        picture: Picture = painting.rgb
        if wanted.size != "auto":
            width, height = map(int, wanted.size.split("x"))
            largest = max(faces, key=lambda face: face.area)
            picture = frame_portrait(picture, largest, (width, height), max(width, height)).rgb
        height, width = picture.shape[:2]
        return _signed(services, picture, wanted, painted_by), f"{width}x{height}"

    file, size = await run_sync(finished, limiter=services.decoding)
    told = Told(
        seed=painting.seed,
        revised_prompt=" ".join(painting.words_used),
        words_used=list(painting.words_used),
        words_ignored=list(painting.words_ignored),
    )
    return told, file, size


def _signed(
    services: Services, picture: Picture, wanted: ImageRequest, painted_by: Mapping[str, Any]
) -> bytes:
    """The file, its last step: it is signed."""
    claim = Claim(SourceType.MADE, [maker("portrait", painted_by)])
    file = _file(picture, wanted)
    media_type = f"image/{wanted.output_format}"
    return open_credentials(services.settings).sign(file, media_type, claim)


def _file(picture: Picture, wanted: ImageRequest) -> bytes:
    if wanted.output_format == "png":
        return encode_png(picture, source=SourceType.MADE)
    encode = encode_webp if wanted.output_format == "webp" else encode_jpeg
    return encode(picture, quality=wanted.output_compression, source=SourceType.MADE)


async def keep(services: Services, painted: Painted) -> None:
    """Store the pictures and what was said of them; retention takes them away again."""
    ending = painted.about.output_format
    for n, file in enumerate(painted.files):
        await services.artifacts.put(keys.image(painted.id, n, ending), file)
    about = painted.about.model_dump_json().encode()
    await services.artifacts.put(keys.images_answer(painted.id), about)


async def kept(services: Services, batch_id: str) -> Painted:
    """The pictures again. Raises AvatarError `not_found` when their time is over."""
    try:
        about = _Kept.model_validate_json(
            await services.artifacts.get(keys.images_answer(batch_id))
        )
        files = await asyncio.gather(*map(services.artifacts.get, _files(batch_id, about)))
    except FileNotFoundError:
        raise gone() from None
    return Painted(batch_id, about, list(files))


def _files(batch_id: str, about: _Kept) -> Iterable[str]:
    return (keys.image(batch_id, n, about.output_format) for n in range(len(about.told)))


def gone() -> AvatarError:
    """The error for pictures that are not kept."""
    return AvatarError(
        "not_found", "This picture is not kept, or no longer: have it painted again by its seed."
    )
