"""The HTTP API as the commands use it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from media.errors import RETRYABLE, AvatarError
from serve.commands.private import private_server
from serve.settings import Settings

PATIENCE: Final = httpx.Timeout(120.0, connect=10.0)


@dataclass(frozen=True, slots=True)
class Client:
    """Calls to one server; every error of the API is raised as AvatarError."""

    http: httpx.Client

    def get(self, path: str, **options: Any) -> Any:
        """A JSON answer."""
        return _checked(self.http.get(path, **options)).json()

    def post(self, path: str, **options: Any) -> Any:
        """A JSON answer."""
        return _checked(self.http.post(path, **options)).json()

    def delete(self, path: str) -> None:
        """Remove what lies at the path."""
        _checked(self.http.delete(path))

    def download(self, path: str, target: Path) -> None:
        """Write an answer's body to a file that appears whole or not at all."""
        part = target.with_name(f"{target.name}.part")
        with self.http.stream("GET", path) as answer:
            if answer.is_error:
                answer.read()
            _checked(answer)
            with part.open("wb") as file:
                for piece in answer.iter_bytes():
                    file.write(piece)
        os.replace(part, target)

    def events(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Server-sent events as (type, data), until the server ends them."""
        kind = "message"
        with self.http.stream("GET", path, timeout=None) as answer:
            for line in answer.iter_lines():
                name, _, value = line.partition(":")
                if name == "event":
                    kind = value.strip()
                elif name == "data":
                    yield kind, json.loads(value)


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    try:
        error = answer.json()["error"]
        code = error["code"] if error["code"] in RETRYABLE else "internal"
        raise AvatarError(code, error["message"], param=error.get("param"))
    except (ValueError, KeyError, TypeError):
        message = f"The server answered {answer.status_code} without saying why."
        raise AvatarError("internal", message) from None


@contextmanager
def connected(server: str | None) -> Iterator[Client]:
    """A client of the server at a URL, or of a private one where none is named."""
    if server is None:
        with private_server() as url, connected(url) as client:
            yield client
        return
    key = Settings().access_key.get_secret_value()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with httpx.Client(base_url=server, headers=headers, timeout=PATIENCE, trust_env=False) as http:
        try:
            yield Client(http)
        except httpx.ConnectError:
            raise AvatarError(
                "overloaded", f"Nothing answers at {server}: start it with `avatar-serve serve`."
            ) from None
