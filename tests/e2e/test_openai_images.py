"""Portraits through OpenAI's own client, from a stage that starts at zero."""

import base64
import io
import threading
import time
from collections.abc import Iterator

import httpx
import numpy as np
import openai
import pytest
from PIL import Image

from deployments.face.mediapipe import MediaPipe
from tests.server import Server
from tests.weights import weights


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as opened:
        yield opened


@pytest.fixture(scope="module")
def faces() -> MediaPipe:
    return MediaPipe.load(weights("mediapipe-face-landmarker"), threads=1)


def pixels(file: bytes, kind: str = "PNG") -> np.ndarray:
    with Image.open(io.BytesIO(file)) as picture:
        assert picture.format == kind
        return np.asarray(picture.convert("RGB"))


@pytest.mark.parametrize("size", ["auto", "1024x1536", "1792x1024"])
def test_a_picture_has_its_size_and_one_face(
    client: openai.OpenAI, faces: MediaPipe, size: str
) -> None:
    told = client.images.generate(
        prompt="an elderly man with glasses and a purple spaceship", size=size,
        extra_body={"seed": 5},
    )  # fmt: skip
    assert told.data is not None
    (entry,) = told.data
    assert "glasses" in (entry.revised_prompt or "")
    assert "spaceship" not in (entry.revised_prompt or "")
    picture = pixels(base64.b64decode(entry.b64_json or ""))
    assert told.size == f"{picture.shape[1]}x{picture.shape[0]}"
    assert told.size == ("1024x1024" if size == "auto" else size)
    (face,) = faces.find(picture)
    assert face.score > 0.5


def test_several_come_by_links_and_each_again_by_its_seed(
    client: openai.OpenAI, faces: MediaPipe
) -> None:
    told = client.images.generate(
        prompt="a smiling woman", n=3, size="512x512", response_format="url",
        output_format="webp", model="any", quality="hd", style="vivid",
    )  # fmt: skip
    assert told.data is not None
    assert len(told.data) == 3
    shown = [pixels(httpx.get(entry.url or "", trust_env=False).content, "WEBP")
             for entry in told.data]  # fmt: skip
    for picture in shown:
        assert picture.shape == (512, 512, 3)
        assert len(faces.find(picture)) == 1
    assert np.abs(shown[0].astype(int) - shown[1]).mean() > 10
    seed = told.data[1].seed  # type: ignore[attr-defined]  # ours, beside OpenAI's
    again = client.images.generate(
        prompt="a smiling woman", size="512x512", output_format="webp", extra_body={"seed": seed}
    )
    assert again.data is not None
    same = pixels(base64.b64decode(again.data[0].b64_json or ""), "WEBP")
    assert np.abs(shown[1].astype(int) - same).mean() < 1


def test_openais_exceptions_carry_our_sentences(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="portraits are opaque") as caught:
        client.images.generate(prompt="a man", background="transparent")
    assert (caught.value.code, caught.value.param) == ("invalid_request", "background")
    with pytest.raises(openai.BadRequestError, match="size must be auto"):
        client.images.generate(prompt="a man", size="17x17")
    key = {"Idempotency-Key": "images-e2e"}
    client.images.generate(prompt="a man", size="256x256", extra_headers=key)
    with pytest.raises(openai.ConflictError, match="another request"):
        client.images.generate(prompt="a woman", size="256x256", extra_headers=key)


def test_a_client_that_leaves_frees_the_stage(server: Server, client: openai.OpenAI) -> None:
    began = time.monotonic()
    client.images.generate(prompt="a man", size="256x256")
    one = time.monotonic() - began

    def leave() -> None:
        with pytest.raises(openai.APITimeoutError):
            client.with_options(timeout=0.5).images.generate(prompt="an old man", n=10)

    leavers = [threading.Thread(target=leave) for _ in range(8)]
    for leaver in leavers:
        leaver.start()
    for leaver in leavers:
        leaver.join()
    began = time.monotonic()
    client.images.generate(prompt="a man", size="256x256")
    # Were those others painted first that were under way, it would take 32 times as long.
    assert time.monotonic() - began < 15 * one
