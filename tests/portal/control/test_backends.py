"""One backend: its troubles, its files, its maintenance, and what operations may do about it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from lxml import html
from pytest_django.fixtures import DjangoAssertNumQueries

from identity.accounts.models import User
from services.gateway.models import Batch, BatchRecord, Incident, Lane, ServiceCall
from services.registry.models import Backend, Change, Maintenance
from tests.factories import BackendFactory, OfficerFactory
from tests.portal.control.conftest import Undelivered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ops")]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def backend() -> Backend:
    return BackendFactory()


def text_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(html.fromstring(response.content).text_content().split())


def page(client: Client, backend: Backend) -> str:
    return text_of(client, f"/control/backends/{backend.code}/")


def queued(undelivered: Undelivered, backend: Backend | None = None, **values: Any) -> ServiceCall:
    call = undelivered(status="accepted")
    if backend:
        values["backend"] = backend
    ServiceCall.objects.filter(pk=call.pk).update(**values)
    return ServiceCall.objects.get(pk=call.pk)


# --- Live -----------------------------------------------------------------------------------------
def test_the_queue_has_its_length_and_its_age(client: Client, undelivered: Undelivered) -> None:
    call = queued(undelivered, accepted_at=timezone.now() - 5 * MINUTE)
    assert "oldest 5 minutes" in page(client, call.backend)


def test_what_is_younger_than_a_minute_is_not_zero_minutes_old(client: Client, undelivered: Undelivered) -> None:
    assert "oldest less than a minute" in page(client, queued(undelivered).backend)


def test_the_way_shows_where_a_backends_page_belongs(client: Client, backend: Backend) -> None:
    tree = html.fromstring(client.get(f"/control/backends/{backend.code}/").content)
    assert tree.xpath("//nav[@class='control-nav']/a[@aria-current]/text()") == ["Backends"]


def test_slots_and_rate_are_said(client: Client, undelivered: Undelivered) -> None:
    now = timezone.now()
    call = queued(undelivered, status="delivering", lease="0" * 32, lease_until=now + MINUTE)
    Backend.objects.update(max_concurrency=4, max_per_minute=90)
    said = page(client, call.backend)
    assert ("1 of 4" in said, "at most 90 a minute" in said) == (True, True)


@pytest.mark.parametrize(
    ("minutes", "words"), [(5, "breaker open until"), (-5, "breaker half-open"), (None, "breaker closed")]
)
def test_the_breaker_is_named(client: Client, backend: Backend, minutes: int | None, words: str) -> None:
    until = timezone.now() + minutes * MINUTE if minutes else None
    Lane.objects.create(backend=backend, failures=5, open_until=until)
    assert words in page(client, backend)


def test_calls_in_doubt_are_counted(client: Client, undelivered: Undelivered) -> None:
    assert "1 in doubt" in page(client, undelivered(status="in_doubt").backend)


def batch_of(call: ServiceCall) -> Batch:
    batch = Batch.objects.create(
        backend=call.backend, number=7, file_name="FERRY-0007.txt", state="sent", record_count=1, sha256="0" * 64,
        sent_at=timezone.now(), trouble="line 3 has no end",
    )  # fmt: skip
    BatchRecord.objects.create(call=call, backend=call.backend, batch=batch, line=1, content={})
    return batch


def test_an_overdue_batch_is_trouble(client: Client, undelivered: Undelivered) -> None:
    call = queued(undelivered, status="waiting", due_at=timezone.now() - MINUTE)
    batch_of(call)
    said = page(client, call.backend)
    assert [words for words in ("answers overdue", "1 batch open, 1 overdue") if words not in said] == []


def test_a_file_that_cannot_leave_is_trouble_but_its_answer_is_not_overdue(
    client: Client, undelivered: Undelivered
) -> None:
    call = queued(undelivered, status="waiting", due_at=timezone.now() - MINUTE)
    batch_of(call)
    Batch.objects.update(state="sealed", sent_at=None)
    said = page(client, call.backend)
    assert ("files held up" in said, "overdue" in said) == (True, False)


def test_the_files_of_a_backend_are_listed(client: Client, undelivered: Undelivered) -> None:
    call = queued(undelivered, status="waiting", due_at=timezone.now() + MINUTE)
    batch_of(call)
    said = page(client, call.backend)
    assert [
        words for words in ("FERRY-0007.txt", "with the department", "line 3 has no end") if words not in said
    ] == []


@pytest.mark.parametrize("times", [1, 20])
def test_a_backends_page_takes_as_many_queries_whatever_it_shows(
    client: Client, undelivered: Undelivered, backend: Backend, times: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    now = timezone.now()
    for number in range(times):
        begin = now - timedelta(hours=number + 2)
        Incident.objects.create(backend=backend, started_at=begin, ended_at=begin + MINUTE)
        Maintenance.objects.create(backend=backend, starts_at=now + MINUTE, ends_at=now + 9 * MINUTE, reason_en="x")
        call = queued(undelivered, backend, status="waiting")
        Batch.objects.create(backend=call.backend, number=number, file_name="x", record_count=1, sha256="0" * 64)
    with django_assert_num_queries(18):
        client.get(f"/control/backends/{backend.code}/")


# --- Asking and letting go ------------------------------------------------------------------------
def test_a_worker_is_sent_to_ask(client: Client, backend: Backend) -> None:
    assert "We are asking it" in client.post(f"/control/backends/{backend.code}/probe", follow=True).content.decode()


def close(client: Client, backend: Backend, reason: str = "they rang us") -> Any:
    return client.post(f"/control/backends/{backend.code}/close-breaker", {"reason": reason}, follow=True)


@pytest.fixture
def broken(backend: Backend) -> Backend:
    Lane.objects.create(backend=backend, failures=9, open_until=timezone.now() + 5 * MINUTE)
    return backend


def test_operations_close_a_breaker_with_a_reason(client: Client, ops: User, broken: Backend) -> None:
    close(client, broken)
    change = Change.objects.get(verb="backend.breaker_closed")
    assert (change.actor, change.details) == (ops, {"reason": "they rang us"})
    assert Lane.objects.get().breaker(timezone.now()) == "closed"


def test_a_breaker_is_not_closed_without_a_reason(client: Client, broken: Backend) -> None:
    assert close(client, broken, " ").status_code == 422
    assert Lane.objects.get().breaker(timezone.now()) == "open"


def test_a_breaker_that_is_closed_says_so(client: Client, backend: Backend) -> None:
    assert "The breaker was closed already" in close(client, backend).content.decode()


def test_calls_that_the_breaker_held_back_go_at_once(client: Client, undelivered: Undelivered, broken: Backend) -> None:
    held = queued(undelivered, broken, trouble="breaker", due_at=timezone.now() + 5 * MINUTE)
    close(client, broken)
    assert ServiceCall.objects.get(pk=held.pk).due_at <= timezone.now()


# --- Maintenance ----------------------------------------------------------------------------------
def noted(client: Client, backend: Backend, **said: str) -> Any:
    begin = timezone.localtime() + 60 * MINUTE
    usual = {
        "starts_at": f"{begin:%Y-%m-%dT%H:%M}", "ends_at": f"{begin + 60 * MINUTE:%Y-%m-%dT%H:%M}",
        "reason-en": "New discs.", "reason-zh-hant": "更換硬碟。", "reason-zh-hans": "",
    }  # fmt: skip
    return client.post(f"/control/backends/{backend.code}/maintenances", usual | said, follow=True)


def test_operations_note_a_maintenance(client: Client, ops: User, backend: Backend) -> None:
    text = noted(client, backend).content.decode()
    found = Maintenance.objects.get()
    assert (found.created_by, found.reason_zh_hans, "New discs." in text) == (ops, "更换硬碟。", True)


@pytest.mark.parametrize(
    "wrong", [{"ends_at": "2020-01-01T00:00"}, {"starts_at": ""}, {"ends_at": "soon"}, {"reason-en": " "}]
)
def test_what_is_missing_of_a_maintenance_is_said(client: Client, backend: Backend, wrong: dict[str, str]) -> None:
    response = noted(client, backend, **wrong)
    assert (response.status_code, "Please add:" in response.content.decode()) == (422, True)


def under_way(backend: Backend) -> Maintenance:
    now = timezone.now()
    return Maintenance.objects.create(backend=backend, starts_at=now - MINUTE, ends_at=now + 60 * MINUTE, reason_en="x")


def test_a_maintenance_ended_early_lets_its_calls_go(
    client: Client, undelivered: Undelivered, backend: Backend
) -> None:
    maintenance = under_way(backend)
    held = queued(undelivered, backend, trouble="closed", due_at=maintenance.ends_at)
    client.post(f"/control/maintenances/{maintenance.pk}/end")
    maintenance.refresh_from_db()
    assert (maintenance.ends_at <= timezone.now(), ServiceCall.objects.get(pk=held.pk).due_at <= timezone.now()) == (
        True, True,
    )  # fmt: skip


def test_a_maintenance_that_is_called_off_does_not_happen(client: Client, backend: Backend) -> None:
    noted(client, backend)
    client.post(f"/control/maintenances/{Maintenance.objects.get().pk}/end")
    assert Maintenance.objects.count() == 0
    assert Change.objects.filter(verb="maintenance.called_off").exists()


def test_a_maintenance_under_way_is_the_state_of_its_backend(client: Client, backend: Backend) -> None:
    under_way(backend)
    found = html.fromstring(client.get("/control/backends/").content)
    assert found.xpath("//tbody//*[contains(@class,'tag')]/text()") == ["maintenance"]


def test_the_opening_hours_are_said_in_words(client: Client, backend: Backend) -> None:
    hours = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    Backend.objects.update(service_window=hours | {"general_holidays": "closed"})
    said = page(client, backend)
    assert "Monday to Friday: 9:00–17:00" in said
    assert "Saturday to Sunday: not open" in said
    assert "Closed on general holidays" in said


# --- Incidents ------------------------------------------------------------------------------------
def test_incidents_are_listed_open_ones_first(client: Client, backend: Backend) -> None:
    now = timezone.now()
    Incident.objects.create(backend=backend, started_at=now - 60 * MINUTE, cause="time-out")
    Incident.objects.create(started_at=now - 9 * MINUTE, ended_at=now, cause="no heartbeat for 9 minutes")
    found = html.fromstring(client.get("/control/incidents/").content)
    assert found.xpath("//li[@class='incident']//*[contains(@class,'tag')]/text()") == ["open", "over"]
    assert [code.text for code in found.xpath("//li[@class='incident']//p/code")] == [
        "time-out", "no heartbeat for 9 minutes",
    ]  # fmt: skip


def test_an_incident_says_how_many_people_it_holds_up(client: Client, undelivered: Undelivered) -> None:
    call = queued(undelivered)
    Incident.objects.create(backend=call.backend, started_at=timezone.now() - 60 * MINUTE)
    said = text_of(client, "/control/incidents/")
    assert "1 function · 1 call held up · 1 person" in said
    assert "for 1 hour" in said


def test_no_incident_says_when_it_was_asked(client: Client) -> None:
    said = text_of(client, "/control/incidents/")
    assert ("No incident so far" in said, "Asked at" in said) == (True, True)


@pytest.mark.parametrize("path", ["probe", "close-breaker", "maintenances"])
def test_only_operations_may(client: Client, broken: Backend, path: str) -> None:
    client.force_login(OfficerFactory(department=broken.department))
    response = client.post(f"/control/backends/{broken.code}/{path}", {"reason": "mine"})
    assert (response.status_code, Lane.objects.get().breaker(timezone.now())) == (403, "open")
