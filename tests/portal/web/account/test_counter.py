from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from identity.accounts.models import User
from identity.consent.models import Disclosure
from identity.mandates.models import Mandate
from services.registry import roles
from services.registry.models import ServiceFunction
from tests.factories import OfficerFactory, ServiceFunctionFactory
from tests.mandates import asked
from tests.portal.web.account.conftest import text_of
from tests.portal.web.doing.conftest import send

Browser = Callable[[User], Client]
COUNTER = "/en/account/counter/"


@pytest.fixture
def officer(function: ServiceFunction) -> User:
    person = OfficerFactory(department=function.department, first_name="Wing Yan", last_name="Lee")
    person.groups.add(roles.ensure_counter())
    return person


def begin(client: Client, function: ServiceFunction, method: str = "phone", **more: str) -> Any:
    return client.post(COUNTER, {"address": "mother", "services": function.code, "method": method, **more})


def code_of(response: Any) -> str:
    return text_of(response).split('class="number">')[1].split("<")[0]


def test_from_the_counter_to_the_receipt(
    officer: User, mother: User, function: ServiceFunction, browser: Browser
) -> None:
    desk, phone = browser(officer), browser(mother)
    code = code_of(begin(desk, function))
    mandate = Mandate.objects.get()
    assert "Wing Yan Lee of Department" in text_of(phone.get("/en/account/mandates/"))
    phone.post(f"/en/account/mandates/{mandate.pk}/approve/", {"code": code})
    assert desk.post(f"{COUNTER}{mandate.pk}/")["Location"] == f"/en/functions/{function.code}/form/"
    assert "You are assisting LEUNG Mei Ling until" in text_of(desk.get("/en/"))
    call = send(desk, function, applicant_name="LEUNG Mei Ling", applicant_hkid="C123456(9)")
    said = f"Officer Wing Yan Lee of {function.department.name_en} assisted LEUNG Mei Ling"
    assert said in text_of(phone.get(f"/en/calls/{call.receipt}/"))
    assert said in text_of(phone.get("/en/calls/"))
    line = Disclosure.objects.get(reference=call.receipt)
    assert (line.person, line.for_person, line.ground) == (officer, mother, f"assisted session {mandate.pk}")
    looked = Disclosure.objects.get(kind="officer")
    assert (looked.actor, looked.for_person, looked.recipient) == (officer, mother, function.department.code)
    log = text_of(phone.get("/en/account/disclosures/"))
    assert f"An officer of {function.department.name_en}, who helped you at a counter, saw this of you" in log


def test_the_citizen_ends_it_while_the_officers_form_is_open(
    officer: User, mother: User, function: ServiceFunction, browser: Browser
) -> None:
    desk, phone = browser(officer), browser(mother)
    code = code_of(begin(desk, function))
    mandate = Mandate.objects.get()
    phone.post(f"/en/account/mandates/{mandate.pk}/approve/", {"code": code})
    desk.post(f"{COUNTER}{mandate.pk}/")
    phone.post(f"/en/account/mandates/{mandate.pk}/end/")
    assert desk.get(f"/en/functions/{function.code}/form/").status_code == 403


def test_before_the_citizen_says_yes_the_officer_begins_nothing(
    officer: User, mother: User, function: ServiceFunction, browser: Browser
) -> None:
    desk = browser(officer)
    begin(desk, function)
    assert desk.post(f"{COUNTER}{Mandate.objects.get().pk}/").status_code == 403
    assert "mandate" not in desk.session


def test_a_wrong_code_is_said_to_the_citizen(
    officer: User, mother: User, function: ServiceFunction, browser: Browser, security_log: list[Any]
) -> None:
    begin(browser(officer), function)
    address = f"/en/account/mandates/{Mandate.objects.get().pk}/approve/"
    response = browser(mother).post(address, {"code": "wrong"})
    assert response.status_code == 422
    assert "not the code on the counter" in text_of(response)
    assert security_log[-1]["event"] == "counter_code_refused"


def test_the_code_by_e_mail_is_not_shown_on_the_counters_screen(
    officer: User, mother: User, function: ServiceFunction, browser: Browser
) -> None:
    EmailAddress.objects.create(user=mother, email="mei@example.hk", verified=True)
    desk = browser(officer)
    page = text_of(begin(desk, function, "contact"))
    (message,) = mail.outbox
    code = str(message.body).split("code: ")[1][:6]
    assert (message.to, code in page) == (["mei@example.hk"], False)
    response = desk.post(f"{COUNTER}{Mandate.objects.get().pk}/", {"code": code})
    assert response["Location"] == f"/en/functions/{function.code}/form/"


def test_the_screen_looks_the_same_for_somebody_who_does_not_exist(
    officer: User, mother: User, function: ServiceFunction, browser: Browser
) -> None:
    desk = browser(officer)
    pages = [text_of(begin(desk, function, "contact", address=who)) for who in ("mother", "nobody-at-all")]
    assert pages[0].count("Code that they read out") == pages[1].count("Code that they read out") == 1
    assert mail.outbox == []


def test_a_document_takes_a_second_officer(
    officer: User, mother: User, function: ServiceFunction, browser: Browser
) -> None:
    begin(browser(officer), function, "document", document="HKID")
    second = OfficerFactory(department=function.department)
    second.groups.add(roles.ensure_counter())
    client, mandate = browser(second), Mandate.objects.get()
    assert "LEUNG Mei Ling, who has shown HKID" in text_of(client.get(COUNTER))
    client.post(f"{COUNTER}{mandate.pk}/second/")
    mandate.refresh_from_db()
    assert mandate.state == "accepted"


def test_another_departments_service_is_refused_and_logged(
    officer: User, mother: User, function: ServiceFunction, browser: Browser, security_log: list[Any]
) -> None:
    response = begin(browser(officer), ServiceFunctionFactory())
    assert response.status_code == 422
    assert "another department" in text_of(response)
    refused = next(line for line in security_log if line["event"] == "counter_refused")
    assert refused["reason"] == "other_department"
    assert not Mandate.objects.exists()


@pytest.mark.parametrize("page", ["", "second/"])
def test_an_officer_of_another_department_reaches_nothing(
    officer: User, mother: User, function: ServiceFunction, browser: Browser, page: str, security_log: list[Any]
) -> None:
    begin(browser(officer), function, "document", document="HKID")
    other = OfficerFactory()
    other.groups.add(roles.ensure_counter())
    response = browser(other).post(f"{COUNTER}{Mandate.objects.get().pk}/{page}")
    assert response.status_code == 404
    assert [line["event"] for line in security_log][-1] == "counter_refused"


def test_the_counter_is_not_for_everybody(browser: Browser, mother: User) -> None:
    assert browser(OfficerFactory()).get(COUNTER).status_code == 403
    assert browser(mother).get(COUNTER).status_code == 403


def test_an_officer_accepts_a_mandate_with_its_document(
    officer: User, daughter: User, mother: User, browser: Browser
) -> None:
    mandate = asked(daughter, mother)
    desk, address = browser(officer), f"{COUNTER}document/"
    assert "CHAN Siu Ling for LEUNG Mei Ling" in text_of(desk.get(f"{address}?reference={mandate.reference}"))
    desk.post(address, {"reference": mandate.reference, "document": "BC 123/88"})
    journal = text_of(browser(mother).get(f"/en/account/mandates/{mandate.pk}/"))
    assert "Wing Yan Lee accepted it at a counter, having seen the document BC 123/88" in journal
