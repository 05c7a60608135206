"""No identifier of a person in an address, a cache key, or a line of the log."""

import logging
import re
from datetime import date
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from identity.profile import flows
from tests.factories import PASSWORD, UserFactory
from tests.portal.web.doing.conftest import citizen, function, send, signed_in

__all__ = ["citizen", "function", "signed_in"]  # fixtures
PERSONAL = ["A123456(3)", "A1234563", "CHAN Tai Man", "91234567", "chan@example.hk", "chan", "Pier Road", "AB1234"]
NAMES_OF_PEOPLE = {"hkid", "person", "user", "user_id", "person_id", "username", "email", "phone", "uid", "uidb36"}


def parameters(patterns: list[Any], before: str = "") -> list[tuple[str, str]]:
    """(address, name of a part) of every page."""
    found = []
    for pattern in patterns:
        place = f"{before}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            found += parameters(pattern.url_patterns, place)
        elif isinstance(pattern, URLPattern):
            found += [(place, name) for name in re.findall(r"<(?:\w+:)?(\w+)>", place)]
    return found


def test_no_address_of_ours_has_a_place_for_a_persons_identifier() -> None:
    named = [(place, name) for place, name in parameters(get_resolver().url_patterns) if name in NAMES_OF_PEOPLE]
    assert [place for place, _name in named if not place.startswith(("accounts/", "admin/"))] == []


@pytest.fixture
def keys(db: None) -> Any:
    """What the cache has been asked to keep since the test began, as Redis names it."""
    client = cache._cache.get_client()  # type: ignore[attr-defined]
    client.flushdb()
    return lambda: [key.decode() for key in client.scan_iter(count=1_000)]


def test_no_key_of_the_cache_tells_who_somebody_is(signed_in: Client, function: Any, keys: Any) -> None:
    Client().post("/accounts/login/", {"login": "chan", "password": "wrong"})
    Client().post("/accounts/login/", {"login": "chan@example.hk", "password": PASSWORD})
    call = send(signed_in, function)
    for page in (
        "/en/",
        "/en/profile/",
        "/en/calls/",
        f"/en/calls/{call.receipt}/",
        "/en/account/",
        "/en/account/rights/",
    ):
        assert signed_in.get(page).status_code == 200
    assert call.person is not None
    assert keys()
    told = [(key, word) for key in keys() for word in [*PERSONAL, str(call.person.pk)] if word in key]
    assert told == []


def test_no_line_of_the_log_tells_who_somebody_is(
    signed_in: Client, function: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    call = send(signed_in, function)
    signed_in.get("/en/profile/")
    signed_in.post(f"/en/functions/{function.code}/form/", {"report": "applicant_hkid"})
    flows.find_by_hkid("A123456(3)", by=call.person)
    flows.store(UserFactory(), "hkid", "G123456(A)", source="immd", checked_on=date(2026, 1, 1))
    ours = [record for record in caplog.records if not record.name.startswith(("django.db", "asyncio"))]
    assert call.person is not None
    told = [
        (record.name, word)
        for record in ours
        for word in [*PERSONAL, str(call.person.pk)]
        if word in record.getMessage()
    ]
    assert told == []
