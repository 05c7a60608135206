"""The daily list of what failed and why."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone

from services import moments
from services.gateway import digest, tasks
from services.gateway.models import Attempt, Incident, ServiceCall
from services.registry.models import Department
from tests.factories import OfficerFactory
from tests.services.gateway.conftest import MakeCall

pytestmark = pytest.mark.django_db(transaction=True)
DAY = date(2026, 3, 3)
NOON = datetime(2026, 3, 3, 12, tzinfo=moments.HONG_KONG)


@pytest.fixture(autouse=True)
def _settings(settings: Any) -> None:
    settings.OPERATIONS_EMAIL = "ops@example.hk"
    cache.clear()


def fail(call: ServiceCall, at: datetime = NOON, outcome: str = "unreached") -> None:
    Attempt.objects.create(call=call, backend=call.backend, number=1, started_at=at, duration_ms=1, outcome=outcome)


def test_failures_are_grouped_by_backend_and_cause(make_call: MakeCall) -> None:
    rest, soap = make_call(), make_call("soap")
    for call, outcome in ((rest, "unreached"), (rest, "unreached"), (rest, "busy"), (soap, "busy")):
        fail(call, outcome=outcome)
    found = [(group.backend.code, group.cause, group.attempts, group.calls) for group in digest.of(DAY).groups]
    assert found == [("td-rest", "unreached", 2, 1), ("td-rest", "busy", 1, 1), ("td-soap", "busy", 1, 1)]


def test_a_look_up_that_learned_nothing_is_no_failed_delivery(make_call: MakeCall) -> None:
    fail(make_call(), outcome="ambiguous")
    Attempt.objects.update(kind="lookup")
    assert digest.of(DAY).is_quiet


def test_a_group_has_its_first_and_last_time(make_call: MakeCall) -> None:
    call = make_call()
    for hours in (3, -3, 0):
        fail(call, NOON + timedelta(hours=hours))
    (group,) = digest.of(DAY).groups
    assert (group.first_at, group.last_at) == (NOON - timedelta(hours=3), NOON + timedelta(hours=3))


@pytest.mark.parametrize(("hour", "is_in"), [(-1, False), (0, True), (23, True), (24, False)])
def test_a_day_is_hong_kongs(make_call: MakeCall, hour: int, is_in: bool) -> None:
    fail(make_call(), NOON.replace(hour=0) + timedelta(hours=hour))
    assert bool(digest.of(DAY).groups) == is_in


def test_calls_that_need_a_human_come_first(make_call: MakeCall) -> None:
    busy, given_up = make_call(), make_call("soap", status="failed", finished_at=NOON, trouble="unsendable")
    fail(busy, outcome="busy")
    fail(busy, outcome="busy")
    fail(given_up, outcome="unsendable")
    assert [(group.backend.code, group.undelivered) for group in digest.of(DAY).groups] == [
        ("td-soap", 1),
        ("td-rest", 0),
    ]


def test_what_was_answered_is_no_failure(make_call: MakeCall) -> None:
    fail(make_call(), outcome="answered")
    assert digest.of(DAY).is_quiet


def test_an_incident_over_midnight_belongs_to_both_days(make_call: MakeCall) -> None:
    Incident.objects.create(
        backend=make_call().backend, started_at=NOON, ended_at=NOON + timedelta(days=1), cause="time-out"
    )
    assert [len(digest.of(DAY + timedelta(days=n)).incidents) for n in (-1, 0, 1, 2)] == [0, 1, 1, 0]


def test_a_day_without_failures_says_so() -> None:
    assert "nothing failed" in digest.text(digest.of(DAY))


def test_the_letter_says_where_why_when_and_leads_there(make_call: MakeCall, settings: Any) -> None:
    fail(make_call())
    said = digest.text(digest.of(DAY))
    wanted = [
        "Transport Department (td-rest)", "could not be reached", "12:00 pm",
        f"{settings.BASE_URL}/control/backends/td-rest/", f"{settings.BASE_URL}/control/days/2026-03-03/",
    ]  # fmt: skip
    assert [words for words in wanted if words not in said] == []


def test_the_query_count_does_not_grow(make_call: MakeCall, django_assert_num_queries: Any) -> None:
    for name in ("rest", "rest", "soap"):
        fail(make_call(name))
    with django_assert_num_queries(4):
        digest.of(DAY)


# --- Letters --------------------------------------------------------------------------------------
@pytest.fixture
def officers(make_call: MakeCall) -> list[str]:
    """A failure at td, whose officers and those of another department have addresses."""
    fail(make_call())
    OfficerFactory(email="other@example.hk")
    td = Department.objects.get(code="td")
    return [OfficerFactory(department=td, email=f"td-{number}@example.hk").email for number in range(2)]


def test_operations_and_the_departments_own_officers_get_a_letter(officers: list[str]) -> None:
    assert digest.send(DAY) == 2
    assert [letter.bcc for letter in mail.outbox] == [["ops@example.hk"], officers]


def test_an_officers_letter_holds_nothing_of_another_department(officers: list[str], make_call: MakeCall) -> None:
    Incident.objects.create(started_at=NOON, ended_at=NOON, cause="no heartbeat")
    digest.send(DAY)
    assert ["/control/" in letter.body for letter in mail.outbox] == [True, False]
    assert "Ferry itself" not in mail.outbox[1].body


def test_a_letter_leaves_once(officers: list[str]) -> None:
    assert [digest.send(DAY) for _ in range(2)] == [2, 0]


def test_a_letter_that_the_server_refused_leaves_later(officers: list[str], settings: Any) -> None:
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 1
    with pytest.raises(ConnectionRefusedError):
        digest.send(DAY)
    settings.EMAIL_BACKEND = backend
    assert digest.send(DAY) == 2


def test_without_an_address_operations_get_none(officers: list[str], settings: Any) -> None:
    settings.OPERATIONS_EMAIL = ""
    assert digest.send(DAY) == 1


def test_the_command_prints_and_mails(officers: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("digest", "--day", "2026-03-03")
    said = capsys.readouterr().out
    assert ("could not be reached" in said, "2 e-mails sent." in said, len(mail.outbox)) == (True, True, 2)


def test_the_command_only_prints_when_asked(officers: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("digest", "--day", "2026-03-03", "--no-mail")
    assert ("could not be reached" in capsys.readouterr().out, mail.outbox) == (True, [])


def test_the_morning_task_is_about_yesterday(make_call: MakeCall) -> None:
    fail(make_call(), timezone.now() - timedelta(days=1))
    tasks.send_digest()
    assert "failed deliveries 1" in mail.outbox[0].subject
