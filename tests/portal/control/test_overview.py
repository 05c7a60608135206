"""The page of operations says how things are, and asks the same number of queries however many there are."""

from datetime import date, timedelta

import pytest
from django.test import Client, override_settings
from django.utils import timezone
from lxml import html
from pytest_django.fixtures import DjangoAssertNumQueries

from identity.accounts.models import User
from services.consolidation import flows
from services.gateway.models import Incident, Lane
from tests.factories import BackendFactory, LegacyAppFactory, ServiceFunctionFactory
from tests.portal.control.conftest import SECRET, Undelivered

pytestmark = pytest.mark.django_db


def page(client: Client, path: str = "/control/") -> html.HtmlElement:
    response = client.get(path)
    assert response.status_code == 200
    return html.fromstring(response.content)


def fill(undelivered: Undelivered, times: int) -> None:
    for number in range(times):
        app = LegacyAppFactory(status="consolidating", retire_by=timezone.localdate() + timedelta(days=number))
        flows.open_blocker(app, what="a contract", owner="Supplies", by=None)
        function = ServiceFunctionFactory(app=app, department=app.department)
        call = undelivered(function)
        Lane.objects.create(backend=call.backend, failures=1)
        Incident.objects.create(backend=call.backend, started_at=timezone.now())


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/control/", 23),
        ("/control/health", 15),
        ("/control/apps/", 8),
        ("/control/backends/", 14),
        ("/control/calls/", 8),
        ("/control/incidents/", 8),
    ],
)
@pytest.mark.parametrize("times", [1, 20])
@pytest.mark.usefixtures("ops")
def test_queries_do_not_grow_with_the_rows(
    client: Client, undelivered: Undelivered, django_assert_num_queries: DjangoAssertNumQueries,
    path: str, queries: int, times: int,
) -> None:  # fmt: skip
    fill(undelivered, times)
    flows.set_aim(by=None, due_on=date(2027, 12, 31))
    with django_assert_num_queries(queries):
        client.get(path)


@pytest.mark.usefixtures("ops")
def test_once_today_and_target_stand_first(client: Client) -> None:
    LegacyAppFactory.create_batch(4)
    LegacyAppFactory(status="retired", retire_by=date(2025, 3, 31))
    flows.set_aim(by=None, due_on=date(2027, 12, 31))
    assert page(client).xpath("//dl[@class='figures']//dd/text()") == ["5", "4", "2"]


@pytest.mark.usefixtures("ops")
def test_the_picture_has_its_words_and_its_table(client: Client) -> None:
    LegacyAppFactory.create_batch(4)
    LegacyAppFactory(status="retired", retire_by=timezone.localdate() - timedelta(days=30))
    flows.set_aim(by=None, due_on=date(2027, 12, 31))
    found = page(client)
    assert len(found.xpath("//svg[@role='img' and .//desc]/@aria-labelledby")) == 2
    assert len(found.xpath("//details[.//caption='Apps left, day by day']//tbody/tr")) == 5


@pytest.mark.usefixtures("ops")
def test_without_an_aim_the_page_says_so(client: Client) -> None:
    LegacyAppFactory()
    assert "not set" in page(client).text_content()


@pytest.mark.usefixtures("ops")
def test_a_backend_nobody_has_heard_of_is_not_called_well(client: Client) -> None:
    BackendFactory()
    assert page(client, "/control/backends/").xpath("//tbody//*[contains(@class,'tag')]/text()") == ["not heard of yet"]


@pytest.mark.usefixtures("ops")
def test_an_open_breaker_says_until_when_and_why(client: Client) -> None:
    until = timezone.now() + timedelta(minutes=5)
    Lane.objects.create(backend=BackendFactory(), failures=5, open_until=until, last_error="connection refused")
    text = page(client).xpath("string(//section[@id='health'])")
    assert "held back" in text
    assert "connection refused" in text


@pytest.mark.usefixtures("ops")
def test_the_last_hour_is_counted(client: Client, undelivered: Undelivered) -> None:
    undelivered()
    (cell,) = page(client, "/control/backends/").xpath("//tbody/tr/td[@data-label='Last hour']")
    assert " ".join(cell.text_content().split()) == "1 delivery1 not answeredp50 40 · p95 40 ms"


@pytest.mark.usefixtures("ops")
def test_the_week_is_drawn_and_said(client: Client, undelivered: Undelivered) -> None:
    undelivered()
    (week,) = page(client, "/control/backends/").xpath("//svg[@class='week']")
    assert week.get("aria-label") == "Last seven days: 0 % of 1 deliveries answered"
    assert len(week.xpath("path[@class='week-failed']")) == 1


@pytest.mark.usefixtures("ops")
def test_a_broker_that_cannot_be_asked_is_said_with_the_time(client: Client) -> None:
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        text = page(client, "/control/health").text_content()
    assert "The message broker did not answer" in text
    assert f"Asked at {timezone.localtime():%H:}" in text


@pytest.mark.usefixtures("ops")
def test_the_health_part_renews_itself_until_it_is_stopped(client: Client) -> None:
    live, paused = page(client), page(client, "/control/?pause=1")
    assert (live.xpath("//@hx-trigger"), paused.xpath("//@hx-trigger")) == (["every 10s"], [])


@pytest.mark.usefixtures("ops")
@pytest.mark.parametrize("path", ["/control/", "/control/calls/"])
def test_nothing_personal_is_shown(client: Client, undelivered: Undelivered, path: str) -> None:
    undelivered()
    assert SECRET not in page(client, path).text_content()


@pytest.mark.usefixtures("ops")
def test_backends_of_one_department(client: Client) -> None:
    one, _other = BackendFactory(), BackendFactory()
    found = page(client, f"/control/backends/?department={one.department.code}")
    assert found.xpath("//tbody//td[1]//code/text()") == [one.code]


def test_ids_are_unique(client: Client, ops: User, undelivered: Undelivered) -> None:
    fill(undelivered, 2)
    flows.set_aim(by=ops, due_on=date(2027, 12, 31))
    ids = page(client).xpath("//@id")
    assert len(ids) == len(set(ids))


@pytest.mark.usefixtures("ops")
def test_a_backends_page_has_its_week_as_a_table(client: Client, undelivered: Undelivered) -> None:
    code = undelivered().backend.code
    found = page(client, f"/control/backends/{code}/")
    assert found.xpath("//table[caption='Deliveries of the last seven days']//tbody/tr/td[3]/text()") == ["1"]
    assert found.xpath("//a[contains(@href,'?backend=')]/text()") == ["1 undelivered call waits for a decision"]


@pytest.mark.usefixtures("ops")
def test_an_unknown_backend_is_not_found(client: Client) -> None:
    assert client.get("/control/backends/no-such/").status_code == 404


@pytest.mark.usefixtures("ops")
def test_htmx_gets_the_rows_alone(client: Client) -> None:
    BackendFactory()
    text = client.get("/control/backends/", headers={"HX-Request": "true"}).content.decode()
    assert ("<html" in text, "not heard of yet" in text) == (False, True)


@pytest.mark.usefixtures("ops")
def test_what_went_to_backends_in_trouble_is_not_denied(client: Client, undelivered: Undelivered) -> None:
    Lane.objects.update_or_create(backend=undelivered().backend, defaults={"failures": 5})
    said = client.get("/control/").content.decode()
    assert ("No calls went out" in said, "Nothing went to the other backends" in said) == (False, True)
