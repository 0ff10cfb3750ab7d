"""The page's files as browsers get them."""

import gzip
import re

import httpx
import pytest

from serve.api.gallery import load_gallery
from serve.api.page import page_files

TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def address(name: str) -> str:
    return "/" if name == "index.html" else f"/web/{name}"


@pytest.mark.parametrize("name", sorted(page_files()))
async def test_a_file_comes_with_its_type_and_a_strict_policy(
    client: httpx.AsyncClient, name: str
) -> None:
    answer = await client.get(address(name), headers={"Accept-Encoding": "identity"})
    assert answer.status_code == 200
    assert answer.content == page_files()[name].plain
    assert answer.headers["content-type"].startswith(TYPES[name.rpartition(".")[2]])
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    head = await client.head(address(name))
    assert (head.status_code, head.content) == (200, b"")


async def test_what_a_browser_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/", headers={"Accept-Encoding": "gzip, br"})
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["vary"] == "Accept-Encoding"
    assert first.headers["cache-control"] == "no-cache"
    again = await client.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = await client.get("/", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.headers["etag"] != first.headers["etag"]
    assert gzip.decompress(page_files()["index.html"].packed) == plain.content


async def test_only_the_pages_own_files_are_served(client: httpx.AsyncClient) -> None:
    for path in ("/web/page.py", "/web/..%2Fcli.py", "/web/../cli.py", "/web/", "/index.html"):
        assert (await client.get(path)).status_code == 404


def test_the_page_holds_no_script_or_style_of_its_own_and_nothing_from_elsewhere() -> None:
    page = page_files()["index.html"].plain.decode()
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", page)
    for name, file in page_files().items():
        links = re.findall(r"https?://[^\s\"')]+", file.plain.decode())
        assert set(links) <= {"http://www.w3.org/2000/svg"}, name
        assert "innerHTML" not in file.plain.decode()


def test_every_face_of_the_gallery_is_described_to_who_does_not_see_it() -> None:
    assert all(avatar.description for avatar in load_gallery().values())
