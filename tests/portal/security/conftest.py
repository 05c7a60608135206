"""What the security log says, as the collector gets it."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.identity.provider.conftest import browser, other, party, person  # noqa: F401 (fixtures)

Events = Callable[[], list[str]]


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Events:
    """The events under `ferry.security` so far, each with `level:` before it unless it is a warning."""
    caplog.set_level(logging.INFO, logger="ferry.security")

    def read() -> list[str]:
        return [_said(record) for record in caplog.records if record.name == "ferry.security"]

    return read


def _said(record: logging.LogRecord) -> str:
    told: Any = record.msg
    event = str(told["event"])
    return event if record.levelno == logging.WARNING else f"{record.levelname.lower()}:{event}"
