"""Many dead letters sent again behind a fence."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from identity.accounts.models import User
from services.gateway import replaying
from services.gateway.errors import NotSettleable, NotYours
from services.gateway.models import Batch, BatchRecord, Replay, ServiceCall, Settlement
from services.gateway.replaying import Choice
from services.registry.models import Backend, FunctionVersion
from tests.factories import OfficerFactory, OperatorFactory
from tests.services.gateway import delivering
from tests.services.gateway.conftest import MakeCall
from tests.services.twins.running import Twins

pytestmark = pytest.mark.django_db(transaction=True)
MakeFailed = Callable[..., ServiceCall]
SECRET = "AB1234"  # of tests.services.gateway.conftest


@pytest.fixture
def ops() -> User:
    return OperatorFactory()


@pytest.fixture
def failed(make_call: MakeCall) -> MakeFailed:
    """Makes a dead letter, accepted so many minutes ago."""

    def make(minutes: int = 1, trouble: str = "unreached", **values: object) -> ServiceCall:
        now = timezone.now()
        usual = {"status": "failed", "finished_at": now, "attempt_count": 8, "trouble": trouble}
        return make_call(accepted_at=now - timedelta(minutes=minutes), **(usual | values))

    return make


def again(call: ServiceCall) -> ServiceCall:
    return ServiceCall.objects.get(pk=call.pk)


def begin(ops: User, call: ServiceCall, per_minute: int = 60, **values: bool) -> Replay:
    return replaying.start(Choice(call.backend), by=ops, reason="mended", per_minute=per_minute, **values)


def test_the_oldest_goes_first_and_so_many_a_minute(failed: MakeFailed, ops: User) -> None:
    young, old, middle = failed(1), failed(9), failed(5)
    replay = begin(ops, old, per_minute=30)
    waits = [(again(call).due_at - replay.started_at).total_seconds() for call in (old, middle, young)]
    assert waits == [0, 2, 4]


def test_replayed_calls_stand_behind_those_that_people_wait_for(failed: MakeFailed, ops: User) -> None:
    call = failed()
    begin(ops, call)
    assert again(call).priority == ServiceCall.Priority.BACKGROUND


def test_name_and_reason_stand_on_each_call(failed: MakeFailed, ops: User) -> None:
    calls = [failed(), failed()]
    begin(ops, calls[0])
    assert list(Settlement.objects.values_list("actor", "verb", "reason")) == [(ops.pk, "retry", "mended")] * 2


def test_a_replayed_call_arrives(failed: MakeFailed, ops: User, twins: Twins) -> None:
    call = failed()
    replay = begin(ops, call)
    delivering.deliver(call.pk)
    assert (again(call).status, twins.effects("td-rest", call.receipt)) == ("completed", ["filed"])
    assert replaying.progress(replay) == replaying.Progress(1, 0, 1, 0, 0, 0)


def test_what_might_be_filed_twice_is_held_back(failed: MakeFailed, make_call: MakeCall, ops: User) -> None:
    call, doubtful = failed(), make_call(status="in_doubt")
    assert replaying.preview(Choice(call.backend)).held_back == 1
    begin(ops, call)
    assert again(doubtful).status == "in_doubt"


@pytest.mark.parametrize("narrow", ["trouble", "function", "day", "backend"])
def test_a_choice_is_narrowed(failed: MakeFailed, make_call: MakeCall, narrow: str) -> None:
    long_ago = timezone.now() - timedelta(days=3)
    one = failed(trouble="busy")
    failed(trouble="unreached", finished_at=long_ago)
    failed(connector="soap", finished_at=long_ago)
    department, today = one.backend.department, timezone.localdate()
    choice = {
        "trouble": Choice(department=department, trouble="busy"),
        "function": Choice(department=department, function=one.function.code),
        "day": Choice(department=department, day=today),
        "backend": Choice(one.backend, trouble="busy"),
    }[narrow]
    assert list(choice.calls()) == [one]


def test_a_preview_says_how_many_and_how_old_and_changes_nothing(
    failed: MakeFailed, django_assert_num_queries: object
) -> None:
    old, young = failed(9), failed(1)
    with django_assert_num_queries(3):  # type: ignore[operator]
        found = replaying.preview(Choice(old.backend))
    assert (found.count, found.oldest, found.newest) == (2, old.accepted_at, young.accepted_at)
    assert again(old).status == "failed"


# --- A mended mapping -----------------------------------------------------------------------------
@pytest.fixture
def mended(failed: MakeFailed) -> ServiceCall:
    """A call that could not be sent with version 2 of its function; version 1 was brought back since."""
    call = failed(trouble="unsendable")
    broken = FunctionVersion.objects.get(pk=call.version_id)
    broken.pk, broken.number, broken.request_map = None, 2, broken.request_map | {"body": {"x": "=to_number(@, @)"}}
    broken._state.adding = True
    broken.save(force_insert=True)
    ServiceCall.objects.filter(pk=call.pk).update(version=broken)
    return again(call)


def test_a_preview_names_the_mapping_that_changed(mended: ServiceCall) -> None:
    (change,) = replaying.preview(Choice(mended.backend)).changes
    assert (change.function, change.was.number, change.now.number, change.count) == (mended.function.code, 2, 1, 1)


def test_a_sample_shows_both_requests_and_masks_what_the_person_wrote(mended: ServiceCall) -> None:
    sample = replaying.sample(Choice(mended.backend))
    assert sample is not None
    assert (sample.receipt, SECRET in str(sample), "•••" in str(sample.after)) == (mended.receipt, False, True)
    assert sample.before != sample.after


@pytest.mark.parametrize(("uses_published", "number"), [(True, 1), (False, 2)])
def test_the_new_mapping_is_used_only_where_it_is_asked_for(
    mended: ServiceCall, ops: User, uses_published: bool, number: int
) -> None:
    begin(ops, mended, uses_published=uses_published)
    assert again(mended).version.number == number


def test_a_call_that_failed_otherwise_keeps_its_version(mended: ServiceCall, ops: User) -> None:
    ServiceCall.objects.update(trouble="unreached")
    begin(ops, mended, uses_published=True)
    assert again(mended).version.number == 2


def test_with_the_mended_mapping_the_call_arrives(mended: ServiceCall, ops: User, twins: Twins) -> None:
    begin(ops, mended, uses_published=True)
    delivering.deliver(mended.pk)
    assert (again(mended).status, twins.effects("td-rest", mended.receipt)) == ("completed", ["filed"])


# --- Stop -----------------------------------------------------------------------------------------
def test_a_stop_takes_back_what_has_not_left_as_it_was(failed: MakeFailed, ops: User) -> None:
    calls = [failed(9), failed(1)]
    columns = list(replaying.BEFORE)
    before = [ServiceCall.objects.filter(pk=call.pk).values(*columns).get() for call in calls]
    replay = begin(ops, calls[0])
    delivering.deliver(calls[0].pk)
    assert replaying.stop(replay, by=ops) == 1
    assert ServiceCall.objects.filter(pk=calls[1].pk).values(*columns).get() == before[1]
    assert again(calls[0]).status == "completed"


def test_a_stop_brings_the_old_mapping_back(mended: ServiceCall, ops: User) -> None:
    replaying.stop(begin(ops, mended, uses_published=True), by=ops)
    assert (again(mended).version.number, again(mended).status) == (2, "failed")


def test_a_second_stop_changes_nothing(failed: MakeFailed, ops: User) -> None:
    call = failed()
    replay = begin(ops, call)
    assert [replaying.stop(replay, by=ops) for _ in range(2)] == [1, 0]
    assert replaying.progress(replay).taken_back == 1


def test_a_call_that_was_tried_is_not_taken_back(failed: MakeFailed, ops: User, twins: Twins) -> None:
    call = failed()
    replay = begin(ops, call)
    twins.set_mode("td-rest", "down")
    delivering.deliver(call.pk)
    assert (replaying.stop(replay, by=ops), again(call).status) == (0, "accepted")


def test_a_stop_takes_calls_out_of_a_batch_that_is_not_sealed(failed: MakeFailed, ops: User) -> None:
    call = failed(connector="sftp-batch")
    replay = begin(ops, call)
    delivering.deliver(call.pk)
    assert again(call).status == "waiting"
    assert replaying.stop(replay, by=ops) == 1
    found = again(call)
    assert (found.status, found.answer, BatchRecord.objects.exists()) == ("failed", None, False)


def test_a_stop_leaves_calls_in_a_sealed_batch(failed: MakeFailed, ops: User) -> None:
    call = failed(connector="sftp-batch")
    replay = begin(ops, call)
    delivering.deliver(call.pk)
    batch = Batch.objects.create(backend=call.backend, number=1, file_name="x", record_count=1, sha256="0" * 64)
    BatchRecord.objects.update(batch=batch, line=1)
    assert (replaying.stop(replay, by=ops), again(call).status) == (0, "waiting")


def test_what_was_taken_back_can_be_replayed_again(failed: MakeFailed, ops: User) -> None:
    call = failed()
    replaying.stop(begin(ops, call), by=ops)
    begin(ops, call)
    assert again(call).status == "accepted"


# --- Who, and when not ----------------------------------------------------------------------------
def test_a_replay_of_nothing_is_refused(failed: MakeFailed, ops: User) -> None:
    call = failed()
    begin(ops, call)
    with pytest.raises(NotSettleable):
        begin(ops, call)


def test_only_operations_may_replay(failed: MakeFailed, backend: Callable[..., Backend]) -> None:
    call = failed()
    with pytest.raises(NotYours):
        begin(OfficerFactory(department=call.backend.department), call)
    assert again(call).status == "failed"


def test_only_operations_may_stop(failed: MakeFailed, ops: User) -> None:
    call = failed()
    replay = begin(ops, call)
    with pytest.raises(NotYours):
        replaying.stop(replay, by=OfficerFactory(department=call.backend.department))
    assert again(call).status == "accepted"
