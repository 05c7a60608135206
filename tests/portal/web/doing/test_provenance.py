"""One press keeps a pre-filled answer back, one press reports it wrong, and nobody forges one."""

import html
from datetime import date
from typing import Any

import pytest
from django.test import Client

from identity.accounts.models import User
from identity.profile import corrections, flows
from identity.profile.models import CorrectionRequest
from services.forms import profile as questions
from services.forms import schema
from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import DepartmentFactory, ServiceFunctionFactory, UserFactory
from tests.portal.web.doing.conftest import GOOD, address_of, fill_in, hidden, made, send


@pytest.fixture
def generous(db: None) -> ServiceFunction:
    """Asks for name, number, phone and email, and needs only the name."""
    asked = questions.fields_for("renew", "basic")
    optional = [name for name in asked if name != "applicant_name"]
    return ServiceFunctionFactory(version__form=schema.build(asked, optional=optional), version__action="renew")


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def press(client: Client, function: ServiceFunction, verb: str, name: str, **answers: str) -> Any:
    form = client.get(address_of(function))
    return client.post(address_of(function), {**hidden(form), **GOOD, **answers, verb: name}, follow=True)


def test_below_a_filled_in_answer_stand_source_age_and_law(signed_in: Client, generous: ServiceFunction) -> None:
    page = text_of(signed_in.get(address_of(generous)))
    assert "Immigration Department, identity card record, checked 12 March 2025 (" in page
    assert "Law: Registration of Persons Ordinance (Cap. 177)" in page


def test_one_press_keeps_an_answer_back_and_it_is_not_sent(signed_in: Client, generous: ServiceFunction) -> None:
    page = text_of(press(signed_in, generous, "withhold", "applicant_hkid", contact_phone="6123 4567"))
    assert "You leave this out: it is not sent." in page
    assert "+85261234567" in page  # what was typed elsewhere is still there
    call = send(signed_in, generous, applicant_hkid="", contact_phone="6123 4567")
    assert "applicant_hkid" not in call.payload["form"]
    assert call.payload["form"]["applicant_name"] == "CHAN Tai Man"


def test_another_press_takes_it_again(signed_in: Client, generous: ServiceFunction) -> None:
    press(signed_in, generous, "withhold", "applicant_hkid")
    page = text_of(press(signed_in, generous, "restore", "applicant_hkid", applicant_hkid=""))
    assert 'value="A123456(3)"' in page
    assert "You leave this out" not in page


def test_what_the_service_needs_says_so(signed_in: Client, generous: ServiceFunction) -> None:
    page = text_of(press(signed_in, generous, "withhold", "applicant_name"))
    assert "This service cannot be done without your name in English, so it cannot be left out." in page
    assert 'value="CHAN Tai Man"' in page


def test_one_press_reports_a_wrong_value_with_a_ticket(
    citizen: User, signed_in: Client, generous: ServiceFunction
) -> None:
    DepartmentFactory(code="immd", name_en="Immigration Department")
    page = text_of(press(signed_in, generous, "report", "applicant_hkid"))
    made = CorrectionRequest.objects.get()
    assert (made.person, made.owner, made.value, made.seen_in) == (citizen, "immd", "A123456(3)", generous.code)
    assert f"We have told Immigration Department. Your ticket number is {made.ticket}." in page
    assert f"/en/account/corrections/{made.ticket}/" in page


@pytest.mark.parametrize("name", ["contact_phone", "applicant_name.x", "", "no_such_field"])
def test_nothing_else_is_reported(signed_in: Client, generous: ServiceFunction, name: str) -> None:
    assert press(signed_in, generous, "report", name).status_code == 200
    assert not CorrectionRequest.objects.exists()


def test_a_ticket_of_someone_else_is_not_told(signed_in: Client, generous: ServiceFunction) -> None:
    other = UserFactory()
    flows.store(other, "name_en", "WONG Siu Ming", source="immd", checked_on=date(2025, 3, 12))
    press(signed_in, generous, "withhold", "applicant_hkid")
    ticket = corrections.report(other, "name_en").ticket
    page = text_of(signed_in.get(f"{address_of(generous)}?change&reported={ticket}"))
    assert "Your ticket number is" not in page


def test_someone_who_is_not_signed_in_has_nothing_to_keep_back(client: Client, db: None) -> None:
    function = made("topic:text", assurance="none", action="enquire")
    answer = client.post(address_of(function), {"topic": "Tides", "withhold": "topic"})
    assert answer.status_code == 302
    assert client.post(address_of(function), {"topic": "Tides", "report": "topic"}).status_code == 302


def test_a_forged_read_only_value_is_not_what_is_sent(signed_in: Client, function: ServiceFunction) -> None:
    fill_in(signed_in, function, applicant_hkid="G123456(A)", applicant_name="SOMEONE Else")
    call = send(signed_in, function, applicant_hkid="G123456(A)", applicant_name="SOMEONE Else")
    assert call.payload["form"]["applicant_hkid"] == "A123456(3)"
    assert call.payload["form"]["applicant_name"] == "CHAN Tai Man"


def test_a_value_that_changed_while_the_form_was_open_is_sent_as_it_is_now(
    citizen: User, signed_in: Client, function: ServiceFunction
) -> None:
    fill_in(signed_in, function)
    seen = hidden(signed_in.get(address_of(function, "review")))
    flows.store(citizen, "name_en", "CHAN Tai Ming", source="immd", checked_on=date(2026, 3, 1))
    answer = signed_in.post(address_of(function, "review"), seen)
    assert answer.status_code == 409  # the person looks over what has changed before it leaves
    assert not ServiceCall.objects.exists()
    assert "CHAN Tai Ming" in text_of(answer)


def test_the_enter_key_goes_on_and_keeps_nothing_back(signed_in: Client, generous: ServiceFunction) -> None:
    page = signed_in.get(address_of(generous)).content.decode()
    first = page.index('type="submit"', page.index('name="version"'))
    assert page.index('name="withhold"') > first
    assert "name=" not in page[page.rindex("<button", 0, first) : page.index(">", first)]
