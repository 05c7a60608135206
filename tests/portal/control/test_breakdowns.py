"""A failure never looks like `nothing there`."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from tests.portal.control.conftest import Undelivered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ops")]
NOTHING = ("Nothing waits for a decision", "No incident so far", "Nothing failed", "None of the", "None so far")


def gone(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
    """The database as a page meets it that breaks down after the log-in was read."""
    if "gateway_" in sql:
        raise OperationalError("the connection was lost")
    return execute(sql, *rest)


@pytest.mark.parametrize("path", ["", "health", "backends/", "incidents/", "calls/", "replays/", "days/2026-03-03/"])
def test_a_database_out_of_reach_is_not_an_empty_list(client: Client, path: str) -> None:
    client.raise_request_exception = False
    with connection.execute_wrapper(gone):
        response = client.get(f"/control/{path}")
    text = response.content.decode()
    assert (response.status_code, "resting for a moment" in text) == (503, True)
    assert [words for words in NOTHING if words in text] == []


@pytest.mark.parametrize("path", ["", "health", "backends/"])
def test_without_its_cache_a_page_shows_the_same(
    client: Client, undelivered: Undelivered, settings: Any, path: str
) -> None:
    undelivered()
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    assert "0 % of 1" in client.get(f"/control/{path}").content.decode()


def test_a_page_is_ready_to_say_that_it_is_out_of_date(client: Client) -> None:
    text = client.get("/control/backends/").content.decode()
    assert ('id="not-renewed" role="status" hidden' in text, "control/live.js" in text) == (True, True)
