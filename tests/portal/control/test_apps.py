"""Apps on their way out: the list, and what ops notes about one."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from lxml import html

from identity.accounts.models import User
from services.consolidation import flows
from services.consolidation.models import Blocker
from services.registry.models import LegacyApp
from tests.factories import LegacyAppFactory, ServiceFunctionFactory

pytestmark = pytest.mark.django_db


def names(client: Client, query: str = "") -> list[str]:
    found = html.fromstring(client.get(f"/control/apps/{query}").content)
    return [str(name) for name in found.xpath("//tbody//a/text()")]


@pytest.mark.usefixtures("ops")
def test_overdue_apps_come_first_and_retired_ones_last(client: Client) -> None:
    today = timezone.localdate()
    gone = LegacyAppFactory(status="retired", retire_by=today - timedelta(days=90))
    undated = LegacyAppFactory()
    planned = LegacyAppFactory(status="consolidating", retire_by=today + timedelta(days=9))
    overdue = LegacyAppFactory(status="consolidating", retire_by=today - timedelta(days=9))
    assert names(client) == [app.name_en for app in (overdue, planned, undated, gone)]


@pytest.mark.usefixtures("ops")
def test_apps_are_narrowed_by_state_and_department(client: Client) -> None:
    app = LegacyAppFactory(status="consolidating")
    LegacyAppFactory(department=app.department)
    LegacyAppFactory(status="consolidating")
    assert names(client, f"?state=consolidating&department={app.department.code}") == [app.name_en]


@pytest.mark.usefixtures("ops")
def test_an_apps_page_shows_its_functions_with_their_steps(client: Client) -> None:
    app = LegacyAppFactory()
    function = ServiceFunctionFactory(app=app)
    found = html.fromstring(client.get(f"/control/apps/{app.code}/").content)
    assert found.xpath("//ul[@class='carried']/li/a/@href") == [f"/en/functions/{function.code}/"]
    assert len(found.xpath("//ul[@class='carried']//li[contains(@class,'step-done')]")) == 3


@pytest.mark.usefixtures("ops")
def test_an_unknown_app_is_not_found(client: Client) -> None:
    assert client.get("/control/apps/no-such-app/").status_code == 404


def test_a_blocker_is_noted_with_who_noted_it(client: Client, ops: User) -> None:
    app = LegacyAppFactory()
    client.post(f"/control/apps/{app.code}/blockers", {"what": "a contract", "owner": "Supplies"})
    assert (Blocker.objects.get().opened_by, Blocker.objects.get().what) == (ops, "a contract")


@pytest.mark.usefixtures("ops")
def test_a_blocker_without_an_owner_is_explained_and_what_was_typed_stays(client: Client) -> None:
    app = LegacyAppFactory()
    response = client.post(f"/control/apps/{app.code}/blockers", {"what": "a contract", "owner": ""})
    found = html.fromstring(response.content)
    assert (response.status_code, found.xpath("//*[@id='field-what']/@value")) == (422, ["a contract"])


def test_a_blocker_is_cleared_with_its_outcome(client: Client, ops: User) -> None:
    blocker = flows.open_blocker(LegacyAppFactory(), what="a contract", owner="Supplies", by=None)
    client.post(f"/control/blockers/{blocker.pk}/close", {"outcome": "notice given"})
    blocker.refresh_from_db()
    assert (blocker.is_open, blocker.closed_by, blocker.outcome) == (False, ops, "notice given")


@pytest.mark.usefixtures("ops")
def test_a_blocker_cleared_meanwhile_says_so(client: Client) -> None:
    blocker = flows.open_blocker(LegacyAppFactory(), what="a contract", owner="Supplies", by=None)
    flows.close_blocker(blocker, outcome="notice given", by=None)
    response = client.post(f"/control/blockers/{blocker.pk}/close", {"outcome": "again"}, follow=True)
    assert "Somebody else has cleared this already." in response.content.decode()


@pytest.mark.usefixtures("ops")
def test_an_app_is_switched_off(client: Client) -> None:
    app = LegacyAppFactory()
    client.post(f"/control/apps/{app.code}/retire", {"reason": "all moved"})
    assert LegacyApp.objects.get(pk=app.pk).status == "retired"


@pytest.mark.usefixtures("ops")
def test_an_app_with_something_in_its_way_is_not_switched_off(client: Client) -> None:
    app = LegacyAppFactory()
    flows.open_blocker(app, what="a contract", owner="Supplies", by=None)
    response = client.post(f"/control/apps/{app.code}/retire", {"reason": "all moved"}, follow=True)
    assert "Not yet: 1 blockers are open" in response.content.decode()
    assert LegacyApp.objects.get(pk=app.pk).status == "live"
