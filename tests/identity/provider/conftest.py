"""A person who is signed in, and clients of two departments that they may sign in to."""

from datetime import date

import pytest
from django.test import Client as Browser

from identity.accounts.models import User
from identity.profile import flows as profile
from tests.factories import UserFactory
from tests.identity.provider.party import Party, register, sign_in


@pytest.fixture
def person(db: None) -> User:
    """With a full profile."""
    found = UserFactory(first_name="CHAN Tai Man")
    told = {
        "name_en": ("CHAN Tai Man", "immd"),
        "name_zh": ("陳大文", "immd"),
        "date_of_birth": ("1988-06-15", "immd"),
        "sex": ("F", "immd"),
        "phone": ("+85291234567", "person"),
        "email": ("chan@example.hk", "person"),
        "address": ({"line_1": "Flat B", "line_2": "18 Fuk Wa Street", "district": "sham-shui-po"}, "person"),
    }
    for name, (value, source) in told.items():
        profile.store(found, name, value, source=source, checked_on=date(2026, 1, 20))
    return found


@pytest.fixture
def browser(person: User) -> Browser:
    """The person's, signed in."""
    found = Browser()
    sign_in(found, person)
    return found


@pytest.fixture
def party(browser: Browser) -> Party:
    """A confidential client with a secret in the header."""
    client, secret = register()
    return Party(client, secret, browser)


@pytest.fixture
def other(browser: Browser) -> Party:
    """A client of another department, in the same browser."""
    client, secret = register("hd")
    return Party(client, secret, browser)
