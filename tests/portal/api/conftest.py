from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from identity.accounts.models import User
from identity.profile import flows as profile
from services.registry.models import ServiceFunction
from services.search import flows as search
from tests.factories import ServiceFunctionFactory, UserFactory

FORM = {"topic": "Parking"}


@pytest.fixture
def citizen(db: None) -> User:
    from datetime import date

    person = UserFactory(username="chan")
    for name, value in {"name_en": "CHAN Tai Man", "hkid": "A123456(3)", "phone": "+85291234567"}.items():
        profile.store(person, name, value, source="immd", checked_on=date(2026, 1, 2))
    profile.store(person, "email", "chan@example.hk", source="person", checked_on=date(2026, 1, 2))
    address = {"line_1": "1 Pier Road", "district": "central-and-western"}
    profile.store(person, "address", address, source="person", checked_on=date(2026, 1, 2))
    return person


@pytest.fixture
def api(citizen: User) -> Client:
    """Signed in as the citizen."""
    client = APIClient()
    client.force_login(citizen)
    return client


@pytest.fixture
def function(db: None) -> ServiceFunction:
    made = ServiceFunctionFactory(code="td-parking-renew")
    search.index([made.pk])
    return made


def post_call(client: Client, code: str, data: Any = None, key: str = "once", **extra: Any) -> Any:
    """Call the function with form data that is in order unless given."""
    return client.post(
        f"/api/v1/functions/{code}/calls/", data if data is not None else FORM, format="json",
        headers={"Idempotency-Key": key} if key else {}, **extra,
    )  # fmt: skip
