"""Ten at once, on PostgreSQL: one wins (RFC 6749 section 4.1.2, RFC 9700 section 4.14)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from tests.identity.provider.party import Party

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 10


def at_once(call: Callable[[], Any]) -> list[int]:
    """The statuses of ten calls that start together."""
    start = Barrier(THREADS)

    def run(_: int) -> int:
        start.wait()
        try:
            return int(call().status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_code_reuse_parallel(transactional_db: None, party: Party) -> None:
    code = party.code()
    assert at_once(lambda: party.exchange(code)).count(200) == 1


def test_refresh_parallel(transactional_db: None, party: Party) -> None:
    token = party.tokens(scope="openid offline_access")["refresh_token"]
    assert at_once(lambda: party.refresh(token)).count(200) == 1


def test_pushed_request_parallel(transactional_db: None, party: Party) -> None:
    party.tokens()
    name = party.post("/sso/par", party.parameters()).json()["request_uri"]
    query = {"client_id": party.client.client_id, "request_uri": name}
    assert at_once(lambda: party.browser.get("/sso/authorize", query)).count(302) == 1


def test_subject_made_in_parallel_is_one(transactional_db: None, party: Party) -> None:
    from identity.provider import subjects

    found: list[str] = []
    person = party.client.created_by_id

    class Answer:
        status_code = 200

    def call() -> Answer:
        found.append(subjects.sub("a-sector", person))
        return Answer()

    at_once(call)
    assert len(set(found)) == 1
