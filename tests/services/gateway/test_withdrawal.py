"""Taking a call back: as long as it has surely not left, and never a moment longer."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, ClassVar

import pytest
from django.db import connection, transaction
from django.utils import timezone

from services.gateway import delivery, flows, story, tasks
from services.gateway.connectors.base import BatchConnector, Delivery, News, Outcome, Probe
from services.gateway.connectors.registry import connectors
from services.gateway.errors import NotWithdrawable
from services.gateway.models import Attempt, Batch, BatchRecord, ServiceCall
from services.registry.models import Backend
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
    tasks.deliver(str(call.pk))
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
    assert delivery.claim(call.pk)
    assert refused(call) == "on_its_way"


def test_a_call_taken_back_is_not_on_the_list_of_undelivered_ones(make_call: MakeCall) -> None:
    withdraw(make_call())
    assert not ServiceCall.objects.undelivered().exists()


def test_its_story_ends_with_it(make_call: MakeCall) -> None:
    assert [step.label for step in story.timeline(withdraw(make_call()))] == [
        "We received your form",
        "You took it back",
    ]


# --- Races ----------------------------------------------------------------------------------------
def test_of_a_worker_and_the_person_at_the_same_moment_exactly_one_gets_the_call(make_call: MakeCall) -> None:
    def claim(call: ServiceCall) -> bool:
        try:
            return delivery.claim(call.pk) is not None
        finally:
            connection.close()

    def take_back(call: ServiceCall) -> bool:
        try:
            return flows.withdraw(call, callers=OWNER).status == "withdrawn"
        except NotWithdrawable:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as two:
        for _ in range(10):
            call = make_call()
            ends = [two.submit(claim, call), two.submit(take_back, call)]
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
            assert delivery.claim(call.pk)
            late = other.submit(take_back)
        assert late.result() == "on_its_way"


# --- Batches --------------------------------------------------------------------------------------
class PaperTray(BatchConnector):
    """A batch protocol at its smallest: records wait in our own table until a file is sealed."""

    key = "paper-tray"
    label = "Paper tray"
    settings_schema: ClassVar[dict[str, Any]] = {"type": "object"}

    def send(self, delivery: Delivery) -> Outcome:
        raise NotImplementedError

    lookup = send

    def probe(self, backend: Backend) -> Probe:
        return Probe(True)

    def check_request(self, request_map: Any) -> None:
        return

    def exchange(self, backend: Backend, now: datetime) -> Iterable[News]:
        return []

    def take_back(self, receipt: str) -> bool:
        deleted, _ = BatchRecord.objects.filter(call__receipt=receipt, batch=None).delete()
        return deleted == 1


@pytest.fixture
def in_tray(make_call: MakeCall, backend: Callable[..., Backend]) -> Iterator[ServiceCall]:
    """A call that lies in the next file."""
    connectors[PaperTray.key] = PaperTray()
    call = make_call(status="waiting", to=backend("paper-tray"))
    BatchRecord.objects.create(call=call, backend=call.backend, content={"line": "AB1234"})
    yield call
    del connectors[PaperTray.key]


def test_a_call_is_taken_out_of_the_file_that_it_waits_for(in_tray: ServiceCall) -> None:
    assert withdraw(in_tray).status == "withdrawn"
    assert not BatchRecord.objects.exists()


def test_from_a_sealed_file_nothing_is_taken_out(in_tray: ServiceCall) -> None:
    batch = Batch.objects.create(backend=in_tray.backend, number=1, file_name="a", record_count=1, sha256="0" * 64)
    BatchRecord.objects.update(batch=batch, line=1)
    assert refused(in_tray) == "arrived"
    assert BatchRecord.objects.exists()
