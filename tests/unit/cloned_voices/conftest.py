"""A cloning stage by script, and a real director that follows the nudges."""

import pytest

from serve.api.services import Services
from tests.cloned import CloningStages, direct_voices


@pytest.fixture
def stages() -> CloningStages:
    return CloningStages()


@pytest.fixture(autouse=True)
def director(services: Services, stages: CloningStages) -> None:
    direct_voices(services, stages)
