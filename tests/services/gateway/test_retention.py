import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from identity.consent.models import Disclosure, Question
from services.forms import files
from services.gateway import flows, retention, tasks
from services.gateway.models import BatchRecord, HookEvent, ServiceCall
from services.registry import flows as registry
from services.registry.errors import Incomplete, RegistryError
from services.registry.models import FilingPeriod, ServiceFunction
from tests.factories import OfficerFactory, ServiceFunctionFactory, UserFactory, form_for, version_of

FORM = form_for("topic:text;photo:file", action="enquire")
DATA = {"topic": "A secret matter", "applicant_name": "CHAN Tai Man", "applicant_hkid": "A123456(3)"}


@pytest.fixture
def function(db: None) -> ServiceFunction:
    return ServiceFunctionFactory(
        version__form=FORM, version__action="enquire", version__retention_days=30, department__retention_days=60
    )


def sent(function: ServiceFunction, *, days_ago: float = 31, status: str = "completed", **values: Any) -> ServiceCall:
    """A call that ended so many days ago."""
    person = UserFactory()
    call, _ = flows.submit(
        function, values.pop("data", DATA), person=person, caller=f"user:{person.pk}", idempotency_key="1",
        language="en", acr="basic",
    )  # fmt: skip
    call.status = status
    call.answer = {"rule": 0, "values": {"number": "7"}}
    if call.is_final:
        call.finished_at = timezone.now() - timedelta(days=days_ago)
        call.accepted_at = call.finished_at - timedelta(minutes=1)
    for name, value in values.items():
        setattr(call, name, value)
    call.save()
    return call


def is_blank(call: ServiceCall) -> bool:
    call.refresh_from_db()
    return call.blanked_at is not None and call.payload == retention.BLANK and call.answer is None


def test_what_was_sent_goes_on_time_and_the_receipt_stays(function: ServiceFunction) -> None:
    call = sent(function)
    before = (call.receipt, call.sent_sha256, call.accepted_at, call.finished_at, call.status)
    tasks.blank_ended()
    assert is_blank(call)
    assert (call.receipt, call.sent_sha256, call.accepted_at, call.finished_at, call.status) == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM gateway_servicecall WHERE answer IS NULL")
        assert cursor.fetchone() == (1,)


def test_nothing_goes_before_its_time(function: ServiceFunction) -> None:
    call = sent(function, days_ago=29)
    assert retention.blank_due(timezone.now()) == 0
    assert not is_blank(call)


@pytest.mark.parametrize(("days_ago", "goes"), [(59, False), (61, True)])
def test_a_function_without_days_of_its_own_has_its_departments(db: None, days_ago: int, goes: bool) -> None:
    made = ServiceFunctionFactory(version__form=FORM, version__action="enquire", department__retention_days=60)
    call = sent(made, days_ago=days_ago)
    retention.blank_due(timezone.now())
    assert is_blank(call) is goes


@pytest.mark.parametrize(
    ("status", "values", "goes"),
    [
        ("completed", {}, True),
        ("rejected", {}, True),
        ("withdrawn", {}, True),
        ("failed", {}, False),  # a dead letter: a human still has to decide
        ("failed", {"closed_at": datetime(2020, 1, 1, tzinfo=UTC)}, True),
        ("failed", {"closed_at": "now"}, False),
        ("in_doubt", {}, False),
        ("waiting", {}, False),
        ("accepted", {}, False),
    ],
)
def test_only_what_has_ended_goes(function: ServiceFunction, status: str, values: dict[str, Any], goes: bool) -> None:
    values = {name: timezone.now() if value == "now" else value for name, value in values.items()}
    call = sent(function, status=status, **values)
    if not call.is_final:
        ServiceCall.objects.filter(pk=call.pk).update(accepted_at=timezone.now() - timedelta(days=400))
    retention.blank_due(timezone.now())
    assert is_blank(call) is goes


@pytest.mark.parametrize(("closes_in", "goes"), [(5, False), (-20, False), (-31, True)])
def test_a_deadline_that_may_be_disputed_keeps_it(function: ServiceFunction, closes_in: int, goes: bool) -> None:
    call, now = sent(function, days_ago=50), timezone.now()
    FilingPeriod.objects.create(
        function=function, opens_at=now - timedelta(days=60), closes_at=now + timedelta(days=closes_in)
    )
    retention.blank_due(now)
    assert is_blank(call) is goes


def test_a_question_that_nobody_has_answered_keeps_it(function: ServiceFunction) -> None:
    call, now = sent(function), timezone.now()
    line = Disclosure.objects.get(reference=call.receipt)
    assert line.person is not None
    asked = Question.objects.create(disclosure=line, person=line.person, recipient="x", text="Why?", due_at=now)
    retention.blank_due(now)
    assert not is_blank(call)
    asked.answer, asked.answered_at, asked.answered_by = "Because.", now, UserFactory()
    asked.save()
    retention.blank_due(now)
    assert is_blank(call)


def test_its_files_its_batch_record_and_words_by_webhook_go_too(function: ServiceFunction) -> None:
    from services.forms.models import StoredFile

    call = sent(function)
    StoredFile.objects.create(caller=f"call:{call.receipt}", name="me.png", type="image/png", size=1, content=b"1")
    other = StoredFile.objects.create(caller="user:x", name="me.png", type="image/png", size=1, content=b"1")
    record = BatchRecord.objects.create(call=call, backend=call.backend, content={"NAME": "CHAN"})
    event = HookEvent.objects.create(
        backend=call.backend, event_id="1", call=call, outcome="progress", words={"en": "Seen by Mr Chan"}
    )
    retention.blank_due(timezone.now())
    record.refresh_from_db()
    event.refresh_from_db()
    assert (record.content, event.words) == ({}, None)
    assert [file.pk for file in StoredFile.objects.all()] == [other.pk]
    assert files.read(other) == b"1"


def test_more_than_a_batch_goes_in_one_night(function: ServiceFunction, monkeypatch: Any) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    calls = [sent(function) for _each in range(5)]
    assert retention.blank_due(timezone.now()) == 5
    assert all(is_blank(call) for call in calls)


def test_two_tasks_at_once_blank_each_call_once(transactional_db: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    made = ServiceFunctionFactory(version__form=FORM, version__action="enquire", version__retention_days=30)
    for _each in range(8):
        sent(made)
    counts: list[int] = []

    def work() -> None:
        counts.append(retention.blank_due(timezone.now()))
        connection.close()

    threads = [threading.Thread(target=work) for _each in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 8


def test_a_repeated_submit_still_gives_the_first_receipt(function: ServiceFunction) -> None:
    call = sent(function)
    retention.blank_due(timezone.now())
    again, is_new = flows.submit(
        function, DATA, person=call.person, caller=call.caller, idempotency_key="1", language="en", acr="basic"
    )
    assert (again.receipt, is_new) == (call.receipt, False)


def test_an_approved_versions_days_are_never_changed(function: ServiceFunction) -> None:
    version = version_of(function)
    version.retention_days = 5
    with pytest.raises(DatabaseError), transaction.atomic():
        version.save(update_fields=["retention_days"])


@pytest.mark.parametrize("days", [0, 3_654])
def test_a_departments_days_are_bounded(function: ServiceFunction, days: int) -> None:
    with pytest.raises(Incomplete):
        registry.keep_for(function.department, days, by=OfficerFactory(department=function.department))


def test_only_officers_of_the_department_set_its_days(function: ServiceFunction) -> None:
    registry.keep_for(function.department, 90, by=OfficerFactory(department=function.department))
    function.department.refresh_from_db()
    assert function.department.retention_days == 90
    with pytest.raises(RegistryError):
        registry.keep_for(function.department, 10, by=OfficerFactory())
