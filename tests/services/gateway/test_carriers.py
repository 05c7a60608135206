"""Calls wait on one list, and one task takes many of them."""

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from celery.contrib.testing.worker import start_worker
from django.conf import LazySettings

from portal.celery import app
from services.gateway import carriers, doorbell
from services.gateway.events import broker
from services.gateway.models import ServiceCall
from tests.services.gateway.conftest import MakeCall
from tests.services.twins.running import Twins

pytestmark = pytest.mark.django_db(transaction=True)
QUEUE = "calls"


@pytest.fixture(autouse=True)
def _no_one_waits() -> Iterator[None]:
    """Nothing on the list, no task on the queue, and threads as the settings of this test say."""
    for made in (carriers._threads, carriers._free):
        made.cache_clear()
    broker().delete(doorbell.LIST, QUEUE)
    yield
    broker().delete(doorbell.LIST, QUEUE)
    for made in (carriers._threads, carriers._free):
        made.cache_clear()


def until_all_are(status: str) -> None:
    deadline = time.monotonic() + 20
    while ServiceCall.objects.exclude(status=status).exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_one_task_is_rung_for_however_many_calls_wait() -> None:
    for _ in range(5):
        doorbell.ring(uuid4())
    assert (broker().llen(doorbell.LIST), broker().llen(QUEUE)) == (5, 1)


def test_a_bell_that_nobody_heard_is_rung_again_by_the_sweeper() -> None:
    doorbell.ring(uuid4())
    broker().delete(QUEUE)  # the task is lost, and the list is not empty
    doorbell.ring_again([uuid4()])
    assert broker().llen(QUEUE) == 1


def test_a_list_that_nobody_takes_from_is_not_lengthened_by_the_sweeper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "LONG", 3)
    for _ in range(4):
        doorbell.ring_again([uuid4(), uuid4()])
    assert broker().llen(doorbell.LIST) == 4


def test_calls_that_wait_are_taken_together_and_each_is_delivered_once(make_call: MakeCall, twins: Twins) -> None:
    calls = [make_call() for _ in range(5)]
    for call in [*calls, *calls]:  # each is named twice
        doorbell.ring(call.pk)
    assert carriers.carry_some()
    until_all_are("completed")
    assert not carriers.carry_some()
    assert [twins.effects("td-rest", call.receipt) for call in calls] == [["filed"]] * 5


def test_no_more_calls_are_taken_than_threads_are_free(
    make_call: MakeCall, twins: Twins, settings: LazySettings
) -> None:
    settings.GATEWAY_CALLS_AT_ONCE = 2
    for _ in range(3):
        doorbell.ring(make_call().pk)
    assert carriers.carry_some()
    assert broker().llen(doorbell.LIST) == 1
    assert carriers.carry_some()  # waits until one of the two is done
    until_all_are("completed")


def test_a_claim_that_fails_leaves_the_threads_free(settings: LazySettings) -> None:
    settings.GATEWAY_CALLS_AT_ONCE = 1
    broker().rpush(doorbell.LIST, b"no key")
    with pytest.raises(ValueError, match="16"):
        carriers.carry_some()
    assert not carriers.carry_some()


def test_a_worker_that_is_stopped_finishes_its_calls_first(make_call: MakeCall, twins: Twins) -> None:
    twins.set_mode("td-rest", "slow", 700)
    call = make_call()
    with start_worker(app, perform_ping_check=False, pool="threads", concurrency=2, queues=[QUEUE]):
        doorbell.ring(call.pk)
        while ServiceCall.objects.get(pk=call.pk).status == "accepted":
            time.sleep(0.05)
    assert ServiceCall.objects.get(pk=call.pk).status == "completed"
