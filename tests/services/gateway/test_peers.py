"""How other portals lost or doubled what people had sent, and that this one cannot fail in the same way.

Each test names the report. Double clicks (XGov form builder #1117, va.gov #100753) are shown by
`test_two_clicks_at_once_make_one_call` of the review page and by `test_fifty_equal_requests_at_once_are_one_call`.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from identity.accounts.models import User
from services.gateway import flows, recovery
from services.gateway.errors import NotSettleable
from services.gateway.models import Lane, ServiceCall
from services.registry.models import Backend
from tests.factories import UserFactory
from tests.ports import free_port
from tests.services.gateway import delivering
from tests.services.gateway.conftest import MakeCall
from tests.services.twins.running import Twins

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def operator() -> User:
    return UserFactory(username="someone-of-operations")


@pytest.fixture
def nobody(backend: Callable[..., Backend]) -> Backend:
    """A department at whose address nobody listens."""
    return backend(address=f"http://127.0.0.1:{free_port()}/")


def try_now(call: ServiceCall) -> ServiceCall:
    """Deliver as if its time had come and the breaker were closed."""
    Lane.objects.filter(backend=call.backend).update(failures=0, open_until=None)
    ServiceCall.objects.filter(pk=call.pk, status="accepted").update(due_at=timezone.now())
    delivering.deliver(call.pk)
    return ServiceCall.objects.get(pk=call.pk)


def exhaust(call: ServiceCall) -> ServiceCall:
    """Try until nothing more is tried by itself."""
    for _ in range(100):
        call = try_now(call)
        if call.status != "accepted":
            return call
    raise AssertionError("the tries never end")


def test_open_forms_2198_a_submission_whose_broker_died_is_picked_up(make_call: MakeCall) -> None:
    """There, submissions stayed `pending` when their task was lost."""
    call = make_call()  # and nobody ever rings for it
    for call_id in recovery.waiting_calls(timezone.now()):
        delivering.deliver(call_id)
    assert ServiceCall.objects.get(pk=call.pk).status == "completed"


def test_open_forms_2198_a_submission_whose_worker_died_is_picked_up(make_call: MakeCall) -> None:
    call = make_call()
    assert delivering.claim(call.pk)  # and the worker is never heard of again
    recovery.free_abandoned(timezone.now() + HOUR)
    assert try_now(call).status == "completed"


def test_open_forms_4174_retries_end_with_a_human(make_call: MakeCall, nobody: Backend, settings: LazySettings) -> None:
    """There, registrations were retried for days."""
    call = exhaust(make_call(to=nobody))
    assert (call.status, call.attempt_count) == ("failed", settings.GATEWAY_MAX_ATTEMPTS)
    assert call in ServiceCall.objects.undelivered()


def test_open_forms_1458_retries_come_at_longer_and_longer_intervals(make_call: MakeCall, twins: Twins) -> None:
    """There, a tight loop of retries got the portal blocked by the department."""
    twins.set_mode("td-rest", "down")
    call, waits = make_call(), []
    for _ in range(5):
        call = try_now(call)
        waits.append((call.due_at - timezone.now()).total_seconds())
    assert waits[-1] > 4 * waits[0]


def test_open_forms_1458_a_department_in_trouble_is_left_in_peace(make_call: MakeCall, twins: Twins) -> None:
    twins.set_mode("td-rest", "down")
    calls = [make_call() for _ in range(20)]
    for call in calls:
        delivering.deliver(call.pk)
    tried = ServiceCall.objects.filter(attempt_count__gt=0).count()
    assert tried < len(calls) / 2


def test_open_forms_1957_a_retry_by_hand_is_bounded_too(
    make_call: MakeCall, nobody: Backend, settings: LazySettings, operator: User
) -> None:
    """There, sending again by hand ignored the limit of tries."""
    call = exhaust(make_call(to=nobody))
    flows.retry(call, by=operator, reason="They say that they are back")
    call = exhaust(call)
    assert (call.status, call.attempt_count) == ("failed", settings.GATEWAY_MAX_ATTEMPTS)


def test_open_forms_1957_what_was_delivered_cannot_be_sent_again_by_hand(make_call: MakeCall, operator: User) -> None:
    call = try_now(make_call())
    with pytest.raises(NotSettleable):
        flows.retry(call, by=operator, reason="To be sure")


def test_va_gov_100753_a_retry_by_the_server_files_nothing_twice(make_call: MakeCall, twins: Twins) -> None:
    """There, a retry after a lost answer filed the form again; this department would do so too."""
    try_now(make_call("soap"))  # reads the WSDL while all is well
    call = make_call("soap")
    twins.set_mode("td-soap", "drop_after_accept")
    assert try_now(call).status == "in_doubt"
    twins.set_mode("td-soap", "ok")
    try_now(call)
    ServiceCall.objects.filter(pk=call.pk).update(due_at=timezone.now())
    recovery.settle_in_doubt(call.pk)
    assert ServiceCall.objects.get(pk=call.pk).status == "completed"
    assert twins.effects("td-soap", call.receipt) == ["filed"]


@pytest.mark.parametrize("mode", ["error", "garbage", "down"])
def test_open_inwoner_2795_a_department_that_fails_is_not_one_that_has_nothing(
    make_call: MakeCall, twins: Twins, mode: str
) -> None:
    """There, a failed request became an empty list, and the empty list was cached."""
    twins.set_mode("td-rest", mode)
    call = try_now(make_call())
    assert (call.status, call.answer) == ("accepted", None)
    twins.set_mode("td-rest", "ok")
    call = try_now(call)
    assert call.status == "completed"
    assert call.answer["values"]


def test_open_inwoner_2795_the_page_says_that_the_department_failed(
    make_call: MakeCall, twins: Twins, client: Client
) -> None:
    person = UserFactory()
    twins.set_mode("td-rest", "error")
    call = try_now(make_call(person=person))
    ServiceCall.objects.filter(pk=call.pk).update(caller=f"user:{person.pk}")
    client.force_login(person)
    page = client.get(f"/en/calls/{call.receipt}/").content.decode()
    assert "gave no clear answer" in page
    assert "We keep trying" in page
    assert "The answer will appear here" in page
