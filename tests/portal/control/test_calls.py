"""A human's decision about undelivered calls."""

import pytest
from django.test import Client
from lxml import html

from identity.accounts.models import User
from identity.consent.models import OPERATIONS, Disclosure
from services.gateway.models import ServiceCall, Settlement
from tests.factories import BackendFactory, DepartmentFactory, ServiceFunctionFactory, UserFactory
from tests.portal.control.conftest import SECRET, Undelivered

pytestmark = pytest.mark.django_db


def settle(client: Client, call: ServiceCall, verb: str, reason: str = "") -> str:
    response = client.post(f"/control/calls/{call.receipt}/settle", {"verb": verb, "reason": reason}, follow=True)
    return response.content.decode()


def status_of(call: ServiceCall) -> str:
    return ServiceCall.objects.get(pk=call.pk).status


def test_one_click_sends_a_call_again(client: Client, ops: User, undelivered: Undelivered) -> None:
    call = undelivered()
    text = settle(client, call, "retry")
    assert (status_of(call), Settlement.objects.get().actor) == ("accepted", ops)
    assert f"{call.receipt} is on its way again." in text


def test_a_call_is_closed_with_its_reason(client: Client, ops: User, undelivered: Undelivered) -> None:
    call = undelivered()
    settle(client, call, "close", "The person came to the counter.")
    settlement = Settlement.objects.get()
    assert (settlement.verb, settlement.reason, settlement.actor) == ("close", "The person came to the counter.", ops)


@pytest.mark.usefixtures("ops")
@pytest.mark.parametrize("reason", ["", "  ", "x" * 301])
def test_closing_needs_a_short_reason(client: Client, undelivered: Undelivered, reason: str) -> None:
    call = undelivered()
    response = client.post(f"/control/calls/{call.receipt}/settle", {"verb": "close", "reason": reason})
    assert (response.status_code, Settlement.objects.count()) == (422, 0)


@pytest.mark.usefixtures("ops")
def test_a_call_settled_by_somebody_else_says_so(client: Client, undelivered: Undelivered) -> None:
    call = undelivered()
    settle(client, call, "close", "done by telephone")
    assert f"{call.receipt} was settled already, by Siu Fong Cheung" in settle(client, call, "retry")


@pytest.mark.usefixtures("ops")
def test_a_call_that_went_on_by_itself_says_so(client: Client, undelivered: Undelivered) -> None:
    call = undelivered(status="accepted")
    assert "has moved on by itself" in settle(client, call, "retry")


@pytest.mark.usefixtures("ops")
def test_a_call_in_doubt_is_asked_about_first(client: Client, undelivered: Undelivered) -> None:
    call = undelivered(status="in_doubt")
    text = settle(client, call, "retry")
    assert (status_of(call), "we are asking the department" in text) == ("in_doubt", True)


@pytest.mark.usefixtures("ops")
def test_all_of_a_backend_are_sent_again(client: Client, undelivered: Undelivered) -> None:
    function = ServiceFunctionFactory()
    mine, other = [undelivered(function) for _ in range(3)], undelivered()
    reason = {"backend": mine[0].backend.code, "reason": "the department is back"}
    text = client.post("/control/calls/resend", reason, follow=True).content.decode()
    assert "3 calls are on their way again." in text
    assert ([status_of(call) for call in mine], status_of(other)) == (["accepted"] * 3, "failed")


@pytest.mark.usefixtures("ops")
def test_all_of_a_department_are_sent_again(client: Client, undelivered: Undelivered) -> None:
    department = DepartmentFactory()
    calls = [
        undelivered(
            ServiceFunctionFactory(
                department=department,
                version__backend=BackendFactory(department=department, code=f"{department.code}-{number}"),
            )
        )
        for number in range(2)
    ]
    client.post("/control/calls/resend", {"department": department.code, "reason": "all well again"})
    assert [status_of(call) for call in calls] == ["accepted", "accepted"]


@pytest.mark.usefixtures("ops")
def test_many_at_once_leave_out_what_might_be_filed_twice(client: Client, undelivered: Undelivered) -> None:
    backend = BackendFactory(soap=True, has_lookup=False)
    function = ServiceFunctionFactory(department=backend.department, version__backend=backend)
    doubtful, failed = undelivered(function, status="in_doubt"), undelivered(function)
    reason = {"backend": backend.code, "reason": "back"}
    text = client.post("/control/calls/resend", reason, follow=True).content.decode()
    assert ((status_of(doubtful), status_of(failed)), "might be filed twice" in text) == (
        ("in_doubt", "accepted"),
        True,
    )


@pytest.mark.usefixtures("ops")
def test_many_at_once_need_a_reason(client: Client, undelivered: Undelivered) -> None:
    call = undelivered()
    response = client.post("/control/calls/resend", {"backend": call.backend.code, "reason": ""})
    assert (response.status_code, status_of(call)) == (422, "failed")


@pytest.mark.usefixtures("ops")
def test_sending_all_needs_a_backend_or_department(client: Client, undelivered: Undelivered) -> None:
    call = undelivered()
    client.post("/control/calls/resend", {"reason": "everything"})
    assert status_of(call) == "failed"


@pytest.mark.usefixtures("ops")
def test_the_page_of_a_call_shows_attempts_and_nothing_personal(client: Client, undelivered: Undelivered) -> None:
    text = client.get(f"/control/calls/{undelivered().receipt}/").content.decode()
    assert ("connection refused" in text, SECRET in text) == (True, False)


@pytest.mark.usefixtures("ops")
@pytest.mark.parametrize("receipt", ["FRY-0000-0000-0001", "nonsense"])
def test_an_unknown_receipt_is_not_found(client: Client, receipt: str) -> None:
    assert client.get(f"/control/calls/{receipt}/").status_code == 404


@pytest.mark.usefixtures("ops")
def test_no_undelivered_calls_says_when_it_was_asked(client: Client) -> None:
    text = client.get("/control/calls/").content.decode()
    assert "Nothing waits for a decision" in text
    assert "Asked at " in text


# --- Ending a doubt -------------------------------------------------------------------------------
def end_doubt(client: Client, call: ServiceCall, verb: str, **said: str) -> str:
    said = {"verb": verb, "reason": "I rang them", **said}
    return client.post(f"/control/calls/{call.receipt}/settle", said, follow=True).content.decode()


@pytest.mark.usefixtures("ops")
@pytest.mark.parametrize(
    ("verb", "warning"), [("not_arrived", "it will be filed twice"), ("arrived", "it will not be filed at all")]
)
def test_before_a_doubt_ends_the_page_says_what_will_happen(
    client: Client, undelivered: Undelivered, verb: str, warning: str
) -> None:
    call = undelivered(status="in_doubt")
    assert (warning in end_doubt(client, call, verb), status_of(call)) == (True, "in_doubt")


@pytest.mark.usefixtures("ops")
@pytest.mark.parametrize(("verb", "status"), [("not_arrived", "accepted"), ("arrived", "completed")])
def test_whoever_is_sure_ends_the_doubt(client: Client, undelivered: Undelivered, verb: str, status: str) -> None:
    call = undelivered(status="in_doubt")
    end_doubt(client, call, verb, sure="yes")
    assert (status_of(call), Settlement.objects.get().verb) == (status, verb)


@pytest.mark.usefixtures("ops")
def test_ending_a_doubt_needs_a_reason(client: Client, undelivered: Undelivered) -> None:
    call = undelivered(status="in_doubt")
    end_doubt(client, call, "arrived", reason="", sure="yes")
    assert status_of(call) == "in_doubt"


@pytest.mark.usefixtures("ops")
def test_a_doubt_in_a_list_leads_to_its_own_page(client: Client, undelivered: Undelivered) -> None:
    call = undelivered(status="in_doubt")
    page = html.fromstring(client.get("/control/calls/").content)
    assert page.xpath("//li[@class='line']//form") == []
    assert page.xpath("//li[@class='line']//a[contains(., 'Decide about it')]/@href") == [
        f"/control/calls/{call.receipt}/"
    ]


def test_opening_a_call_is_a_look_that_the_person_reads(client: Client, ops: User, undelivered: Undelivered) -> None:
    person = UserFactory()
    call = undelivered(person=person)
    client.get(f"/control/calls/{call.receipt}/")
    line = Disclosure.objects.of(person).visible().get()
    assert (line.actor, line.recipient, line.reference) == (ops, OPERATIONS, call.receipt)
