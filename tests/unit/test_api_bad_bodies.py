"""A body that is no request, is too long or lies about its length is refused."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.conftest import Stored, nothing_is_left


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b'{"text": "\xff"}', "application/json"),
        (b'{"text": "\\ud800"}', "application/json"),
        ('{"text": "é"}'.encode("utf-16"), "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"a":' * 100_000, "application/json"),
        (b'{"seed": ' + b"9" * 100_000 + b"}", "application/json"),
        (b'{"speed": NaN}', "application/json"),
        (b'{"speed": 1e999}', "application/json"),
        (b"a=b", "application/x-www-form-urlencoded"),
        (b"{}", "text/plain"),
        (b"{}", ""),
        (b"{}", "application/json\xff"),
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary="),
        (b"x", "multipart/form-data; boundary=" + "b" * 300),
        (b"x", "multipart/form-data; boundary=b"),
        (b"--b\r\n", "multipart/form-data; boundary=b"),
        (b"--b\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b"),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
         "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nx',
         "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n\xff\r\n--b--\r\n',
         "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--b--\r\n',
         "multipart/form-data; boundary=b"),
        ((b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nx\r\n' * 2) + b"--b--\r\n",
         "multipart/form-data; boundary=b"),
        (b"".join(b'--b\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nx\r\n' % n
                  for n in range(100)) + b"--b--\r\n", "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{"a":\r\n--b--\r\n',
         "multipart/form-data; boundary=b"),
        (b"--b\r\n" + b"X-Header: 1\r\n" * 10_000 + b"\r\nx\r\n--b--\r\n",
         "multipart/form-data; boundary=b"),
    ],
)  # fmt: skip
async def test_a_body_that_is_no_request_is_refused(
    client: httpx.AsyncClient, stored: Stored, raw: bytes, kind: str
) -> None:
    headers = {"content-type": kind.encode("latin-1")}
    answer = await client.post("/v1/videos", content=raw, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["code"] == "invalid_request"
    await nothing_is_left(client, stored)


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=b"])
async def test_a_body_beyond_the_limit_is_refused_while_it_comes_in(
    client: httpx.AsyncClient, stored: Stored, declared: bool, kind: str
) -> None:
    sent = 0

    async def pour() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="audio"; filename="x"\r\n\r\n'
        while sent < 100 * 1024 * 1024:
            sent += 65_536
            yield bytes(65_536)

    headers = {"content-type": kind} | ({"content-length": str(10**9)} if declared else {})
    answer = await client.post("/v1/videos", content=pour(), headers=headers)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"
    assert stored() == set()


@pytest.mark.parametrize("length", ["-5", "x", "9" * 5000, "1e3"])
async def test_a_senseless_content_length_is_refused(
    client: httpx.AsyncClient, length: str
) -> None:
    headers = {"content-type": "application/json", "content-length": length}
    answer = await client.post("/v1/videos", content=b"{}", headers=headers)
    assert 400 <= answer.status_code < 500
