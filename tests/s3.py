"""A server of the tests' own that speaks S3, and one that speaks nothing good."""

import asyncio
import http.client
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from moto.server import ThreadedMotoServer

from serve.storage import keys


@contextmanager
def s3(port: int = 0) -> Iterator[str]:
    """The address of a running server; it is gone when the block ends, its buckets are not."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def new_bucket(server: str) -> str:
    """The name of an empty bucket."""
    name = keys.new_id("bucket").replace("_", "-")
    connection = http.client.HTTPConnection(server.removeprefix("http://"))
    connection.request("PUT", f"/{name}")
    assert connection.getresponse().status == 200
    connection.close()
    return name


def credentials(server: str) -> dict[str, str]:
    """The environment by which a client reaches the server."""
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server,
    }


@asynccontextmanager
async def answering(status: int | None) -> AsyncIterator[str]:
    """A server that gives every request the same bare answer, or none at all."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readline():
                if status is not None:
                    writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n".encode())
                    writer.write(b"Connection: close\r\n\r\n")
                    await writer.drain()
                    return
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.close()
