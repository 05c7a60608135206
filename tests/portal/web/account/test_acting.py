from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from identity.accounts.models import User
from identity.consent.models import Disclosure
from identity.mandates import flows
from identity.mandates.models import Mandate
from services.forms.models import Draft
from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import OfficerFactory, OperatorFactory, UserFactory
from tests.mandates import expired, limits
from tests.portal.web.account.conftest import refusals, text_of
from tests.portal.web.doing.conftest import address_of, hidden, send

MOTHERS = {"applicant_name": "LEUNG Mei Ling", "applicant_hkid": "C123456(9)"}
Browser = Callable[[User], Client]


def test_every_page_says_for_whom_and_how_to_stop(acting: Client, function: ServiceFunction) -> None:
    for path in ("/en/", "/en/calls/", f"/en/functions/{function.code}/", address_of(function), "/en/account/"):
        assert "You are acting for LEUNG Mei Ling until" in text_of(acting.get(path, follow=True))
    acting.post("/en/account/mandates/stop/")
    assert "You are acting for" not in text_of(acting.get("/en/"))


def test_in_chinese_the_banner_has_the_chinese_name(acting: Client) -> None:
    assert "梁美玲" in text_of(acting.get("/zh-hant/"))


def test_the_form_is_filled_in_from_the_principals_profile(acting: Client, function: ServiceFunction) -> None:
    page = text_of(acting.get(address_of(function)))
    assert 'value="C123456(9)"' in page
    assert 'value="A123456(3)"' not in page
    assert ("From their profile" in page, "From your profile" in page) == (True, False)


def test_that_it_was_shown_stands_once_in_the_principals_log(
    acting: Client, function: ServiceFunction, daughter: User, mother: User
) -> None:
    for _time in range(2):
        acting.get(address_of(function))
    (line,) = Disclosure.objects.all()
    assert (line.person, line.for_person) == (daughter, mother)
    assert "hkid" in line.fields


def test_both_read_in_their_log_what_was_shown(
    acting: Client, function: ServiceFunction, mother: User, browser: Browser
) -> None:
    acting.get(address_of(function))
    log = "/en/account/disclosures/"
    assert "CHAN Siu Ling saw this of you while acting for you" in text_of(browser(mother).get(log))
    acting.post("/en/account/mandates/stop/")
    assert "You saw this of" in text_of(acting.get(log))


def test_without_the_right_to_prepare_nothing_of_the_profile_is_shown(
    acting: Client, function: ServiceFunction, mandate: Mandate, mother: User
) -> None:
    flows.limit(mandate, by=mother, limits=limits("read", "submit"))
    response = acting.get(address_of(function))
    assert response.status_code == 403
    assert "C123456(9)" not in text_of(response)


def test_a_call_is_made_by_the_agent_for_the_principal(
    acting: Client, function: ServiceFunction, daughter: User, mother: User, mandate: Mandate
) -> None:
    call = send(acting, function, **MOTHERS)
    assert (call.person, call.for_person, call.mandate) == (daughter, mother, mandate)
    assert call.payload["form"]["applicant_hkid"] == "C123456(9)"
    line = Disclosure.objects.get(reference=call.receipt)
    assert (line.person, line.for_person) == (daughter, mother)
    assert line.ground == f"mandate {mandate.pk}"


def test_review_receipt_list_and_paper_name_both(
    acting: Client, function: ServiceFunction, mother: User, browser: Browser
) -> None:
    call = send(acting, function, **MOTHERS)
    said = "CHAN Siu Ling for LEUNG Mei Ling"
    for client in (acting, browser(mother)):
        assert said in text_of(client.get(f"/en/calls/{call.receipt}/"))
        assert said in text_of(client.get("/en/calls/"))
    assert acting.get(f"/en/calls/{call.receipt}/receipt.pdf").status_code == 200
    assert "陳小玲代梁美玲" in text_of(browser(mother).get(f"/zh-hant/calls/{call.receipt}/"))


def test_a_stranger_sees_nothing_of_it(acting: Client, function: ServiceFunction, browser: Browser) -> None:
    call = send(acting, function, **MOTHERS)
    assert browser(UserFactory()).get(f"/en/calls/{call.receipt}/").status_code == 404


def test_what_is_done_for_another_does_not_mix_with_ones_own(
    acting: Client, function: ServiceFunction, daughter: User
) -> None:
    call = send(acting, function, **MOTHERS)
    acting.post("/en/account/mandates/stop/")
    assert acting.get(f"/en/calls/{call.receipt}/").status_code == 404
    own = send(acting, function, applicant_name="CHAN Siu Ling", applicant_hkid="A123456(3)")
    assert (own.for_person, own.caller) == (None, f"user:{daughter.pk}")


def test_an_agent_reads_the_principals_own_calls_as_far_as_the_mandate_goes(
    acting: Client, function: ServiceFunction, mandate: Mandate, mother: User, browser: Browser
) -> None:
    call = send(browser(mother), function, **MOTHERS)
    assert acting.get(f"/en/calls/{call.receipt}/").status_code == 200
    assert Disclosure.objects.filter(for_person=mother, reference=call.receipt).count() == 1
    flows.limit(mandate, by=mother, limits=limits(functions=("another",)))
    assert acting.get(f"/en/calls/{call.receipt}/").status_code == 404
    flows.limit(mandate, by=mother, limits=limits("prepare", "submit"))
    assert acting.get(f"/en/calls/{call.receipt}/").status_code == 404


def test_the_principal_takes_back_what_was_sent_for_them(
    acting: Client, function: ServiceFunction, mother: User, browser: Browser
) -> None:
    call = send(acting, function, **MOTHERS)
    assert browser(mother).post(f"/en/calls/{call.receipt}/withdraw/").status_code == 302
    call.refresh_from_db()
    assert call.status == "withdrawn"


def test_an_agent_does_not_take_back_what_the_principal_sent(
    acting: Client, function: ServiceFunction, mother: User, browser: Browser
) -> None:
    call = send(browser(mother), function, **MOTHERS)
    assert acting.post(f"/en/calls/{call.receipt}/withdraw/").status_code == 404


# --- Over while it is used --------------------------------------------------------------------------
TYPED = {**MOTHERS, "mark": "LING88", "months": "12", "contact_phone": "91234567", "contact_email": "a@example.hk"}


@pytest.mark.parametrize("trouble", ["ended", "expired"])
def test_an_open_form_is_refused_kindly_and_nothing_typed_is_lost(
    acting: Client, function: ServiceFunction, mandate: Mandate, mother: User, trouble: str, security_log: list[Any]
) -> None:
    form = hidden(acting.get(address_of(function)))
    flows.end(mandate, by=mother) if trouble == "ended" else expired(mandate)
    response = acting.post(address_of(function), {**form, **TYPED})
    assert response.status_code == 403
    assert "LING88" in text_of(response)
    assert "C123456(9)" not in text_of(response)
    assert Draft.objects.get().data["mark"] == "LING88"
    assert refusals(security_log)[-1] == trouble


def test_a_form_that_was_looked_over_is_not_sent_after_the_end(
    acting: Client, function: ServiceFunction, mandate: Mandate, mother: User, security_log: list[Any]
) -> None:
    acting.post(address_of(function), {**hidden(acting.get(address_of(function))), **TYPED})
    review = hidden(acting.get(address_of(function, "review")))
    flows.end(mandate, by=mother)
    response = acting.post(address_of(function, "review"), review)
    assert response.status_code == 403
    assert "LING88" in text_of(response)
    assert not ServiceCall.objects.exists()
    assert refusals(security_log)[-1] == "ended"


def test_after_the_end_nothing_is_done_for_oneself_by_mistake(
    acting: Client, function: ServiceFunction, mandate: Mandate, mother: User
) -> None:
    flows.end(mandate, by=mother)
    assert acting.get("/en/calls/").status_code == 403
    assert "You no longer act for LEUNG Mei Ling" in text_of(acting.get("/en/"))
    acting.post("/en/account/mandates/stop/")
    assert acting.get("/en/calls/").status_code == 200


def test_a_form_opened_for_oneself_is_not_taken_for_another(
    daughter: User, mandate: Mandate, function: ServiceFunction, browser: Browser, security_log: list[Any]
) -> None:
    client = browser(daughter)
    form = hidden(client.get(address_of(function)))
    client.post(f"/en/account/mandates/{mandate.pk}/act/")
    response = client.post(address_of(function), {**form, **TYPED})
    assert response.status_code == 409
    assert Draft.objects.get().caller == f"user:{daughter.pk}"
    assert refusals(security_log) == ["mixed_up"]


def test_a_service_outside_the_mandate_is_refused(
    acting: Client, function: ServiceFunction, mandate: Mandate, mother: User, security_log: list[Any]
) -> None:
    form = hidden(acting.get(address_of(function)))
    flows.limit(mandate, by=mother, limits=limits(functions=("another",)))
    response = acting.post(address_of(function), {**form, **TYPED})
    assert (response.status_code, refusals(security_log)) == (403, ["outside_function"])
    assert "does not include this service" in text_of(response)


def test_a_mandate_to_prepare_sends_nothing(
    acting: Client, function: ServiceFunction, mandate: Mandate, mother: User, security_log: list[Any]
) -> None:
    flows.limit(mandate, by=mother, limits=limits("prepare"))
    acting.post(address_of(function), {**hidden(acting.get(address_of(function))), **TYPED})
    response = acting.post(address_of(function, "review"), hidden(acting.get(address_of(function, "review"))))
    assert (response.status_code, refusals(security_log)) == (403, ["outside_act"])
    assert not ServiceCall.objects.exists()


def test_nobody_acts_under_somebody_elses_mandate(mandate: Mandate, browser: Browser, security_log: list[Any]) -> None:
    client = browser(UserFactory())
    response = client.post(f"/en/account/mandates/{mandate.pk}/act/")
    assert (response.status_code, refusals(security_log)) == (403, ["unknown"])
    assert "LEUNG" not in text_of(response)
    assert "mandate" not in client.session


@pytest.mark.parametrize("forged", ["", "00000000-0000-4000-8000-000000000000", "' OR 1=1"])
def test_a_forged_session_entry_opens_nothing(
    daughter: User, mother: User, browser: Browser, forged: str, security_log: list[Any]
) -> None:
    client = browser(daughter)
    session = client.session
    session["mandate"] = forged
    session.save()
    assert client.get("/en/calls/").status_code == (403 if forged else 200)
    assert refusals(security_log) == (["unknown"] if forged else [])


def test_acting_costs_one_query_and_not_acting_none(
    daughter: User, mandate: Mandate, browser: Browser, django_assert_num_queries: Any
) -> None:
    client = browser(daughter)
    client.get("/en/about/")
    with django_assert_num_queries(2):
        client.get("/en/about/")
    client.post(f"/en/account/mandates/{mandate.pk}/act/")
    with django_assert_num_queries(3):
        client.get("/en/about/")


def test_a_mandate_that_begins_later_is_not_used_before(daughter: User, mandate: Mandate, browser: Browser) -> None:
    later = timezone.now() + timedelta(days=1)
    Mandate.objects.filter(pk=mandate.pk).update(valid_from=later)
    response = browser(daughter).post(f"/en/account/mandates/{mandate.pk}/act/")
    assert response.status_code == 403
    assert "has not begun yet" in text_of(response)


def test_the_desk_says_that_it_was_for_another_and_names_both_only_in_a_look(
    acting: Client, function: ServiceFunction, browser: Browser
) -> None:
    call = send(acting, function, **MOTHERS)
    officer = OfficerFactory(department=function.department)
    page = f"/admin/calls/{call.receipt}/"
    for staff in (officer, OperatorFactory()):
        said = text_of(browser(staff).get(page))
        assert "somebody who acts for another person" in said
        assert "LEUNG" not in said
    assert "CHAN Siu Ling for LEUNG Mei Ling" in text_of(browser(officer).post(f"{page}look/"))
