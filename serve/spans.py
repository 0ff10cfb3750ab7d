"""Spans that wait to be sent when a replica ends."""

import threading
from typing import Final

from opentelemetry import trace

LAST_SECONDS: Final = 3.0
"""How long a replica that ends waits for a collector that does not answer."""


def send_last() -> None:
    """Send what waits for its turn: Serve kills the process afterwards. It blocks.

    Nothing where no traces are sent.
    """
    force_flush = getattr(trace.get_tracer_provider(), "force_flush", None)
    if force_flush is not None:
        sending = threading.Thread(target=force_flush, daemon=True)
        sending.start()
        sending.join(LAST_SECONDS)
