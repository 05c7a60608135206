from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from structlog.testing import capture_logs

from identity.accounts.models import User
from identity.profile import flows as profile
from services.registry import roles
from tests.factories import OfficerFactory, UserFactory


def named(username: str, english: str, chinese: str) -> User:
    person = UserFactory(username=username)
    for name, value in {"name_en": english, "name_zh": chinese}.items():
        profile.store(person, name, value, source="immd", checked_on=date(2025, 3, 12))
    return person


@pytest.fixture
def daughter(db: None) -> User:
    return named("daughter", "CHAN Siu Ling", "陳小玲")


@pytest.fixture
def mother(db: None) -> User:
    return named("mother", "LEUNG Mei Ling", "梁美玲")


@pytest.fixture
def stranger(db: None) -> User:
    return named("stranger", "WONG Tai", "黃大")


@pytest.fixture
def security_log() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def counter_officer(db: None) -> User:
    officer = OfficerFactory(username="lee", first_name="Wing Yan", last_name="Lee")
    officer.groups.add(roles.ensure_counter())
    return officer
