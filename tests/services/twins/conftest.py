import uuid
from collections.abc import Iterator

import pytest

from tests.services.twins.running import Twins, start


@pytest.fixture(scope="session")
def twins_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    twins = start(tmp_path_factory.mktemp("twins"))
    yield twins
    twins.stop()


@pytest.fixture
def twins(twins_process: Twins) -> Iterator[Twins]:
    """The running twins, every one of them well again after the test."""
    yield twins_process
    twins_process.set_mode("_all", "ok")


@pytest.fixture
def receipt() -> str:
    """A receipt number that no other test uses."""
    return f"FRY-{uuid.uuid4().hex[:12].upper()}"
