"""What every user of the load does alike: ask, wait where told to, say what went wrong."""

import random
import time
from collections.abc import Callable
from typing import Any, Final, cast

from locust import HttpUser
from locust.clients import ResponseContextManager
from locust.exception import RescheduleTask
from requests.exceptions import RequestException

from loadtest.material import Material
from loadtest.record import NOT_YET, WAITED

TIMEOUT: Final = 90.0
"""Seconds without a byte after which a client gives up; far above what any call may take."""
WAITS: Final = 40
"""Times that one call may be told to wait before its user gives it up as failed."""
LONGEST_WAIT: Final = 30.0

Check = Callable[[ResponseContextManager], str | None]
"""What is wrong with an answer of the right status; None where it is as it should be."""
Take = Callable[[bytes], None]
"""Gets an answer's parts as they come."""


class Person(HttpUser):
    """Whoever uses the service; a failed call ends what they were about."""

    abstract = True

    def on_start(self) -> None:
        """A client without proxies, and dice of its own."""
        self.client.trust_env = False
        options = self.environment.parsed_options
        if options is None:
            raise RuntimeError("users need the material: see loadtest.drive")
        self.material: Material = options.material
        self.pace: float = options.pace
        self.dice = random.Random(random.getrandbits(64))

    def ask(
        self,
        method: str,
        path: str,
        what: str,
        *,
        statuses: tuple[int, ...] = (200,),
        check: Check | None = None,
        take: Take | None = None,
        **request: Any,
    ) -> ResponseContextManager:
        """The answer, once the service has taken the call.

        A 429 with Retry-After is waited out, and so is a playlist that has nothing to list yet.
        Everything else that is not in `statuses`, that `check` has a word against, or that breaks
        off, is counted as failed and ends the user's task. With `take` the time that counts is that
        to the answer's head.
        """
        for _ in range(WAITS):
            with self.client.request(
                method,
                path,
                name=what,
                catch_response=True,
                timeout=TIMEOUT,
                stream=take is not None,
                **request,
            ) as opened:
                answer: ResponseContextManager = opened
                wait = told_to_wait(answer, what)
                if wait is None:
                    fault = _fault(answer, statuses, take, check)
                    if fault is None:
                        counted(answer)
                        return answer
                    counted(answer, fault=fault)
                    raise RescheduleTask
                counted(answer, NOT_YET if answer.status_code == 503 else WAITED)
            time.sleep(min(wait, LONGEST_WAIT))
        self.tell(what, TIMEOUT, "told to wait again and again")
        raise RescheduleTask

    def tell(self, what: str, seconds: float, fault: str | None = None) -> None:
        """Count something that took more than one call."""
        self.environment.events.request.fire(
            request_type="",
            name=what,
            response_time=1000 * seconds,
            response_length=0,
            exception=None if fault is None else RuntimeError(fault),
            context={},
        )

    def think(self, least: float, most: float) -> None:
        """What people do between two clicks, for so many seconds."""
        time.sleep(self.pace * self.dice.uniform(least, most))


def counted(
    answer: ResponseContextManager, what: str | None = None, fault: str | None = None
) -> None:
    """Have Locust count an answer, under another name where `what` is given."""
    if what is not None:
        cast(dict[str, Any], answer.request_meta)["name"] = what
    if fault is None:
        answer.success()  # type: ignore[no-untyped-call]  # Locust leaves it untyped
    else:
        answer.failure(fault)  # type: ignore[no-untyped-call]  # as above


def told_to_wait(answer: ResponseContextManager, what: str) -> float | None:
    """Seconds after which the call may come again; None where it was not told so."""
    may = answer.status_code == 429 or (answer.status_code == 503 and what == "playlist")
    after = str(answer.headers.get("Retry-After", "")) if may else ""
    return float(after) if after.isdigit() else None


def said(answer: ResponseContextManager) -> str:
    """A refusal in a few words: its status and code, or what broke the connection."""
    if not answer.status_code:
        return f"no answer: {type(answer.error).__name__}"
    try:
        code = str(answer.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        code = "not our own words"
    return f"HTTP {answer.status_code}, {code}"


def _fault(
    answer: ResponseContextManager,
    statuses: tuple[int, ...],
    take: Take | None,
    check: Check | None,
) -> str | None:
    if answer.status_code not in statuses:
        return said(answer)
    if take is not None:
        try:
            for part in answer.iter_content(None):
                take(part)
        except RequestException as error:
            return f"cut: {type(error).__name__}"
    return None if check is None else check(answer)
