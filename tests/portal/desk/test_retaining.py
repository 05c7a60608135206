import html
from typing import Any

import pytest
from django.test import Client

from identity.accounts.models import User
from services.registry.models import Change
from tests.factories import DepartmentFactory, OfficerFactory, OperatorFactory


@pytest.fixture
def officer(db: None) -> User:
    return OfficerFactory(department=DepartmentFactory(code="td"))


def desk(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def test_an_officer_sets_how_long_the_department_keeps_what_people_sent(officer: User) -> None:
    client = desk(officer)
    client.post("/admin/retention/", {"department": "td", "days": "90"})
    assert 'value="90"' in text_of(client.get("/admin/retention/"))
    assert Change.objects.get(verb="department.retention").details == {"changed": {"retention_days": [730, 90]}}


@pytest.mark.parametrize("days", ["", "0", "-1", "4000", "ten"])
def test_a_number_that_is_none_is_said_to_be(officer: User, days: str) -> None:
    answer = desk(officer).post("/admin/retention/", {"department": "td", "days": days})
    assert answer.status_code == 422
    assert "Give a number of days from 1 to 3653." in text_of(answer)


def test_another_departments_days_are_not_found(officer: User) -> None:
    for stranger in (OfficerFactory(), OperatorFactory()):
        assert desk(stranger).post("/admin/retention/", {"department": "td", "days": "9"}).status_code == 404
