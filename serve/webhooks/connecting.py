"""Connections that lead only where they may: to the addresses that were checked, not to a name.

A name that is looked up once to check it and once more to connect can mean two things.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import httpcore

from serve.webhooks.addresses import require_public

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses that a host's name stands for, best first. Raises OSError."""


_LOOK_UPS: Final = 16  # at once; what hangs ends by the resolver's own limits


@dataclass(frozen=True, slots=True)
class SystemResolver:
    """What the system's resolver says, asked in threads that nothing else waits for.

    A look-up cannot be called off: names whose servers never answer would otherwise take all of
    the event loop's threads from the videos that are being made.
    """

    threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_LOOK_UPS, thread_name_prefix="webhook-names")
    )

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses, best first. Raises OSError and UnicodeError."""
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self.threads, ask)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(slots=True)
class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """TCP by way of `resolve`. TLS and the Host header keep to the name that was asked for."""

    private: bool
    resolve: Resolve = field(default_factory=SystemResolver)
    tcp: httpcore.AsyncNetworkBackend = field(default_factory=httpcore.AnyIOBackend)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as httpcore calls it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """The first address that answers, all in `timeout` seconds.

        Raises PrivateAddress where one of them is not public: nothing is connected then. Raises
        OSError, UnicodeError and httpcore's errors.
        """
        async with asyncio.timeout(timeout):
            addresses = await self.resolve(host, port)
            if not self.private:
                require_public(addresses)
            for address in addresses[:-1]:
                try:
                    share = timeout and timeout / len(addresses)
                    return await self.tcp.connect_tcp(address, port, share, local_address)
                except (httpcore.ConnectError, httpcore.ConnectTimeout):
                    continue
            if not addresses:
                raise httpcore.ConnectError("the name stands for no address")
            return await self.tcp.connect_tcp(addresses[-1], port, timeout, local_address)

    async def sleep(self, seconds: float) -> None:
        """Wait, as httpcore does between its own tries."""
        await asyncio.sleep(seconds)
