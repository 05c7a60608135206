"""Taking a call back: as long as it has surely not left, and never a moment longer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from services.gateway import batches, delivery, flows, story, withdrawal
from services.gateway.batch_files import format_of
from services.gateway.connectors.base import Outcome
from services.gateway.errors import NotWithdrawable
from services.gateway.models import Attempt, BatchRecord, ServiceCall
from tests.services.gateway import delivering
from tests.services.gateway.conftest import MakeCall
from tests.services.twins.running import Twins

pytestmark = pytest.mark.django_db(transaction=True)
OWNER = ["session:test"]


def withdraw(call: ServiceCall) -> ServiceCall:
    flows.withdraw(call, callers=OWNER)
    return ServiceCall.objects.get(pk=call.pk)


def refused(call: ServiceCall) -> str:
    """The code with which taking it back is refused."""
    with pytest.raises(NotWithdrawable) as error:
        flows.withdraw(call, callers=OWNER)
    assert error.value.message
    return error.value.code


def tried(call: ServiceCall, outcome: str) -> None:
    delivery.record(call, Attempt.Kind.SEND, 1, Outcome(outcome), timezone.now(), 5)


def test_a_call_that_nobody_holds_is_taken_back_for_good(make_call: MakeCall, twins: Twins) -> None:
    call = withdraw(make_call())
    assert (call.status, call.finished_at is not None) == ("withdrawn", True)
    delivering.deliver(call.pk)
    assert twins.effects("td-rest", call.receipt) == []


def test_taken_back_twice_is_taken_back_once(make_call: MakeCall) -> None:
    call = withdraw(make_call())
    assert withdraw(call).finished_at == call.finished_at


def test_what_was_sent_stays_on_record(make_call: MakeCall) -> None:
    assert withdraw(make_call()).payload["form"] == {"licence_number": "AB1234"}


def test_nobody_else_can_take_it_back(make_call: MakeCall) -> None:
    with pytest.raises(ServiceCall.DoesNotExist):
        flows.withdraw(make_call(), callers=["session:other"])


@pytest.mark.parametrize("outcome", ["busy", "unreached", "unsendable"])
def test_tries_that_surely_did_not_arrive_are_no_obstacle(make_call: MakeCall, outcome: str) -> None:
    call = make_call(attempt_count=1)
    tried(call, outcome)
    assert withdraw(call).status == "withdrawn"


def test_one_try_that_may_have_arrived_is_an_obstacle_whatever_came_after(make_call: MakeCall) -> None:
    call = make_call(attempt_count=2)
    tried(call, "ambiguous")
    tried(call, "unreached")
    assert refused(call) == "may_have_arrived"


@pytest.mark.parametrize(
    ("status", "code"),
    [("in_doubt", "may_have_arrived"), ("waiting", "arrived"), ("completed", "answered"), ("rejected", "answered"),
     ("failed", "over")],
)  # fmt: skip
def test_after_that_it_is_too_late(make_call: MakeCall, status: str, code: str) -> None:
    call = make_call(status=status, finished_at=timezone.now() if status in ServiceCall.FINAL else None)
    assert refused(call) == code


def test_while_a_worker_holds_it_it_cannot_be_taken_back(make_call: MakeCall) -> None:
    call = make_call()
    assert delivering.claim(call.pk)
    assert refused(call) == "on_its_way"


def test_a_call_taken_back_is_not_on_the_list_of_undelivered_ones(make_call: MakeCall) -> None:
    withdraw(make_call())
    assert not ServiceCall.objects.undelivered().exists()


def test_its_story_ends_with_it(make_call: MakeCall) -> None:
    assert [step.label for step in story.timeline(withdraw(make_call()))] == [
        "We received your form",
        "You took it back",
    ]


def was_taken_back(call: ServiceCall) -> bool:
    try:
        return withdraw(call).status == "withdrawn"
    except NotWithdrawable:
        return False


def closing(act: Callable[[ServiceCall], bool], call: ServiceCall) -> bool:
    """In a thread, whose connection would stay open."""
    try:
        return act(call)
    finally:
        connection.close()


# --- Races ----------------------------------------------------------------------------------------
def test_of_a_worker_and_the_person_at_the_same_moment_exactly_one_gets_the_call(make_call: MakeCall) -> None:
    def claim(call: ServiceCall) -> bool:
        return delivering.claim(call.pk) is not None

    with ThreadPoolExecutor(2) as two:
        for _ in range(10):
            call = make_call()
            ends = [two.submit(closing, act, call) for act in (claim, was_taken_back)]
            assert sorted(end.result() for end in ends) == [False, True]
            ServiceCall.objects.filter(status="delivering").update(
                status="failed", lease=None, lease_until=None, finished_at=timezone.now()
            )


def test_the_person_waits_for_a_claim_that_is_being_made_and_then_comes_too_late(make_call: MakeCall) -> None:
    call = make_call()

    def take_back() -> str:
        try:
            return refused(call)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            assert delivering.claim(call.pk)
            late = other.submit(take_back)
        assert late.result() == "on_its_way"


# --- Batches --------------------------------------------------------------------------------------
@pytest.fixture
def in_file(make_call: MakeCall) -> ServiceCall:
    """A call that waits for the next file."""
    call = make_call("sftp-batch")
    delivering.deliver(call.pk)
    return ServiceCall.objects.get(status="waiting")


def seal(call: ServiceCall) -> bool:
    """Let the file leave that is collected now."""
    return batches.seal(call.backend, timezone.now(), format_of(call.backend.settings)) is not None


def test_a_call_is_taken_out_of_the_file_that_it_waits_for(in_file: ServiceCall) -> None:
    assert withdraw(in_file).status == "withdrawn"
    assert not seal(in_file)


def test_from_a_sealed_file_nothing_is_taken_out(in_file: ServiceCall) -> None:
    assert seal(in_file)
    assert refused(in_file) == "arrived"
    assert BatchRecord.objects.exists()


def test_a_page_offers_it_until_the_file_is_sealed(in_file: ServiceCall) -> None:
    assert withdrawal.obstacle(in_file) == ""
    seal(in_file)
    assert withdrawal.obstacle(in_file) == "arrived"


def test_of_a_leaving_file_and_the_person_exactly_one_gets_the_call(make_call: MakeCall) -> None:
    with ThreadPoolExecutor(2) as two:
        for _ in range(5):
            call = make_call("sftp-batch")
            delivering.deliver(call.pk)
            ends = [two.submit(closing, act, call) for act in (seal, was_taken_back)]
            assert sorted(end.result() for end in ends) == [False, True]
