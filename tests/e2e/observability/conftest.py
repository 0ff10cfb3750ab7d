"""One server for all modules here: each looks at what the same video left."""

from collections.abc import Iterator

import pytest

from tests.e2e.observability.watched import Watched, watched_server


@pytest.fixture(scope="package")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched_server(tmp_path_factory.mktemp("watched")) as server:
        yield server
