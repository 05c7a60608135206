"""Faults that no rule of an answer map is about: a backend's table says what they mean."""

from dataclasses import replace
from typing import Any

import pytest
from django.utils import translation

from services.gateway import mapping, story
from services.gateway.connectors.base import Outcome
from services.gateway.connectors.soap import SoapConnector
from services.gateway.connectors.soap_reply import judge
from services.languages import CODES
from services.registry.models import Backend, FunctionVersion
from tests.services.gateway.conftest import MakeCall
from tests.services.gateway.soap import backend_of, delivery_to, manners
from tests.services.gateway.test_delivery import deliver
from tests.services.twins.running import Twins

SOAP = SoapConnector()
TABLE = [
    {"code": "Server.Maintenance", "outcome": "retry"},
    {"code": "Client.Quota", "outcome": "in_doubt"},
    {"code": "Client.*", "outcome": "rejected", "quote": True},
]


def judged(table: list[dict[str, Any]], code: str, detail: Any = None) -> str | None:
    reading = judge(table, {"code": code, "text": "", "detail": detail})
    return reading.outcome if reading else None


@pytest.mark.parametrize(
    ("pattern", "code", "fits"),
    [
        ("Client.*", "soap:Client", True),
        ("Client.*", "soap:Client.Data.Missing", True),
        ("Client.*", "Clientele", False),
        ("Client", "soap:Client.Data", False),
        ("Sender.Data", "Client.Data", True),
        ("Receiver.*", "env:Server", True),
        ("*", "anything.at.all", True),
        ("FailedAuthentication", "wsse:FailedAuthentication", True),
    ],
)
def test_a_code_covers_what_is_below_it_only_with_a_star(pattern: str, code: str, fits: bool) -> None:
    assert (judged([{"code": pattern, "outcome": "rejected"}], code) == "rejected") is fits


def test_a_detail_tells_faults_with_the_same_code_apart() -> None:
    table = [{"code": "Server", "detail": "Closed", "outcome": "retry"}]
    assert judged(table, "soap:Server", {"Closed": {"Until": "9"}}) == "retry"
    assert judged(table, "soap:Server", {"Broken": ""}) is None


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("soap:Server.Maintenance", Outcome.BUSY),
        ("soap:Client.Quota", Outcome.AMBIGUOUS),
        ("soap:Client.Form", Outcome.ANSWERED),
        ("soap:Server", Outcome.AMBIGUOUS),
    ],
)
@pytest.mark.parametrize("face", ["", "v12", "bare", "rpc"])
def test_the_first_entry_that_fits_decides_in_either_version(twins: Twins, face: str, code: str, kind: str) -> None:
    backend = backend_of(twins, face, settings={"faults": TABLE})
    with manners(twins, fault_code=code, fault_text="No."):
        assert SOAP.send(delivery_to(backend)).kind == kind


def test_a_rule_of_the_answer_map_goes_before_the_table(twins: Twins) -> None:
    backend = backend_of(twins, settings={"faults": [{"code": "*", "outcome": "rejected"}]})
    with manners(twins, fault_code="soap:Server.Busy"):  # of which the map says: retry
        assert SOAP.send(delivery_to(backend)).kind == Outcome.BUSY


def test_a_look_up_is_never_a_refusal_by_the_table(twins: Twins) -> None:
    backend = backend_of(twins, settings={"faults": TABLE})
    with manners(twins, fault_code="soap:Client.Form"):
        refused = SOAP.lookup(delivery_to(backend))
    with manners(twins, fault_code="soap:Server.Maintenance"):
        busy = SOAP.lookup(delivery_to(backend))
    assert (refused.kind, busy.kind) == (Outcome.AMBIGUOUS, Outcome.BUSY)


def test_a_look_up_can_be_told_by_a_fault_that_a_receipt_is_unknown(twins: Twins) -> None:
    backend = backend_of(twins, settings={"lookup_unknown": "fault && ends_with(fault.code, 'NotFound')"})
    with manners(twins, fault_code="soap:Client.NotFound"):
        assert SOAP.lookup(delivery_to(backend)).kind == Outcome.UNKNOWN_RECEIPT


def test_a_faults_text_stays_out_of_the_record(twins: Twins) -> None:
    with manners(twins, fault_code="soap:Server <CHAN Tai Man>", fault_text="CHAN Tai Man is unknown"):
        detail = SOAP.send(delivery_to(backend_of(twins))).detail
    assert detail == "fault soap:ServerCHANTaiMan, not understood"


@pytest.mark.parametrize("language", CODES)
@pytest.mark.parametrize("quote", [True, False])
def test_a_refusal_by_the_table_has_words_in_every_language(language: str, quote: bool) -> None:
    table = [{"code": "*", "outcome": "rejected", "quote": quote}]
    reading = judge(table, {"code": "Client", "text": "Plate AB 1 is stolen.", "detail": None})
    assert reading is not None
    assert reading.rule == mapping.NO_RULE
    with translation.override(language):
        answer = story.answer_from(FunctionVersion(), {"rule": reading.rule, "values": reading.values})
    assert answer.title.startswith({"en": "The department", "zh-hant": "部門", "zh-hans": "部门"}[language])
    assert [item.value for item in answer.items] == (["Plate AB 1 is stolen."] if quote else [])


@pytest.mark.django_db(transaction=True)
def test_a_refusal_by_the_table_ends_a_call(make_call: MakeCall, twins: Twins) -> None:
    call = make_call("soap")
    Backend.objects.filter(pk=call.backend_id).update(settings={**call.backend.settings, "faults": TABLE})
    with manners(twins, fault_code="soap:Client.Form", fault_text="Form 12 is no longer used."):
        call = deliver(call)
    answer = story.answer(call)
    assert answer is not None
    assert (call.status, answer.items[0].value) == ("rejected", "Form 12 is no longer used.")


@pytest.mark.parametrize(
    ("status", "table", "kind"),
    [
        (503, [], Outcome.BUSY),
        (403, [], Outcome.UNREACHED),
        (413, [], Outcome.UNSENDABLE),
        (500, [], Outcome.AMBIGUOUS),
        (403, [{"code": "*", "outcome": "in_doubt"}], Outcome.AMBIGUOUS),
    ],
)
def test_a_fault_that_nobody_knows_is_judged_by_its_status(
    twins: Twins, status: int, table: list[dict[str, str]], kind: str
) -> None:
    delivery = replace(delivery_to(backend_of(twins, settings={"faults": table})), answer_map=[])
    with manners(twins, fault_code="soap:Odd", fault_status=status):
        assert SOAP.send(delivery).kind == kind
