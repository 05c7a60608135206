"""Calls to a mainframe: records of fixed length over TCP, to a real department that answers, hangs and lies."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from services.gateway import tasks
from services.gateway.connectors.base import Outcome
from services.gateway.connectors.fixed_width import FixedWidthConnector
from services.gateway.connectors.registry import connectors
from services.gateway.delivery import delivery_of, preview
from services.gateway.models import Attempt, ServiceCall
from services.registry import completeness, soundness
from services.registry.errors import Unusable
from services.registry.models import Backend
from tests.services.gateway import delivering
from tests.services.gateway.conftest import MakeCall
from tests.services.twins.running import Twins

pytestmark = pytest.mark.django_db(transaction=True)
CODE = "td-fixed-width"


def deliver(call: ServiceCall) -> ServiceCall:
    delivering.deliver(call.pk)
    return ServiceCall.objects.get(pk=call.pk)


def look_up(call: ServiceCall) -> ServiceCall:
    """A while later, when a request that was cut off would have arrived."""
    Attempt.objects.filter(call=call).update(started_at=timezone.now() - timedelta(minutes=1))
    ServiceCall.objects.filter(pk=call.pk).update(due_at=timezone.now())
    tasks.look_up(str(call.pk))
    return ServiceCall.objects.get(pk=call.pk)


def entries(twins: Twins, receipt: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = twins.get(f"_twins/{CODE}/ledger", receipt=receipt).json()["entries"]
    return found


def test_a_record_is_filed_once_and_its_answer_comes_back(make_call: MakeCall, twins: Twins) -> None:
    call = deliver(make_call("fixed-width"))
    assert call.status == "completed"
    assert call.answer["values"]["case_number"].startswith("TD-")
    assert twins.effects(CODE, call.receipt) == ["filed"]


def test_chinese_reaches_a_system_that_otherwise_speaks_ebcdic(make_call: MakeCall, twins: Twins) -> None:
    call = deliver(make_call("fixed-width", {"licence_number": "陳大文 嘅車 [1]", "note": "好"}))
    details = json.loads(entries(twins, call.receipt)[0]["body"])["details"]
    assert details == [{"name": "licenceNumber", "value": "陳大文 嘅車 [1]"}, {"name": "note", "value": "好"}]


def test_the_departments_no_is_an_answer_with_its_reason(make_call: MakeCall) -> None:
    call = deliver(make_call("fixed-width", {"licence_number": "VOID-1"}))
    assert call.status == "rejected"
    assert call.answer["values"]["reason"]


@pytest.mark.parametrize("mode", ["hang", "down", "error", "garbage", "drop_after_accept"])
def test_what_may_have_arrived_is_never_sent_again_blindly(make_call: MakeCall, twins: Twins, mode: str) -> None:
    twins.set_mode(CODE, mode)
    call = deliver(make_call("fixed-width"))
    assert (call.status, call.attempts.get().outcome) == ("in_doubt", "ambiguous")


@pytest.mark.parametrize("mode", ["garbage", "drop_after_accept"])
def test_an_answer_that_was_lost_is_found_by_looking_the_receipt_up(
    make_call: MakeCall, twins: Twins, mode: str
) -> None:
    twins.set_mode(CODE, mode)
    call = deliver(make_call("fixed-width"))
    twins.set_mode(CODE, "ok")
    assert look_up(call).status == "completed"
    assert twins.effects(CODE, call.receipt) == ["filed"]


@pytest.mark.parametrize("mode", ["hang", "down", "error"])
def test_what_the_department_never_heard_of_is_sent_again(make_call: MakeCall, twins: Twins, mode: str) -> None:
    twins.set_mode(CODE, mode)
    call = deliver(make_call("fixed-width"))
    twins.set_mode(CODE, "ok")
    assert look_up(call).status == "accepted"
    ServiceCall.objects.filter(pk=call.pk).update(due_at=timezone.now())
    assert deliver(call).status == "completed"
    assert twins.effects(CODE, call.receipt) == ["filed"]


def test_what_is_sent_twice_is_filed_twice(make_call: MakeCall, twins: Twins) -> None:
    delivery = delivery_of(make_call("fixed-width"))
    for _ in range(2):
        assert FixedWidthConnector().send(delivery).kind == Outcome.ANSWERED
    assert twins.effects(CODE, delivery.receipt) == ["filed", "filed"]


def test_a_slow_answer_is_waited_for_while_others_pass_it(make_call: MakeCall, twins: Twins, backend: Any) -> None:
    backend("fixed-width", timeout_seconds=10)
    deliveries = [delivery_of(make_call("fixed-width", to=Backend.objects.get(code=CODE))) for _ in range(30)]
    twins.set_mode(CODE, "slow", 300)
    with ThreadPoolExecutor(30) as workers:
        outcomes = list(workers.map(FixedWidthConnector().send, deliveries))
    assert [outcome.kind for outcome in outcomes] == [Outcome.ANSWERED] * 30
    assert [twins.effects(CODE, each.receipt) for each in deliveries] == [["filed"]] * 30


def test_no_more_connections_are_opened_than_calls_are_allowed_at_once(backend: Any) -> None:
    one_at_a_time = backend("fixed-width", max_concurrency=1)
    assert FixedWidthConnector()._pool(one_at_a_time).line.most_connections == 1


def test_a_department_that_is_not_there_is_unreached(make_call: MakeCall, backend: Any) -> None:
    gone = backend("fixed-width", address="tcp://127.0.0.1:1/")
    assert connectors["fixed-width"].send(delivery_of(make_call(to=gone, connector="fixed-width"))).kind == "unreached"


@pytest.mark.parametrize(("mode", "is_up"), [("ok", True), ("error", False), ("down", False), ("hang", False)])
def test_a_probe_says_whether_the_system_is_up(backend: Any, twins: Twins, mode: str, is_up: bool) -> None:
    twins.set_mode(CODE, mode)
    assert FixedWidthConnector().probe(backend("fixed-width")).is_up == is_up


def test_a_value_with_no_room_is_unsendable_and_the_detail_names_only_the_field(make_call: MakeCall) -> None:
    outcome = FixedWidthConnector().send(delivery_of(make_call("fixed-width", {"licence_number": "秘密" * 200})))
    assert (outcome.kind, outcome.detail) == ("unsendable", "details/0/value: long")


def test_the_attempt_keeps_the_fingerprint_of_what_the_department_got(make_call: MakeCall, twins: Twins) -> None:
    call = deliver(make_call("fixed-width"))
    assert call.attempts.get().sent_sha256 == entries(twins, call.receipt)[0]["sha256"]


def test_documents_follow_their_record(make_call: MakeCall, twins: Twins) -> None:
    delivery = delivery_of(make_call("fixed-width"))
    about = {"name": "scan.pdf", "type": "application/pdf", "size": 3, "sha256": "0" * 64, "content": "UERG"}
    attached = replace(
        delivery,
        request_map={**delivery.request_map, "attach": "=files"},
        context={**delivery.context, "files": {"3f0b7a52-7c1e-4a43-9a0e-1df8ea1f0c11": about}},
    )
    assert connectors["fixed-width"].send(attached).kind == Outcome.ANSWERED
    (document,) = json.loads(entries(twins, delivery.receipt)[0]["body"])["documents"]
    assert (document["type"], document["size"]) == ("application/pdf", 3)


def test_the_trace_reaches_the_mainframe(make_call: MakeCall, twins: Twins) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    delivery = replace(delivery_of(make_call("fixed-width")), traceparent=trace)
    assert connectors["fixed-width"].send(delivery).kind == Outcome.ANSWERED
    assert entries(twins, delivery.receipt)[0]["traceparent"] == trace


def test_what_has_no_room_points_at_the_answer_it_came_from(make_call: MakeCall) -> None:
    call = make_call("fixed-width")
    (misfit,) = connectors["fixed-width"].misfits(preview(call.version, {"note": "x" * 200}))
    assert (set(misfit.names), misfit.message) == (
        {"note"},
        "Use at most 80 Chinese characters, or 160 English letters.",
    )


def test_a_letter_that_the_system_lacks_is_named(make_call: MakeCall) -> None:
    call = make_call("fixed-width")
    (misfit,) = connectors["fixed-width"].misfits(preview(call.version, {"note": "𠮷野家"}))
    assert misfit.message == "This system cannot store the character 𠮷: please write it another way."


def test_the_settings_of_the_catalogue_are_sound(backend: Any) -> None:
    soundness.check(backend("fixed-width"))


def test_an_overlap_in_a_layout_is_refused_with_its_place(backend: Any) -> None:
    mainframe = backend("fixed-width")
    mainframe.settings["layouts"]["answer"]["fields"][1]["offset"] = 2
    with pytest.raises(Unusable, match=r"/layouts/answer/fields/1/offset: it begins inside record_type"):
        soundness.check(mainframe)


def test_an_address_without_a_port_is_refused(backend: Any) -> None:
    with pytest.raises(Unusable, match="port"):
        soundness.check(backend("fixed-width", address="tcp://mainframe.example/"))


def test_a_request_for_a_field_that_the_record_lacks_is_not_ready_to_publish(make_call: MakeCall) -> None:
    version = make_call("fixed-width").version
    version.request_map["record"]["colour"] = "=form.note"
    assert any("/record/colour" in missing for missing in completeness.missing_from(version))
