"""The page of the API's description: from this service alone, and under a strict policy."""

import re
from hashlib import sha256

import httpx
import pytest

from serve.api.docs import docs_files


@pytest.mark.parametrize("name", ["", *sorted(docs_files())])
async def test_a_file_of_it_comes_under_a_policy_that_lets_nothing_else_in(
    client: httpx.AsyncClient, name: str
) -> None:
    answer = await client.get(f"/docs/{name}" if name else "/docs")
    assert answer.status_code == 200
    assert answer.content == docs_files()[name or "index.html"].plain
    policy = dict(
        part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' data:"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_all_that_it_names_is_its_own(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(named) == 5
    for address in named:
        assert address.startswith("/")
        assert not address.startswith("//")
        assert (await client.get(address)).status_code == 200
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", page)


async def test_it_shows_our_own_description_and_asks_nobody_to_check_it(
    client: httpx.AsyncClient,
) -> None:
    shown = (await client.get("/docs/show.js")).text
    assert 'url: "/openapi.json"' in shown
    assert "validatorUrl: null" in shown


async def test_no_other_page_of_the_description_is_there(client: httpx.AsyncClient) -> None:
    for path in ("/redoc", "/docs/oauth2-redirect", "/docs/redoc.standalone.js", "/docs/../cli.py"):
        assert (await client.get(path)).status_code == 404


def test_the_viewer_is_swagger_ui_as_its_makers_publish_it() -> None:
    """Byte for byte the files of swagger-ui-dist 5.34.0, whoever carries them."""
    published = {
        "swagger-ui-bundle.js": "3f6abf70480db7e07914df4c98a77385f22ea585eaf457a3e6415ba0eae2d167",
        "swagger-ui.css": "c3cfe8248c4b0b89673600fb829924eafbac6de4bc4b2b06f5f5243483074d0a",
    }
    found = {name: sha256(docs_files()[name].plain).hexdigest() for name in published}
    assert found == published
