"""Faults on routes that OpenAI's clients call, so that these raise the exceptions they mean."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from media.errors import AvatarError
from serve.api.errors import STATUS, invalid, refuse

_CONTENT: Final = 400
"""What OpenAI answers where other routes of ours answer 422: its clients' BadRequestError."""


class OpenAIRoute(APIRoute):
    """A route whose errors have OpenAI's status and `type` beside our code and sentence."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, its faults made answers."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                return _response(request, invalid(error.errors()))
            except AvatarError as error:
                if error.code == "internal":
                    raise  # logged and answered like every other
                return _response(request, error)

        return answer


def _response(request: Request, error: AvatarError) -> Response:
    status = STATUS.get(error.code, _CONTENT)
    details = {**error.details, "type": _type(status)}
    told = AvatarError(error.code, error.message, param=error.param, details=details)
    response = refuse(request.scope, told, status)
    # OpenAI's clients retry by the status alone unless told.
    response.headers["x-should-retry"] = str(error.retryable).lower()
    return response


def _type(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"
