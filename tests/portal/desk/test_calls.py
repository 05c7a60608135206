from typing import Any

import pytest
from django.db import connection
from django.test import Client

from identity.accounts.models import User
from identity.consent.models import OPERATIONS, Disclosure
from services.gateway import receipts
from services.gateway.models import Attempt, ServiceCall
from services.registry.models import Change
from tests.factories import Maker, OfficerFactory, OperatorFactory, UserFactory
from tests.portal.desk.conftest import Desk, browser


@pytest.fixture
def call(desk: Desk) -> ServiceCall:
    version = desk.function.published
    assert version is not None
    person = UserFactory(first_name="Mei", last_name="Secret")
    return ServiceCall.objects.create(
        receipt=receipts.new(), function=desk.function, version=version, backend=desk.backend, person=person,
        caller=f"user:{person.pk}", idempotency_key="k", payload={"form": {"topic": "PRIVATE"}, "files": {}},
        sent_sha256="0" * 64,
    )  # fmt: skip


def test_the_technical_record_names_nobody(desk: Desk, call: ServiceCall) -> None:
    page = desk.browser.get(f"/admin/calls/{call.receipt}/").content.decode()
    assert call.receipt in page
    assert "PRIVATE" not in page
    assert "Secret" not in page


@pytest.mark.parametrize("address", ["/admin/calls/{}/", "/admin/gateway/servicecall/", "/admin/"])
def test_what_was_sent_is_not_even_decrypted(desk: Desk, call: ServiceCall, address: str) -> None:
    with connection.cursor() as cursor:  # what cannot be decrypted would break the page that tries
        cursor.execute("UPDATE gateway_servicecall SET payload = convert_to('no token', 'UTF8')")
    assert desk.browser.get(address.format(call.receipt)).status_code == 200


def test_calls_of_another_department_look_unknown(desk: Desk, call: ServiceCall) -> None:
    assert browser(OfficerFactory()).get(f"/admin/calls/{call.receipt}/").status_code == 404


def test_operations_see_them(desk: Desk, call: ServiceCall) -> None:
    assert browser(OperatorFactory()).get(f"/admin/calls/{call.receipt}/").status_code == 200


def test_a_call_is_found_by_its_receipt(desk: Desk, call: ServiceCall) -> None:
    page = desk.browser.get("/admin/gateway/servicecall/", {"q": call.receipt}).content.decode()
    assert f"/calls/{call.receipt}/" in page


def test_a_look_up_without_an_answer_does_not_say_that_it_arrived(desk: Desk, call: ServiceCall) -> None:
    Attempt.objects.create(
        call=call, backend=call.backend, number=1, kind="lookup", outcome="ambiguous", duration_ms=1,
        started_at=call.accepted_at,
    )  # fmt: skip
    page = desk.browser.get(f"/admin/calls/{call.receipt}/").content.decode()
    assert "It may have arrived" not in page


# --- Looking at what was sent ----------------------------------------------------------------------
def look(browser_of: Client, call: ServiceCall) -> Any:
    return browser_of.post(f"/admin/calls/{call.receipt}/look/")


def test_an_officer_of_the_department_sees_it_masked_and_that_is_on_record(desk: Desk, call: ServiceCall) -> None:
    page = look(desk.browser, call).content.decode()
    assert "7 characters" in page
    assert "PRIVATE" not in page
    seen = Change.objects.get(verb="call.seen")
    assert (seen.actor, seen.department, seen.subject) == (desk.officer, desk.department, call.receipt)


def test_to_look_by_accident_is_impossible(desk: Desk, call: ServiceCall) -> None:
    assert desk.browser.get(f"/admin/calls/{call.receipt}/look/").status_code == 405
    assert not Change.objects.filter(verb="call.seen").exists()


@pytest.mark.parametrize("stranger", [OfficerFactory, OperatorFactory])
def test_nobody_else_sees_it_even_masked(desk: Desk, call: ServiceCall, stranger: Maker[User]) -> None:
    assert look(browser(stranger()), call).status_code == 404
    assert not Change.objects.filter(verb="call.seen").exists()


def test_operations_are_not_offered_it(desk: Desk, call: ServiceCall) -> None:
    assert "/look/" in desk.browser.get(f"/admin/calls/{call.receipt}/").content.decode()
    assert "/look/" not in browser(OperatorFactory()).get(f"/admin/calls/{call.receipt}/").content.decode()


# --- Looks that the person reads --------------------------------------------------------------------
def test_opening_a_call_is_noted_once_with_who_and_why(desk: Desk, call: ServiceCall) -> None:
    desk.browser.get(f"/admin/calls/{call.receipt}/")
    desk.browser.get(f"/admin/calls/{call.receipt}/")
    line = Disclosure.objects.of(call.person).visible().get()
    assert (line.kind, line.actor, line.recipient) == ("officer", desk.officer, desk.department.code)
    assert (line.reference, line.purpose, line.fields) == (call.receipt, desk.function.code, [])


def test_looking_at_what_was_sent_is_noted_with_the_fields(desk: Desk, call: ServiceCall) -> None:
    look(desk.browser, call)
    assert [line.fields for line in Disclosure.objects.of(call.person)] == [["topic"]]


def test_a_look_of_operations_says_so(desk: Desk, call: ServiceCall) -> None:
    browser(OperatorFactory()).get(f"/admin/calls/{call.receipt}/")
    assert Disclosure.objects.get().recipient == OPERATIONS


def test_whoever_is_not_let_in_leaves_no_line(desk: Desk, call: ServiceCall) -> None:
    browser(OfficerFactory()).get(f"/admin/calls/{call.receipt}/")
    assert not Disclosure.objects.exists()


@pytest.mark.parametrize("address", ["/admin/gateway/servicecall/", "/admin/"])
def test_lists_of_receipts_are_no_looks(desk: Desk, call: ServiceCall, address: str) -> None:
    desk.browser.get(address)
    assert not Disclosure.objects.exists()


# --- Ending a doubt -------------------------------------------------------------------------------
ROLES = [
    ("officer of the department", 200),
    ("operations", 200),
    ("other officer", 404),
    ("citizen", 302),
    ("nobody", 302),
]
SAID = {"verb": "not_arrived", "reason": "not in our list"}


def visitor(desk: Desk, role: str) -> Client:
    makers = {"operations": OperatorFactory, "other officer": OfficerFactory, "citizen": UserFactory}
    if role == "nobody":
        return Client()
    return browser(makers[role]() if role in makers else desk.officer)


@pytest.fixture
def doubtful(call: ServiceCall) -> ServiceCall:
    ServiceCall.objects.filter(pk=call.pk).update(status="in_doubt")
    return call


def status_of(call: ServiceCall) -> str:
    return ServiceCall.objects.get(pk=call.pk).status


@pytest.mark.parametrize(("role", "code"), ROLES, ids=[role for role, _ in ROLES])
def test_who_may_end_a_doubt(desk: Desk, doubtful: ServiceCall, role: str, code: int) -> None:
    response = visitor(desk, role).post(f"/admin/calls/{doubtful.receipt}/settle/", SAID | {"sure": "yes"})
    ended = status_of(doubtful) == "accepted"
    assert (response.status_code, ended) == (302 if code == 200 else code, code == 200)


@pytest.mark.parametrize(("role", "code"), ROLES, ids=[role for role, _ in ROLES])
def test_who_reads_the_question(desk: Desk, doubtful: ServiceCall, role: str, code: int) -> None:
    response = visitor(desk, role).get(f"/admin/calls/{doubtful.receipt}/")
    assert (response.status_code, "Did it arrive?" in response.content.decode()) == (code, code == 200)


@pytest.mark.parametrize(
    ("verb", "warning"), [("not_arrived", "it will be filed twice"), ("arrived", "it will not be filed at all")]
)
def test_what_will_happen_is_said_before_it_happens(desk: Desk, doubtful: ServiceCall, verb: str, warning: str) -> None:
    page = desk.browser.post(f"/admin/calls/{doubtful.receipt}/settle/", SAID | {"verb": verb}).content.decode()
    assert (warning in page, status_of(doubtful)) == (True, "in_doubt")


@pytest.mark.parametrize("wrong", [{"reason": " "}, {"reason": "x" * 301}, {"verb": ""}, {"verb": "close"}])
def test_a_doubt_is_not_ended_without_a_finding_and_a_reason(
    desk: Desk, doubtful: ServiceCall, wrong: dict[str, str]
) -> None:
    response = desk.browser.post(f"/admin/calls/{doubtful.receipt}/settle/", SAID | {"sure": "yes"} | wrong)
    assert (response.status_code, status_of(doubtful)) == (422, "in_doubt")


def test_the_page_names_who_decided_what_and_why(desk: Desk, doubtful: ServiceCall) -> None:
    address = f"/admin/calls/{doubtful.receipt}/settle/"
    page = desk.browser.post(address, SAID | {"sure": "yes"}, follow=True).content.decode()
    assert [word for word in ("Wing Yan Lee", "found not to have arrived", "not in our list") if word not in page] == []


def test_a_doubt_that_ended_meanwhile_says_so(desk: Desk, call: ServiceCall) -> None:
    address = f"/admin/calls/{call.receipt}/settle/"
    assert (
        "It is not in doubt any more"
        in desk.browser.post(address, SAID | {"sure": "yes"}, follow=True).content.decode()
    )
