"""A person's word that ends a doubt."""

import time
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection
from django.utils import timezone
from django.utils.translation import override

from identity.accounts.models import User
from services.gateway import flows, recovery, story
from services.gateway.errors import NotSettleable, NotYours
from services.gateway.models import ServiceCall, Settlement
from services.registry.models import Department
from tests.factories import DepartmentFactory, OfficerFactory, OperatorFactory, UserFactory
from tests.services.gateway import delivering
from tests.services.gateway.conftest import MakeCall
from tests.services.twins.running import Twins

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def doubtful(make_call: MakeCall) -> ServiceCall:
    """Its worker died on the way to a system that would file it twice."""
    call = make_call("soap")
    delivering.claim(call.pk)
    recovery.free_abandoned(timezone.now() + timedelta(hours=1))
    call.refresh_from_db()
    return call


def officer(code: str) -> User:
    department = Department.objects.filter(code=code).first() or DepartmentFactory(code=code)
    return OfficerFactory(department=department)


def test_a_call_that_arrived_is_done_without_an_answer(doubtful: ServiceCall) -> None:
    flows.settle(doubtful, arrived=True, by=OperatorFactory(), reason="they found it")
    doubtful.refresh_from_db()
    assert (doubtful.status, doubtful.answer, doubtful.is_final) == ("completed", None, True)


def test_a_call_that_did_not_arrive_is_sent_at_once(doubtful: ServiceCall, twins: Twins) -> None:
    flows.settle(doubtful, arrived=False, by=OperatorFactory(), reason="not in their list")
    doubtful.refresh_from_db()
    assert (doubtful.status, doubtful.attempt_count, doubtful.due_at <= timezone.now()) == ("accepted", 0, True)
    delivering.deliver(doubtful.pk)
    assert twins.effects("td-soap", doubtful.receipt) == ["filed"]


@pytest.mark.parametrize(("arrived", "verb"), [(True, "arrived"), (False, "not_arrived")])
def test_every_decision_has_a_name_and_a_reason(doubtful: ServiceCall, arrived: bool, verb: str) -> None:
    ops = OperatorFactory()
    flows.settle(doubtful, arrived=arrived, by=ops, reason="I rang them")
    decided = Settlement.objects.get()
    assert (decided.actor, decided.verb, decided.reason) == (ops, verb, "I rang them")


def test_an_officer_of_the_department_may_settle(doubtful: ServiceCall) -> None:
    assert flows.settle(doubtful, arrived=True, by=officer("td"), reason="it is here").status == "completed"


@pytest.mark.parametrize("who", ["another department", "a citizen", "an officer who left"])
def test_nobody_else_may_settle(doubtful: ServiceCall, who: str) -> None:
    left = officer("td")
    left.is_active = False
    person = {"another department": officer("other"), "a citizen": UserFactory(), "an officer who left": left}[who]
    with pytest.raises(NotYours):
        flows.settle(doubtful, arrived=True, by=person, reason="it is here")
    doubtful.refresh_from_db()
    assert doubtful.status == "in_doubt"


def test_a_doubt_is_ended_once(doubtful: ServiceCall) -> None:
    ops = OperatorFactory()
    flows.settle(doubtful, arrived=True, by=ops, reason="it is there")
    with pytest.raises(NotSettleable):
        flows.settle(doubtful, arrived=False, by=ops, reason="it is not there")


def test_what_failed_is_not_in_doubt(doubtful: ServiceCall) -> None:
    ServiceCall.objects.filter(pk=doubtful.pk).update(status="failed", finished_at=timezone.now())
    with pytest.raises(NotSettleable):
        flows.settle(doubtful, arrived=True, by=OperatorFactory(), reason="it is there")


def test_a_doubt_that_cannot_be_asked_about_is_not_simply_sent_again(doubtful: ServiceCall) -> None:
    doubtful.backend.has_lookup = False
    doubtful.backend.save()
    with pytest.raises(NotSettleable):
        flows.retry(doubtful, by=OperatorFactory(), reason="again")


def test_a_department_that_says_it_has_it_after_all_is_believed(make_call: MakeCall, twins: Twins) -> None:
    delivering.deliver(make_call("soap").pk)  # fetches the WSDL while all is well
    call = make_call("soap")
    twins.set_mode("td-soap", "drop_after_accept")
    delivering.deliver(call.pk)
    ServiceCall.objects.filter(pk=call.pk).update(due_at=timezone.now())
    twins.set_mode("td-soap", "slow", delay_ms=700)
    asking = Thread(target=asked, args=(call,))
    asking.start()
    time.sleep(0.3)
    flows.settle(call, arrived=False, by=OperatorFactory(), reason="not in their list yet")
    asking.join()
    call.refresh_from_db()
    assert (call.status, twins.effects("td-soap", call.receipt)) == ("completed", ["filed"])


def asked(call: ServiceCall) -> None:
    try:
        recovery.settle_in_doubt(call.pk)
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("arrived", "said"), [(True, "it has your form"), (False, "it had not arrived, so we sent it again")]
)
def test_the_person_reads_what_staff_found_out(doubtful: ServiceCall, arrived: bool, said: str) -> None:
    call = flows.settle(doubtful, arrived=arrived, by=OperatorFactory(), reason="I rang them")
    with override("en"):
        labels = [step.label for step in story.timeline(call)]
    assert f"Our staff checked with the department: {said}" in labels
