"""One try at a webhook message, over real connections."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpcore
import pytest
import trustme

from serve.webhooks import sending
from serve.webhooks.addresses import Allowed
from serve.webhooks.connecting import CheckedNetwork, Resolve, SystemResolver
from serve.webhooks.sending import Sender
from serve.webhooks.signing import read_secrets
from tests.receiver import HANG, SECRET, Receiver, in_a_row, receiving

OPEN = Allowed(http=True, private=True)
PAYLOAD: dict[str, Any] = {"type": "video.completed", "data": {"id": "vid_1", "name": "Zoë"}}


class Names:
    """A resolver by script: each look-up takes the next answer, the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as running:
        yield running


def sender(allowed: Allowed = OPEN, *, resolve: Resolve | None = None, **options: Any) -> Sender:
    if resolve is not None:
        options["network"] = CheckedNetwork(allowed.private, resolve)
    return Sender(read_secrets(SECRET), allowed, **options)


async def test_a_message_arrives_signed_and_whole(receiver: Receiver) -> None:
    answer = await sender().send("msg_1", receiver.url, PAYLOAD)
    assert answer.delivered
    (message,) = receiver.messages
    assert message.payload == PAYLOAD
    assert message.id == "msg_1"
    assert message.path == "/hook?to=me"
    assert message.headers["content-type"] == "application/json"
    assert message.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert abs(int(message.headers["webhook-timestamp"]) - time.time()) < 60


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_delivered(status: int) -> None:
    async with receiving(answer=in_a_row(status)) as receiver:
        assert (await sender().send("msg_1", receiver.url, PAYLOAD)).delivered


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 429, 500, 503])
async def test_any_other_answer_is_not_delivered_and_followed_nowhere(status: int) -> None:
    async with receiving() as elsewhere:
        headers = {"Location": elsewhere.url}
        async with receiving(answer=lambda message: (status, headers)) as receiver:
            answer = await sender().send("msg_1", receiver.url, PAYLOAD)
    assert (answer.delivered, answer.gone, answer.status) == (False, False, status)
    assert elsewhere.connections == 0


async def test_410_says_that_no_more_is_wanted() -> None:
    async with receiving(answer=in_a_row(410)) as receiver:
        answer = await sender().send("msg_1", receiver.url, PAYLOAD)
    assert (answer.delivered, answer.gone) == (False, True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *(("120", 120.0), ("0", 0.0), ("", None), ("soon", None), ("-5", None)),
        ("Thu, 01 Jan 2015 00:00:00 GMT", 0.0),
    ],
)
async def test_what_the_receiver_asks_to_wait_is_read(header: str, seconds: float | None) -> None:
    async with receiving(answer=lambda message: (503, {"Retry-After": header})) as receiver:
        answer = await sender().send("msg_1", receiver.url, PAYLOAD)
    assert answer.retry_after == seconds


async def test_a_receiver_that_hangs_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.3)
    async with receiving(answer=in_a_row(HANG)) as receiver:
        began = time.monotonic()
        answer = await sender().send("msg_1", receiver.url, PAYLOAD)
    assert answer.reason == "timed out"
    assert time.monotonic() - began < 5


async def test_an_answer_without_end_is_not_read(receiver: Receiver) -> None:
    receiver.body = bytes(50_000_000)
    began = time.monotonic()
    assert (await sender().send("msg_1", receiver.url, PAYLOAD)).delivered
    assert time.monotonic() - began < 5


async def test_a_closed_port_is_an_answer_too(receiver: Receiver) -> None:
    async with receiving() as closed:
        url = closed.url
    assert (await sender().send("msg_1", url, PAYLOAD)).reason == "not reached"


async def test_a_server_that_speaks_no_http_is_an_answer_too() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail ready\r\n")
        await reader.read(100)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    answer = await sender().send("msg_1", f"http://127.0.0.1:{port}/", PAYLOAD)
    server.close()
    assert answer.reason == "no HTTP answer"


async def test_proxies_of_the_environment_are_not_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await sender().send("msg_1", receiver.url, PAYLOAD)).delivered
    assert proxy.connections == 0


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["::"]])
async def test_a_name_that_leads_inside_is_not_connected_to(
    receiver: Receiver, addresses: list[str]
) -> None:
    names = Names(addresses)
    url = f"http://hooks.example.org:{receiver.port}/"
    answer = await sender(Allowed(http=True), resolve=names).send("msg_1", url, PAYLOAD)
    assert answer.reason == "address not allowed"
    assert names.asked == [("hooks.example.org", receiver.port)]
    assert receiver.connections == 0


async def test_a_private_address_accepted_under_another_setting_is_not_connected_to(
    receiver: Receiver,
) -> None:
    answer = await sender(Allowed(http=True)).send("msg_1", receiver.url, PAYLOAD)
    assert answer.reason == "address not allowed"
    assert receiver.connections == 0


async def test_a_name_is_looked_up_once_a_try_and_that_very_address_connected_to(
    receiver: Receiver,
) -> None:
    # Who looks it up again, to connect, would be led elsewhere.
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    url = f"http://hooks.example.org:{receiver.port}/"
    one = sender(resolve=names)
    assert (await one.send("msg_1", url, PAYLOAD)).delivered
    assert receiver.messages[0].headers["host"] == f"hooks.example.org:{receiver.port}"
    assert len(names.asked) == 1
    assert (await one.send("msg_1", url, PAYLOAD)).reason == "not reached"
    assert len(names.asked) == 2  # each try looks again: no connection is kept


async def test_a_name_that_turns_inward_between_two_tries_is_refused_at_the_second(
    receiver: Receiver,
) -> None:
    connected: list[str] = []

    class Outside(httpcore.AnyIOBackend):
        """The internet, which a test has not: every public address is a closed door."""

        async def connect_tcp(self, host: str, *rest: Any, **options: Any) -> Any:
            connected.append(host)
            raise httpcore.ConnectError

    names = Names(["93.184.216.34"], ["127.0.0.1"])
    network = CheckedNetwork(private=False, resolve=names, tcp=Outside())
    one = sender(Allowed(http=True), network=network)
    url = f"http://hooks.example.org:{receiver.port}/"
    reasons = [(await one.send("msg_1", url, PAYLOAD)).reason for _ in range(2)]
    assert reasons == ["not reached", "address not allowed"]
    assert connected == ["93.184.216.34"]
    assert receiver.connections == 0


async def test_another_address_is_tried_where_the_first_does_not_answer(
    receiver: Receiver,
) -> None:
    names = Names(["127.0.0.2", "127.0.0.1"])
    url = f"http://hooks.example.org:{receiver.port}/"
    assert (await sender(resolve=names).send("msg_1", url, PAYLOAD)).delivered


@pytest.mark.parametrize("answer", [[], OSError("no such name"), UnicodeError("label too long")])
async def test_a_name_that_stands_for_nothing_is_not_reached(answer: Any) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        if isinstance(answer, Exception):
            raise answer
        return list(answer)

    found = await sender(resolve=resolve).send("msg_1", "http://hooks.example.org/", PAYLOAD)
    assert found.reason == "not reached"


async def test_names_whose_servers_never_answer_take_no_thread_from_other_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    answered = threading.Event()

    def hang(host: str, *rest: Any, **options: Any) -> Any:
        asked.append(host)
        answered.wait(20)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.3)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    try:
        one = sender()
        sends = (one.send("msg_1", f"http://name{n}.example.org/", PAYLOAD) for n in range(40))
        answers = await asyncio.gather(*sends)
        async with asyncio.timeout(10):
            assert await asyncio.to_thread(lambda: "free") == "free"
    finally:
        answered.set()
    assert {answer.reason for answer in answers} == {"timed out"}
    assert 0 < len(asked) < 40


async def test_the_systems_resolver_knows_this_machine() -> None:
    assert "127.0.0.1" in await SystemResolver()("localhost", 80)


@pytest.mark.parametrize(("name", "delivered"), [("hooks.example.org", True), ("b.test", False)])
async def test_certificates_are_checked_by_name_though_the_address_is_connected_to(
    name: str, delivered: bool
) -> None:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("hooks.example.org").configure_cert(server)
    authority.configure_trust(client)
    asked: list[str | None] = []
    server.sni_callback = lambda socket, sni, context: asked.append(sni)
    async with receiving(tls=server) as receiver:
        one = sender(Allowed(private=True), tls=client, resolve=Names(["127.0.0.1"]))
        answer = await one.send("msg_1", f"https://{name}:{receiver.port}/", PAYLOAD)
    assert answer.delivered is delivered
    assert asked == [name]
    assert len(receiver.messages) == delivered
