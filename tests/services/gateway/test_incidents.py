"""One row for one trouble, whatever its size and however many workers meet it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from services.gateway import incidents, tasks
from services.gateway.models import Attempt, Heartbeat, Incident, ServiceCall
from services.registry.models import Backend
from tests.factories import BackendFactory
from tests.services.gateway.conftest import MakeCall

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()
MINUTE = timedelta(minutes=1)


def test_a_second_failure_is_the_same_incident() -> None:
    backend = BackendFactory()
    assert incidents.opened(backend, NOW, "connection refused")
    assert not incidents.opened(backend, NOW + MINUTE, "time-out")
    assert (Incident.objects.get().cause, Incident.objects.get().started_at) == ("connection refused", NOW)


def test_many_workers_open_one_incident() -> None:
    backend = BackendFactory()

    def fail(number: int) -> bool:
        try:
            return incidents.opened(backend, NOW + number * timedelta(microseconds=1))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as workers:
        first = list(workers.map(fail, range(8)))
    assert (first.count(True), Incident.objects.count()) == (1, 1)


def test_an_incident_ends_once() -> None:
    backend = BackendFactory()
    incidents.opened(backend, NOW)
    assert [incidents.closed(backend, NOW + number * MINUTE) for number in (5, 6)] == [True, False]
    assert Incident.objects.get().ended_at == NOW + 5 * MINUTE


def test_an_end_noted_by_a_slower_clock_is_not_before_the_beginning() -> None:
    backend = BackendFactory()
    incidents.opened(backend, NOW)
    incidents.closed(backend, NOW - MINUTE)
    assert Incident.objects.get().ended_at == NOW


def test_after_its_end_the_next_trouble_is_another() -> None:
    backend = BackendFactory()
    incidents.opened(backend, NOW)
    incidents.closed(backend, NOW + MINUTE)
    assert incidents.opened(backend, NOW + 2 * MINUTE)
    assert Incident.objects.count() == 2


@pytest.mark.parametrize("backend", [True, False], ids=["a backend", "the portal"])
def test_the_database_takes_one_open_incident_only(backend: bool) -> None:
    whose = BackendFactory() if backend else None
    incidents.opened(whose, NOW)
    with pytest.raises(IntegrityError, match="incident_one_open_per_backend"):
        Incident.objects.create(backend=whose, started_at=NOW + MINUTE)


# --- How far it reaches ---------------------------------------------------------------------------
def test_an_incident_counts_functions_calls_and_people(make_call: MakeCall) -> None:
    calls = [make_call(caller="user:1"), make_call(caller="user:1"), make_call(caller="user:2")]
    make_call("soap", caller="user:3")
    incident = trouble_of(calls[0].backend)
    assert incidents.affected(incident) == incidents.Affected(functions=3, calls=3, people=2)


def trouble_of(backend: Backend | None, **values: datetime) -> Incident:
    return Incident.objects.create(backend=backend, **({"started_at": timezone.now()} | values))


def test_what_is_done_already_is_not_held_up(make_call: MakeCall) -> None:
    call = make_call(status="completed", finished_at=NOW)
    assert incidents.affected(trouble_of(call.backend)).calls == 0


def test_a_call_that_failed_meanwhile_counts_once(make_call: MakeCall) -> None:
    call = make_call(status="failed", finished_at=timezone.now())
    incident = trouble_of(call.backend, started_at=NOW - MINUTE)
    for number in range(3):
        Attempt.objects.create(
            call=call, backend=call.backend, number=number, started_at=timezone.now(), duration_ms=1, outcome="busy"
        )
    assert incidents.affected(incident).calls == 1


def test_afterwards_the_calls_made_meanwhile_are_counted(make_call: MakeCall) -> None:
    call = make_call(status="completed", finished_at=NOW, accepted_at=NOW - 5 * MINUTE)
    before = make_call(status="completed", finished_at=NOW, accepted_at=NOW - 50 * MINUTE)
    over = trouble_of(call.backend, started_at=NOW - 10 * MINUTE, ended_at=NOW)
    assert before.backend == call.backend
    assert incidents.affected(over).calls == 1


def test_the_portals_own_outage_reaches_every_backend(make_call: MakeCall) -> None:
    make_call(accepted_at=NOW - MINUTE)
    make_call("soap", accepted_at=NOW - MINUTE)
    assert incidents.affected(trouble_of(None, started_at=NOW - 5 * MINUTE, ended_at=NOW)).calls == 2


def test_many_incidents_are_counted_in_one_query(make_call: MakeCall, django_assert_num_queries: object) -> None:
    rows = [trouble_of(make_call(name).backend) for name in ("rest", "soap")]
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert [found.calls for found in incidents.affected_of([*rows, Incident(started_at=NOW)])] == [
            1,
            1,
            2,
        ]


# --- The portal's own heart -----------------------------------------------------------------------
@pytest.mark.parametrize(("minutes", "is_outage"), [(1, False), (3, False), (4, True)])
def test_a_silence_of_more_than_three_minutes_is_an_incident(minutes: int, is_outage: bool) -> None:
    incidents.beat(NOW)
    assert incidents.beat(NOW + minutes * MINUTE) == is_outage
    assert Incident.objects.filter(backend=None).exists() == is_outage


def test_a_silence_is_dated_from_the_last_heartbeat() -> None:
    incidents.beat(NOW)
    incidents.beat(NOW + 10 * MINUTE)
    found = Incident.objects.get()
    assert (found.started_at, found.ended_at) == (NOW, NOW + 10 * MINUTE)


def test_a_silence_is_seen_while_it_lasts() -> None:
    incidents.beat(NOW)
    assert incidents.silence(NOW + MINUTE) is None
    silence = incidents.silence(NOW + 4 * MINUTE)
    assert silence is not None
    assert silence.started_at == NOW


def test_the_pulse_beats() -> None:
    tasks.pulse()
    tasks.pulse()
    assert Heartbeat.objects.count() == 1


def test_a_heart_that_beats_late_does_not_go_back() -> None:
    incidents.beat(NOW)
    incidents.beat(NOW - MINUTE)
    assert Heartbeat.objects.get().at == NOW


# --- One notice, one all-clear --------------------------------------------------------------------
def test_a_person_is_told_once_however_many_calls_wait(make_call: MakeCall) -> None:
    call = make_call(caller="user:1")
    for name in ("rest", "rest", "soap"):
        make_call(name, caller="user:1")
    trouble_of(call.backend)
    trouble_of(Backend.objects.get(connector="soap"))
    (notice,) = incidents.notices(["user:1"], timezone.now())
    assert (notice.departments, notice.is_over) == (["Transport Department"], False)


def test_nobody_is_told_of_a_trouble_that_is_not_theirs(make_call: MakeCall) -> None:
    call = make_call(caller="user:1", status="completed", finished_at=timezone.now())
    trouble_of(call.backend)
    assert incidents.notices(["user:1", "user:2"], timezone.now()) == []


@pytest.mark.parametrize(("hours", "is_told"), [(1, True), (25, False)])
def test_the_all_clear_is_told_for_a_day(make_call: MakeCall, hours: int, is_told: bool) -> None:
    ended = timezone.now() - timedelta(hours=hours)
    call = make_call(accepted_at=ended - MINUTE, status="completed", finished_at=ended, caller="user:1")
    trouble_of(call.backend, started_at=ended - 9 * MINUTE, ended_at=ended)
    assert [notice.is_over for notice in incidents.notices(["user:1"], timezone.now())] == [True] * is_told


def test_there_is_no_all_clear_for_what_is_in_trouble_again(make_call: MakeCall) -> None:
    call = make_call(caller="user:1", accepted_at=NOW - 9 * MINUTE)
    trouble_of(call.backend, started_at=NOW - 8 * MINUTE, ended_at=NOW - 7 * MINUTE)
    trouble_of(call.backend)
    assert [notice.is_over for notice in incidents.notices(["user:1"], timezone.now())] == [False]


def test_there_is_no_all_clear_beside_a_trouble_of_the_same_department(make_call: MakeCall) -> None:
    held, well = make_call(caller="user:1"), make_call("soap", caller="user:1", accepted_at=NOW - 9 * MINUTE)
    trouble_of(held.backend)
    trouble_of(well.backend, started_at=NOW - 8 * MINUTE, ended_at=NOW - 7 * MINUTE)
    assert [notice.is_over for notice in incidents.notices(["user:1"], timezone.now())] == [False]


def test_a_silent_portal_is_said_to_those_who_wait(make_call: MakeCall) -> None:
    make_call(caller="user:1")
    incidents.beat(NOW - 10 * MINUTE)
    (notice,) = incidents.notices(["user:1"], timezone.now())
    assert (notice.departments, notice.is_over) == ([], False)


def test_a_call_page_is_told_of_its_own_call_only(make_call: MakeCall) -> None:
    held, other = make_call(caller="user:1"), make_call("soap", caller="user:1")
    trouble_of(held.backend)
    told = [len(incidents.notices(["user:1"], timezone.now(), receipt=call.receipt)) for call in (held, other)]
    assert told == [1, 0]


def test_a_call_withdrawn_is_held_up_no_more(make_call: MakeCall) -> None:
    call = make_call(caller="user:1")
    trouble_of(call.backend)
    ServiceCall.objects.update(status="withdrawn", finished_at=timezone.now())
    assert incidents.notices(["user:1"], timezone.now()) == []
