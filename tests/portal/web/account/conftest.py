"""A daughter who may act for her mother, and functions to do."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from django.test import Client
from structlog.testing import capture_logs

from identity.accounts.models import User
from identity.mandates.models import Mandate
from identity.profile import flows as profile
from services.registry.models import ServiceFunction
from tests.factories import ServiceFunctionFactory, UserFactory, form_for
from tests.mandates import accepted
from tests.portal.web.doing.conftest import citizen, signed_in  # noqa: F401 (fixtures)


def named(username: str, english: str, chinese: str, hkid: str) -> User:
    person = UserFactory(username=username)
    for name, value in {"name_en": english, "name_zh": chinese, "hkid": hkid}.items():
        profile.store(person, name, value, source="immd", checked_on=date(2025, 3, 12))
    address = {"line_1": "1 Pier Road", "district": "central-and-western"}
    told = {"phone": "+85291234567", "email": f"{username}@example.hk", "address": address}
    for name, given in told.items():
        profile.store(person, name, given, source="person", checked_on=date(2026, 1, 20))
    return person


@pytest.fixture
def daughter(db: None) -> User:
    return named("daughter", "CHAN Siu Ling", "陳小玲", "A123456(3)")


@pytest.fixture
def mother(db: None) -> User:
    return named("mother", "LEUNG Mei Ling", "梁美玲", "C123456(9)")


@pytest.fixture
def mandate(daughter: User, mother: User) -> Mandate:
    return accepted(daughter, mother)


@pytest.fixture
def browser() -> Callable[[User], Client]:
    """Signs somebody in, each in a browser of their own."""

    def sign_in(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return sign_in


@pytest.fixture
def acting(daughter: User, mandate: Mandate, browser: Callable[[User], Client]) -> Client:
    """The daughter, who acts for her mother in this session."""
    client = browser(daughter)
    assert client.post(f"/en/account/mandates/{mandate.pk}/act/").status_code == 302
    return client


@pytest.fixture
def function(db: None) -> ServiceFunction:
    form = form_for("mark:vehicle_mark;months:int", action="renew", assurance="basic")
    return ServiceFunctionFactory(version__form=form, version__action="renew", version__assurance="basic")


@pytest.fixture
def security_log() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


def refusals(lines: list[Any]) -> list[str]:
    """The reasons for which mandates were refused."""
    return [line["reason"] for line in lines if line["event"] == "mandate_refused"]


def text_of(response: Any) -> str:
    return str(response.content.decode())
