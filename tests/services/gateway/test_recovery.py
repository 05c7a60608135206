"""Calls that nobody holds, and calls of which nobody knows what became."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from services.gateway import recovery, tasks
from services.gateway.models import Attempt, ServiceCall
from services.registry.models import Backend
from tests.services.gateway import delivering
from tests.services.gateway.conftest import MakeCall
from tests.services.twins.running import Twins

pytestmark = pytest.mark.django_db(transaction=True)


def now_due(call: ServiceCall) -> ServiceCall:
    ServiceCall.objects.filter(pk=call.pk).update(due_at=timezone.now())
    return ServiceCall.objects.get(pk=call.pk)


def long_ago(call: ServiceCall) -> None:
    """As if the last attempt had ended long enough ago for a slow request to have arrived."""
    Attempt.objects.filter(call=call).update(started_at=timezone.now() - timedelta(minutes=5))


def in_doubt(make_call: MakeCall, twins: Twins, mode: str) -> ServiceCall:
    delivering.deliver(make_call("soap").pk)  # fetches the WSDL while all is well
    call = make_call("soap")
    twins.set_mode("td-soap", mode)
    delivering.deliver(call.pk)
    twins.set_mode("td-soap", "ok")
    return now_due(call)


def test_a_call_whose_worker_died_is_taken_back(make_call: MakeCall) -> None:
    call = make_call()
    delivering.claim(call.pk)
    recovery.free_abandoned(timezone.now() + timedelta(hours=1))
    assert ServiceCall.objects.get(pk=call.pk).status == "accepted"


def test_a_call_that_may_have_arrived_is_taken_back_in_doubt(make_call: MakeCall) -> None:
    call = make_call("soap")
    delivering.claim(call.pk)
    recovery.free_abandoned(timezone.now() + timedelta(hours=1))
    assert ServiceCall.objects.get(pk=call.pk).status == "in_doubt"


def test_a_call_that_a_worker_holds_is_left_alone(make_call: MakeCall) -> None:
    call = make_call()
    delivering.claim(call.pk)
    assert recovery.free_abandoned(timezone.now()) == 0


def test_the_sweeper_finds_a_call_whose_doorbell_was_lost(make_call: MakeCall) -> None:
    call = make_call()
    assert recovery.waiting_calls(timezone.now()) == [call.pk]


def test_the_sweeper_rings_for_no_more_calls_than_the_lane_bears(
    make_call: MakeCall, backend: Callable[..., Backend]
) -> None:
    narrow = backend(max_concurrency=2)
    calls = [make_call(to=narrow) for _ in range(3)]
    delivering.claim(calls[0].pk)
    assert recovery.waiting_calls(timezone.now()) == [calls[1].pk]


def test_the_sweeper_rings_first_where_a_person_waits(make_call: MakeCall, backend: Callable[..., Backend]) -> None:
    narrow = backend(max_concurrency=1)
    make_call(to=narrow, priority=ServiceCall.Priority.BACKGROUND)
    waited_for = make_call(to=narrow)
    assert recovery.waiting_calls(timezone.now()) == [waited_for.pk]


def test_a_backlog_of_one_backend_hides_no_calls_of_another(
    make_call: MakeCall, backend: Callable[..., Backend]
) -> None:
    narrow = backend(max_concurrency=1)
    for _ in range(3):
        make_call(to=narrow)
    other = make_call("soap")
    assert other.pk in recovery.waiting_calls(timezone.now())


def test_a_filed_call_in_doubt_is_settled_by_asking(make_call: MakeCall, twins: Twins) -> None:
    call = in_doubt(make_call, twins, "drop_after_accept")
    recovery.settle_in_doubt(call.pk)
    assert ServiceCall.objects.get(pk=call.pk).status == "completed"
    assert twins.effects("td-soap", call.receipt) == ["filed"]


def test_a_call_in_doubt_that_never_arrived_is_sent_again(make_call: MakeCall, twins: Twins) -> None:
    call = in_doubt(make_call, twins, "error")
    long_ago(call)
    recovery.settle_in_doubt(call.pk)
    delivering.deliver(now_due(call).pk)
    assert ServiceCall.objects.get(pk=call.pk).status == "completed"
    assert twins.effects("td-soap", call.receipt) == ["filed"]


def test_a_call_that_may_still_be_on_its_way_stays_in_doubt(make_call: MakeCall, twins: Twins) -> None:
    call = in_doubt(make_call, twins, "hang")
    recovery.settle_in_doubt(call.pk)
    assert ServiceCall.objects.get(pk=call.pk).status == "in_doubt"


def test_while_the_department_cannot_be_asked_the_call_stays_in_doubt(make_call: MakeCall, twins: Twins) -> None:
    call = in_doubt(make_call, twins, "error")
    long_ago(call)
    twins.set_mode("td-soap", "down")
    recovery.settle_in_doubt(call.pk)
    found = ServiceCall.objects.get(pk=call.pk)
    assert (found.status, found.lookup_count) == ("in_doubt", 1)


@pytest.mark.parametrize("connector", ["rest", "soap"])
def test_a_probe_tells_a_healthy_backend_from_a_dead_one(
    backend: Callable[..., Backend], twins: Twins, connector: str
) -> None:
    probed = backend(connector)
    tasks.probe_backend(probed.pk)
    probed.lane.refresh_from_db()
    well = probed.lane.probe_ok
    twins.set_mode(f"td-{connector}", "down")
    tasks.probe_backend(probed.pk)
    probed.lane.refresh_from_db()
    assert (well, probed.lane.probe_ok) == (True, False)
