"""One delivery after another, to real departments that answer, refuse, hang and lie."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone

from services.gateway import delivery, lanes, recovery
from services.gateway.connectors.base import Outcome
from services.gateway.models import Lane, ServiceCall
from services.registry.models import Backend
from tests.services.gateway import delivering
from tests.services.gateway.conftest import MakeCall
from tests.services.twins.running import Twins

pytestmark = pytest.mark.django_db(transaction=True)


def deliver(call: ServiceCall) -> ServiceCall:
    delivering.deliver(call.pk)
    return ServiceCall.objects.get(pk=call.pk)


@pytest.mark.parametrize("connector", ["rest", "soap"])
def test_a_call_reaches_the_department_once_and_its_answer_comes_back(
    make_call: MakeCall, twins: Twins, connector: str
) -> None:
    call = deliver(make_call(connector))
    assert call.status == "completed"
    assert call.answer["values"]["case_number"].startswith("TD-")
    assert twins.effects(f"td-{connector}", call.receipt) == ["filed"]


@pytest.mark.parametrize("connector", ["rest", "soap"])
def test_the_departments_no_is_an_answer_with_its_reason(make_call: MakeCall, connector: str) -> None:
    call = deliver(make_call(connector, {"licence_number": "VOID-1"}))
    assert call.status == "rejected"
    assert call.answer["values"]["reason"]


def test_a_doorbell_rung_twice_delivers_once(make_call: MakeCall, twins: Twins) -> None:
    call = make_call()
    deliver(call)
    deliver(call)
    assert twins.effects("td-rest", call.receipt) == ["filed"]


def test_only_one_of_many_workers_gets_the_call(make_call: MakeCall) -> None:
    call = make_call()

    def claim(_: int) -> bool:
        try:
            return delivering.claim(call.pk) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as workers:
        assert sum(workers.map(claim, range(8))) == 1


@pytest.mark.parametrize("mode", ["hang", "down", "error", "garbage", "drop_after_accept"])
def test_a_department_that_recognises_a_receipt_is_asked_again(make_call: MakeCall, twins: Twins, mode: str) -> None:
    twins.set_mode("td-rest", mode)
    call = deliver(make_call())
    assert (call.status, call.trouble, call.attempts.get().outcome) == ("accepted", "ambiguous", "ambiguous")
    assert call.due_at > timezone.now()


@pytest.mark.parametrize("mode", ["hang", "down", "error", "garbage", "drop_after_accept"])
def test_a_department_that_does_not_is_never_asked_blindly(make_call: MakeCall, twins: Twins, mode: str) -> None:
    call = make_call("soap")
    deliver(make_call("soap"))  # so that the WSDL is at hand when the trouble begins
    twins.set_mode("td-soap", mode)
    assert deliver(call).status == "in_doubt"


def test_after_an_answer_lost_on_the_way_the_next_try_files_nothing_new(make_call: MakeCall, twins: Twins) -> None:
    twins.set_mode("td-rest", "drop_after_accept")
    call = deliver(make_call())
    twins.set_mode("td-rest", "ok")
    ServiceCall.objects.filter(pk=call.pk).update(due_at=timezone.now())
    assert deliver(call).status == "completed"
    assert twins.effects("td-rest", call.receipt) == ["filed", "replayed"]


def test_a_department_that_cannot_be_reached_is_tried_again_even_if_it_would_file_twice(
    make_call: MakeCall, backend: Callable[..., Backend]
) -> None:
    nowhere = backend("rest", address="http://127.0.0.1:9/", is_idempotent=False)
    call = deliver(make_call(to=nowhere))
    assert (call.status, call.trouble) == ("accepted", "unreached")


def test_a_call_that_fails_too_often_waits_for_a_human(make_call: MakeCall, backend: Callable[..., Backend]) -> None:
    call = deliver(make_call(to=backend(address="http://127.0.0.1:9/"), attempt_count=7))
    assert call.status == "failed"
    assert list(ServiceCall.objects.undelivered()) == [call]


def test_a_call_is_not_called_undelivered_while_an_earlier_try_may_have_been_filed(
    make_call: MakeCall, backend: Callable[..., Backend], twins: Twins
) -> None:
    call = make_call(attempt_count=6)
    twins.set_mode("td-rest", "drop_after_accept")
    deliver(call)
    backend(address="http://127.0.0.1:9/")
    ServiceCall.objects.filter(pk=call.pk).update(due_at=timezone.now())
    assert deliver(call).status == "in_doubt"
    twins.set_mode("td-rest", "ok")
    backend()
    ServiceCall.objects.filter(pk=call.pk).update(due_at=timezone.now())
    recovery.settle_in_doubt(call.pk)
    assert ServiceCall.objects.get(pk=call.pk).status == "completed"


def test_a_rate_limited_backend_gets_one_call_after_the_other(
    make_call: MakeCall, backend: Callable[..., Backend]
) -> None:
    slow = backend(max_per_minute=12)
    calls = [make_call(to=slow) for _ in range(4)]
    assert [delivering.claim(call.pk) is not None for call in calls] == [True, False, False, False]
    waits = [(ServiceCall.objects.get(pk=call.pk).due_at - timezone.now()).total_seconds() for call in calls[1:]]
    assert [round(wait / 5) for wait in waits] == [1, 2, 2]  # places 5 s apart; none is given away beyond 10 s


def test_a_call_whose_place_has_come_leaves_without_waiting_again(
    make_call: MakeCall, backend: Callable[..., Backend]
) -> None:
    slow = backend(max_per_minute=12)
    first, second = make_call(to=slow), make_call(to=slow)
    assert delivering.claim(first.pk)
    assert delivering.claim(second.pk) is None
    assert delivering.claim(second.pk, timezone.now() + timedelta(seconds=6))


def test_failures_of_calls_in_the_air_do_not_prolong_an_open_breaker(make_call: MakeCall) -> None:
    call, now = make_call(), timezone.now()
    with transaction.atomic():
        for _ in range(lanes.FAILURES_TO_OPEN + 6):
            lanes.note(call.backend, Outcome(Outcome.AMBIGUOUS), now)
    lane = Lane.objects.get()
    assert (lane.failures, lane.open_until) == (lanes.FAILURES_TO_OPEN, now + timedelta(seconds=10))


def test_a_request_that_cannot_be_built_is_not_retried(make_call: MakeCall) -> None:
    call = make_call()
    type(call.version).objects.filter(pk=call.version_id)
    with connection.cursor() as cursor:  # an approved version cannot be changed, only replaced
        cursor.execute("ALTER TABLE registry_functionversion DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE registry_functionversion SET request_map = %s WHERE id = %s",
            ['{"path": "../elsewhere"}', call.version_id],
        )
        cursor.execute("ALTER TABLE registry_functionversion ENABLE TRIGGER USER")
    assert deliver(call).status == "failed"


def test_no_more_calls_at_once_than_the_backend_bears(make_call: MakeCall, backend: Callable[..., Backend]) -> None:
    narrow = backend(max_concurrency=2)
    calls = [make_call(to=narrow) for _ in range(3)]
    assert [delivering.claim(call.pk) is not None for call in calls] == [True, True, False]


def test_a_call_that_found_the_lane_full_is_rung_when_a_slot_is_free(
    make_call: MakeCall, backend: Callable[..., Backend], twins: Twins
) -> None:
    narrow = backend(max_concurrency=1)
    first, behind = make_call(to=narrow), make_call(to=narrow)
    claimed = delivering.claim(first.pk)
    assert claimed is not None
    assert claimed.fills_lane
    assert delivering.claim(behind.pk) is None
    assert ServiceCall.objects.get(pk=behind.pk).trouble == "crowded"


def test_outside_its_hours_a_call_is_put_off_to_the_opening(
    make_call: MakeCall, backend: Callable[..., Backend]
) -> None:
    yesterday = (timezone.localtime() - timedelta(days=1)).strftime("%a").lower()
    closed = backend(service_window={yesterday: [["09:00", "09:01"]]})
    call = deliver(make_call(to=closed))
    assert (call.status, call.trouble) == ("accepted", "closed")
    assert call.due_at > timezone.now()


def test_the_breaker_opens_after_failures_in_a_row_and_spares_the_department(make_call: MakeCall, twins: Twins) -> None:
    twins.set_mode("td-rest", "error")
    for _ in range(lanes.FAILURES_TO_OPEN):
        deliver(make_call())
    spared = deliver(make_call())
    assert (spared.trouble, spared.attempt_count) == ("breaker", 0)


def test_after_a_while_one_call_tries_the_way_and_closes_the_breaker(
    make_call: MakeCall, backend: Callable[..., Backend]
) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Lane.objects.create(backend=backend(), failures=9, open_until=past)
    first, second = make_call(), make_call()
    claimed = delivering.claim(first.pk)
    assert claimed is not None
    assert delivering.claim(second.pk) is None
    outcome, took = delivery.carry(claimed.call)
    delivery.finish(claimed, outcome, duration_ms=took)
    assert Lane.objects.get().breaker(timezone.now()) == "closed"


def test_a_worker_that_lost_its_lease_still_brings_the_departments_word(make_call: MakeCall) -> None:
    call = make_call()
    claimed = delivering.claim(call.pk)
    assert claimed is not None
    outcome, took = delivery.carry(claimed.call)
    ServiceCall.objects.filter(pk=call.pk).update(status="in_doubt", lease=None, lease_until=None)
    delivery.finish(claimed, outcome, duration_ms=took)
    assert ServiceCall.objects.get(pk=call.pk).status == "completed"


def test_a_worker_that_lost_its_lease_changes_nothing_by_its_failure(make_call: MakeCall) -> None:
    call = make_call()
    claimed = delivering.claim(call.pk)
    assert claimed is not None
    other = UUID(int=1)
    ServiceCall.objects.filter(pk=call.pk).update(lease=other)
    delivery.finish(claimed, Outcome(Outcome.AMBIGUOUS), duration_ms=1)
    assert ServiceCall.objects.get(pk=call.pk).lease == other


def test_a_final_state_is_never_left(make_call: MakeCall) -> None:
    call = deliver(make_call())
    claimed = delivery.Claim(call, UUID(int=1), fills_lane=False)
    delivery.finish(claimed, Outcome(Outcome.AMBIGUOUS), duration_ms=1)
    assert ServiceCall.objects.get(pk=call.pk).status == "completed"


@pytest.mark.parametrize("connector", ["rest", "soap", "fixed-width"])
def test_a_worker_that_slept_past_its_lease_sends_nothing(make_call: MakeCall, twins: Twins, connector: str) -> None:
    """It may have been sent by another meanwhile, and some departments would file it again."""
    delivering.deliver(make_call(connector).pk)  # opens the connection
    call = make_call(connector)
    claimed = delivering.claim(call.pk)
    assert claimed
    outcome, _ = delivery.carry(claimed.call, leaves_by=time.monotonic())
    assert outcome.kind == Outcome.UNREACHED
    assert twins.effects(call.backend.code, call.receipt) == []
