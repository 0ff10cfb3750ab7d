"""Request bodies, JSON and forms, read under limits.

Files lie in the temporary folder, nameless, until the request is over.
"""

import tempfile
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from io import BufferedRandom
from typing import Any, Final, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from media.errors import AvatarError
from serve.api.errors import invalid

WORDS_LIMIT: Final = 2 * 1024 * 1024
"""Bytes of a JSON body, and of the fields of a form that are no files."""

_PARTS_LIMIT: Final = 40

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Upload:
    """A received file; it is gone when the request is over, and has no name meanwhile.

    So a process that is killed leaves nothing of it.
    """

    __pydantic_config__ = ConfigDict(arbitrary_types_allowed=True)

    file: BufferedRandom
    size: int


@dataclass(frozen=True, slots=True)
class Body:
    """A body's fields. A form's are strings and files; JSON's have their own types."""

    values: Mapping[str, Any]
    is_form: bool

    def parse(self, model: type[Model]) -> Model:
        """The body as `model`. Raises AvatarError `invalid_request` with the first fault."""
        values = dict(self.values)
        if self.is_form and "metadata" in values:
            values["metadata"] = _from_json(values["metadata"].encode(), "metadata")
        try:
            return model.model_validate(values, strict=not self.is_form)
        except ValidationError as error:
            raise invalid(error.errors(include_input=False, include_url=False)) from None


@asynccontextmanager
async def received(request: Request, *, files: Collection[str], limit: int) -> AsyncIterator[Body]:
    """The request's body, its files (fields named in `files`) kept until the block ends.

    Raises AvatarError `too_large` and `invalid_request`, and ClientDisconnect; in each case
    nothing is left on disk.
    """
    header = request.headers.get("content-type", "")
    kind, options = parse_options_header(header.encode("latin-1", "replace"))
    if kind == b"application/json":
        yield Body(_object(await _read(request, WORDS_LIMIT)), is_form=False)
    elif kind == b"multipart/form-data" and files and options.get(b"boundary"):
        with ExitStack() as opened:
            form = _Form(files, opened)
            await _feed(request, form, options[b"boundary"], limit + WORDS_LIMIT)
            yield Body(form.values, is_form=True)
    else:
        also = ", or a form with files as multipart/form-data" if files else ""
        raise AvatarError("invalid_request", f"Send JSON as application/json{also}.")


async def _pieces(request: Request, limit: int) -> AsyncIterator[bytes]:
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared[:20]) > limit:
        raise _too_large(limit)
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        yield piece


def _too_large(limit: int) -> AvatarError:
    return AvatarError(
        "too_large", f"The request is too large: send at most {limit // 1024**2} MiB."
    )


async def _read(request: Request, limit: int) -> bytes:
    return b"".join([piece async for piece in _pieces(request, limit)])


def _object(data: bytes) -> dict[str, Any]:
    value = _from_json(data, None)
    if not isinstance(value, dict):
        raise AvatarError("invalid_request", "The body must be a JSON object.")
    return value


def _from_json(data: bytes, param: str | None) -> Any:
    try:
        return from_json(data, allow_inf_nan=False)
    except ValueError:  # malformed, no UTF-8, nested too deep, a number without end
        name = param or "The body"
        raise AvatarError("invalid_request", f"{name} is not valid JSON.", param=param) from None


async def _feed(request: Request, form: "_Form", boundary: bytes, limit: int) -> None:
    broken = AvatarError("invalid_request", "The form is broken: build it with an HTTP library.")
    try:
        parser = MultipartParser(boundary, form.callbacks())
        async for piece in _pieces(request, limit):
            parser.write(piece)
        parser.finalize()
    except FormParserError:
        raise broken from None
    if not form.ended:
        raise broken


@dataclass(slots=True)
class _Form:
    """What the parser of a form has seen so far."""

    files: Collection[str]
    opened: ExitStack
    values: dict[str, Any] = field(default_factory=dict)
    ended: bool = False
    parts: int = 0
    words: int = 0
    header: tuple[bytes, bytes] = (b"", b"")
    disposition: bytes = b""
    name: str = ""
    filename: bytes | None = None
    text: bytearray = field(default_factory=bytearray)
    file: BufferedRandom | None = None

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self.begin_part,
            "on_header_field": self.header_field,
            "on_header_value": self.header_value,
            "on_header_end": self.end_header,
            "on_headers_finished": self.open_part,
            "on_part_data": self.data,
            "on_part_end": self.close_part,
            "on_end": self.end,
        }

    def begin_part(self) -> None:
        self.parts += 1
        if self.parts > _PARTS_LIMIT:
            raise AvatarError("invalid_request", f"A form has at most {_PARTS_LIMIT} fields.")
        self.header, self.disposition = (b"", b""), b""

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self.header = (self.header[0] + data[start:end], self.header[1])

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self.header = (self.header[0], self.header[1] + data[start:end])

    def end_header(self) -> None:
        if self.header[0].lower() == b"content-disposition":
            self.disposition = self.header[1]
        self.header = (b"", b"")

    def open_part(self) -> None:
        _, options = parse_options_header(self.disposition)
        self.name = _utf8(options.get(b"name", b""), None)
        self.filename = options.get(b"filename")
        self.text, self.file = bytearray(), None
        if not self.name or self.name in self.values:
            raise AvatarError("invalid_request", "Every field of a form has a name, each its own.")
        if self.name in self.files:
            self.file = self.opened.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - it is one

    def data(self, data: bytes, start: int, end: int) -> None:
        if self.file is not None:
            self.file.write(memoryview(data)[start:end])
            return
        self.words += end - start
        if self.words > WORDS_LIMIT:
            raise _too_large(WORDS_LIMIT)
        self.text += data[start:end]

    def close_part(self) -> None:
        if self.file is None:
            self.values[self.name] = _utf8(bytes(self.text), self.name)
            return
        self.file.flush()
        size = self.file.tell()
        if size or self.filename:  # a browser sends a nameless empty file where none was chosen
            self.values[self.name] = Upload(self.file, size)

    def end(self) -> None:
        self.ended = True


def _utf8(data: bytes, param: str | None) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise AvatarError(
            "invalid_request", f"{param or 'A name'} is not UTF-8 text.", param=param
        ) from None
