"""Every embedded engine can infer once before the first call."""

from collections.abc import Iterator
from typing import Any

import pytest

from deployments.in_a_row import engine_configs
from deployments.loading import load_engine
from serve.commands.private import LOCAL_CONFIG
from serve.settings import Settings

CONFIGS = engine_configs(LOCAL_CONFIG)


@pytest.fixture(scope="module", params=sorted(set(CONFIGS) - {"Encode"}))
def engine(request: pytest.FixtureRequest) -> Iterator[Any]:
    return load_engine(CONFIGS[request.param], Settings())


def test_an_engine_warms_up_without_an_input(engine: Any) -> None:
    engine.warm_up()
