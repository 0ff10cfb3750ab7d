"""The page's files as browsers get them."""

import gzip
import re

import httpx
import pytest

from serve.api.gallery import load_gallery
from serve.api.page import page_files

TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def address(name: str) -> str:
    return {"index.html": "/", "watch.html": "/watch/video_1"}.get(name, f"/web/{name}")


@pytest.mark.parametrize("name", sorted(page_files()))
async def test_a_file_comes_with_its_type_and_a_strict_policy(
    client: httpx.AsyncClient, name: str
) -> None:
    answer = await client.get(address(name), headers={"Accept-Encoding": "identity"})
    assert answer.status_code == 200
    assert answer.content == page_files()[name].plain
    assert answer.headers["content-type"].startswith(TYPES[name.rpartition(".")[2]])
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"  # addresses hold tokens of links
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
    for name in ("index.html", "watch.html"):
        page = page_files()[name].plain.decode()
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", page), name
    for name, file in page_files().items():
        links = re.findall(r"https?://[^\s\"')]+", file.plain.decode())
        assert set(links) <= {"http://www.w3.org/2000/svg"}, name
        assert "innerHTML" not in file.plain.decode()


def test_the_page_weighs_less_than_100_kilobytes() -> None:
    files = page_files()
    assert {"index.html", "watch.html", "app.js", "style.css", "icon.svg"} <= set(files)
    beside = {
        "watch.html",
        "watch.js",
        "signing.js",
    }  # loaded by whom a link or a lack of a key leads
    assert sum(len(file.plain) for name, file in files.items() if name not in beside) < 100_000
    assert max(file.plain.count(b"\n") for name, file in files.items() if name[-3:] == ".js") < 250


def test_a_page_names_every_module_that_it_needs_beforehand() -> None:
    needed: set[str] = set()
    for name in ("index.html", "watch.html"):
        page = page_files()[name].plain.decode()
        (script,) = re.findall(r'<script type="module" src="/web/([a-z]+\.js)"', page)
        told = re.findall(r'modulepreload" href="/web/([a-z]+\.js)"', page)
        assert sorted([script, *told]) == sorted(imported(script))
        needed |= imported(script)
    assert needed == {name for name in page_files() if name.endswith(".js")} - {"signing.js"}


def imported(module: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """A module with all that it imports."""
    found = {module}
    for name in re.findall(r'from "\./([a-z]+\.js)"', page_files()[module].plain.decode()):
        if name not in seen:
            found |= imported(name, seen | found)
    return found


def test_every_face_of_the_gallery_is_described_to_who_does_not_see_it() -> None:
    assert all(avatar.description for avatar in load_gallery().values())


async def test_the_apis_page_lets_in_no_script_but_its_own(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'self' 'sha256-[A-Za-z0-9+/]{43}='", policy)
    loaded = re.findall(r'(?:src|href)="([^"]*)"', answer.text)
    assert {"/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"} == set(loaded) - {"data:,"}
    for name, kind in (("swagger-ui-bundle.js", "text/javascript"), ("swagger-ui.css", "text/css")):
        file = await client.get(f"/docs/{name}")
        assert file.headers["content-type"].startswith(kind)
        assert len(file.content) > 10_000
    assert (await client.get("/docs/redoc.standalone.js")).status_code == 404
