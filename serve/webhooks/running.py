"""Empties the outbox: any number of senders, in any number of processes, do it side by side."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from serve.jobs import deliveries
from serve.jobs.database import Database
from serve.jobs.deliveries import Due
from serve.settings import Settings
from serve.webhooks.sending import Answer, Sender

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.5
"""Between two looks at the outbox: each is one query where there is nothing to send."""
AT_ONCE: Final = 32
"""Messages that one process sends side by side."""

_PARTING_SECONDS: Final = 3.0


def _untold(outcome: str) -> None:
    """Nobody counts."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a message is tried: ten tries, by these figures, over 22 hours."""

    tries: int = 10
    first_pause: float = 5.0
    factor: float = 3.2
    longest_pause: float = 16 * 3600.0
    longest_asked: float = 6 * 3600.0
    """A receiver's Retry-After is followed up to this."""

    def pause(self, tries: int, asked: float | None = None) -> float:
        """Seconds until the next try after so many, a fifth more or less at random."""
        grown = self.first_pause * self.factor ** min(tries - 1, 50)
        own = min(self.longest_pause, grown) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        return max(own, min(asked or 0.0, self.longest_asked))


async def send_due(
    database: Database, sender: Sender, limit: int, patience: Patience | None = None
) -> int:
    """Send what is due now, at most `limit` messages side by side. Returns how many were tried."""
    due = await deliveries.claim_due(database, limit)
    patience = patience or Patience()
    await asyncio.gather(*(_deliver(database, sender, message, patience) for message in due))
    return len(due)


async def keep_sending(
    database: Database, settings: Settings, told: Callable[[str], None] = _untold
) -> None:
    """Send messages as they come until cancelled; over at once where the server sends none.

    A receiver that is slow holds up no other job's messages. `told` hears what came of each try:
    delivered, retried, given_up or gone.
    """
    if not settings.webhook_secret.get_secret_value():
        return
    sender = Sender.from_settings(settings)
    patience = Patience(tries=settings.webhook_tries)
    sending: set[asyncio.Task[None]] = set()
    try:
        while True:
            for message in await _due(database, AT_ONCE - len(sending)):
                task = asyncio.create_task(_deliver(database, sender, message, patience, told))
                sending.add(task)
                task.add_done_callback(sending.discard)
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        if sending:  # what is not over then is sent again, under the same id, by another sender
            _, left = await asyncio.wait(set(sending), timeout=_PARTING_SECONDS)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        await sender.close()


async def _due(database: Database, limit: int) -> Sequence[Due]:
    if limit <= 0:
        return ()
    try:
        return await deliveries.claim_due(database, limit)
    except Exception as error:  # the records are out of reach: the next look may do
        log.warning("the outbox cannot be read by %s; it is looked at again", type(error).__name__)
        return ()


async def _deliver(
    database: Database,
    sender: Sender,
    message: Due,
    patience: Patience,
    told: Callable[[str], None] = _untold,
) -> None:
    """One try, and what follows from it. What cannot be noted comes up again by itself."""
    try:
        answer = await sender.send(message.id, message.url, message.payload)
    except Exception as error:  # ours: tried again like the receiver's, and given up in the end
        log.error("job %s, message %s: %s", message.job_id, message.id, type(error).__name__)
        answer = Answer("internal")
    if not answer.delivered:
        log.info("job %s, message %s: %s", message.job_id, message.id, answer.reason)
    try:
        told(await _note(database, message, answer, patience))
    except Exception as error:  # it is sent again when its claim has run out
        name = type(error).__name__
        log.warning("job %s, message %s: not noted by %s", message.job_id, message.id, name)


async def _note(database: Database, message: Due, answer: Answer, patience: Patience) -> str:
    if answer.delivered:
        await deliveries.settle(database, message, "delivered")
        return "delivered"
    if answer.gone:
        await deliveries.stop(database, message)
        return "gone"
    if message.is_progress or message.tries >= patience.tries:
        await deliveries.settle(database, message, answer.reason)
        return "given_up"
    pause = patience.pause(message.tries, answer.retry_after)
    await deliveries.retry(database, message, pause)
    return "retried"
