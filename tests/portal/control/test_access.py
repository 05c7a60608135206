"""Only operations comes in."""

import pytest
from django.test import Client

from services.gateway.models import ServiceCall
from tests.factories import LegacyAppFactory, OfficerFactory, OperatorFactory, UserFactory
from tests.portal.control.conftest import Undelivered

pytestmark = pytest.mark.django_db
PAGES = [
    "/control/",
    "/control/health",
    "/control/apps/",
    "/control/apps/old-app/",
    "/control/backends/",
    "/control/calls/",
    "/control/incidents/",
    "/control/replays/",
    "/control/days/2026-03-03/",
]


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_is_asked_to_log_in(client: Client, page: str) -> None:
    response = client.get(page)
    assert (response.status_code, response["Location"].startswith("/accounts/login/")) == (302, True)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("person", [UserFactory, OfficerFactory])
def test_nobody_else_may_look(client: Client, page: str, person: type) -> None:
    client.force_login(person())
    assert client.get(page).status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_operations_may_look(client: Client, page: str) -> None:
    LegacyAppFactory(code="old-app")
    client.force_login(OperatorFactory())
    assert client.get(page).status_code == 200


def test_an_officer_cannot_settle_a_call(client: Client, undelivered: Undelivered) -> None:
    call = undelivered()
    client.force_login(OfficerFactory(department=call.backend.department))
    response = client.post(f"/control/calls/{call.receipt}/settle", {"verb": "close", "reason": "mine"})
    assert (response.status_code, ServiceCall.objects.undelivered().count()) == (403, 1)


def test_the_menu_leads_operations_here(client: Client) -> None:
    client.force_login(OperatorFactory())
    assert 'href="/control/"' in client.get("/control/").content.decode()


def test_the_menu_does_not_lead_an_officer_here(client: Client) -> None:
    client.force_login(OfficerFactory())
    assert 'href="/control/"' not in client.get("/styleguide/").content.decode()


@pytest.mark.parametrize(
    ("role", "code"),
    [("operations", 302), ("own officer", 403), ("other officer", 403), ("citizen", 403), ("nobody", 302)],
)
def test_who_may_end_a_doubt_here(client: Client, undelivered: Undelivered, role: str, code: int) -> None:
    call = undelivered(status="in_doubt")
    people = {
        "operations": OperatorFactory(), "own officer": OfficerFactory(department=call.backend.department),
        "other officer": OfficerFactory(), "citizen": UserFactory(),
    }  # fmt: skip
    if role in people:
        client.force_login(people[role])
    said = {"verb": "arrived", "reason": "I rang them", "sure": "yes"}
    assert client.post(f"/control/calls/{call.receipt}/settle", said).status_code == code
    assert (ServiceCall.objects.get().status == "completed") == (role == "operations")
