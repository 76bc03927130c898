"""An engine at the built-in model."""

import pytest

from selfinstruct.core.engine import Engine
from tests.conftest import OpenEngine


@pytest.fixture
def engine(engine_on: OpenEngine) -> Engine:
    return engine_on()
