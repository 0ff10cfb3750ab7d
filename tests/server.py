"""The service as a user runs it: the launcher's process, real engines, real HTTP."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from serve.commands.private import LOCAL_CONFIG, private_server, short_folder

OVER = ("completed", "failed", "cancelled")


@dataclass(frozen=True)
class Server:
    url: str
    data_dir: Path
    logs: Path
    """Where all that Ray and the stages log lies."""

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def video(self, *, within: float = 60, **request: Any) -> dict[str, Any]:
        """Ask for a video and wait until it is over."""
        with self.client() as http:
            answer = http.post("/v1/videos", **request)
            assert answer.status_code == 202, answer.text
            return self.over(answer.json()["id"], within)

    def over(self, video_id: str, within: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + within
        with self.client() as http:
            while True:
                job: dict[str, Any] = http.get(f"/v1/videos/{video_id}").json()
                if job["status"] in OVER:
                    return job
                assert time.monotonic() < deadline, job
                time.sleep(0.1)

    def fetch(self, path: str) -> bytes:
        with self.client() as http:
            answer = http.get(path)
            assert answer.status_code == 200, answer.text
            return answer.content


def with_engines(folder: Path, engines: Mapping[str, Mapping[str, Any]]) -> Path:
    """A config file in the folder: the embedded profile with the `user_config` of some stages."""
    config = yaml.safe_load(LOCAL_CONFIG.read_text())
    for deployment in config["applications"][0]["deployments"]:
        if deployment["name"] in engines:
            deployment["user_config"] = dict(engines[deployment["name"]])
    path = folder / "engines.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


@contextmanager
def running_server(data_dir: Path, config: Path = LOCAL_CONFIG) -> Iterator[Server]:
    with (
        tempfile.TemporaryDirectory(
            prefix="ray-", dir=short_folder(), ignore_cleanup_errors=True
        ) as folder,
        private_server(config, data_dir, Path(folder)) as url,
    ):
        yield Server(url, data_dir, Path(folder))
