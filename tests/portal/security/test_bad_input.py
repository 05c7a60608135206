"""What people, browsers and departments may try: each is refused with words, and stands in the security log."""

import re
import uuid
from typing import Any

import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.test import Client

from identity.accounts.models import SignInTicket, User
from identity.accounts.sessions import SessionStore
from identity.mandates import flows as mandates
from identity.profile import exporting
from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import PASSWORD, BackendFactory, OfficerFactory, OperatorFactory, UserFactory
from tests.mandates import accepted, expired
from tests.portal.security.conftest import Events
from tests.portal.web.account.test_phone import answer, token_of
from tests.portal.web.doing.conftest import citizen, function, send, signed_in

__all__ = ["citizen", "function", "signed_in"]  # fixtures
ELSEWHERE = ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "http:evil.example"]


def browser_of(person: User) -> Client:
    made = Client()
    made.force_login(person)
    return made


def leads_here(response: Any) -> bool:
    return "evil.example" not in response["Location"] and "javascript:" not in response["Location"]


# --- Open redirects -------------------------------------------------------------------------------
@pytest.mark.parametrize("place", ELSEWHERE)
@pytest.mark.parametrize(
    ("page", "sent"),
    [
        ("/accounts/login/", {"login": "chan", "password": PASSWORD}),
        ("/en/sign-in/phone/start/", {}),
    ],
)
def test_signing_in_leads_nowhere_else(citizen: User, logged: Events, page: str, sent: Any, place: str) -> None:
    browser = Client()
    assert leads_here(browser.post(page, {**sent, "next": place}))
    assert "next_refused" in logged()


@pytest.mark.parametrize("place", ELSEWHERE)
@pytest.mark.parametrize("page", ["/accounts/reauthenticate/", "/accounts/logout/", "/admin/i18n/setlang/"])
def test_nothing_that_somebody_signed_in_does_leads_elsewhere(
    citizen: User, signed_in: Client, logged: Events, page: str, place: str
) -> None:
    assert leads_here(signed_in.post(page, {"password": PASSWORD, "next": place, "language": "zh-hant"}))
    assert "next_refused" in logged()


@pytest.mark.parametrize("place", ELSEWHERE)
@pytest.mark.parametrize("page", ["/en/account/prove/", "/en/identity-app/prove/"])
def test_proving_more_leads_nowhere_else(signed_in: Client, logged: Events, page: str, place: str) -> None:
    response = signed_in.get(page, {"next": place, "acr": "plus"})
    assert not re.search(r'="(?:\w+:)?[/\\]*(?:evil|alert)', response.content.decode())  # no link, form or field
    assert "evil.example" not in response.headers.get("Location", "")
    assert "next_refused" in logged()


# --- Sessions -------------------------------------------------------------------------------------
def test_a_session_fixed_before_the_sign_in(citizen: User, logged: Events) -> None:
    planted: SessionBase = SessionStore()
    planted["caller"] = "planted"
    planted.create()
    victim, thief = Client(), Client()
    for each in (victim, thief):
        each.cookies["ferry_session"] = str(planted.session_key)
    victim.post("/accounts/login/", {"login": "chan", "password": PASSWORD})
    assert victim.get("/en/account/").status_code == 200
    assert thief.get("/en/account/")["Location"].startswith("/accounts/login/")
    assert "info:session_unknown" in logged()


def test_a_session_key_of_ones_own_making(db: None, logged: Events) -> None:
    browser = Client()
    browser.cookies["ferry_session"] = "a" * 32
    assert browser.get("/en/account/")["Location"].startswith("/accounts/login/")
    assert logged() == ["info:session_unknown"]


# --- Signing in by a picture ----------------------------------------------------------------------
@pytest.fixture
def desktop(db: None) -> Client:
    made = Client()
    made.post("/en/sign-in/phone/start/")
    return made


def test_a_picture_that_the_wrong_person_answers(citizen: User, desktop: Client, logged: Events) -> None:
    phone = Client()
    phone.post("/accounts/login/", {"login": "chan", "password": PASSWORD})
    page = phone.get(f"/en/account/phone/{token_of(desktop)}/")
    phone.force_login(UserFactory())
    fields = {"sealed": page.context["sealed"], "number": SignInTicket.objects.get().number}
    assert "Somebody else opened this page" in phone.post(page.request["PATH_INFO"], fields).text
    assert "_auth_user_id" not in desktop.session
    assert logged() == ["ticket_refused"]


def test_a_picture_that_is_answered_with_another_number(signed_in: Client, desktop: Client, logged: Events) -> None:
    ticket = SignInTicket.objects.get()
    other = next(each for each in ticket.numbers if each != ticket.number)
    assert "That was another number" in answer(signed_in, desktop, other).text
    assert logged() == ["ticket_refused"]


def test_a_picture_that_nobody_asked_for(signed_in: Client, logged: Events) -> None:
    page = signed_in.post("/en/account/phone/made-up/", {"number": 11, "sealed": "x"})
    assert "We do not know this code" in page.text
    assert logged() == ["ticket_refused"]


# --- Acting for another ---------------------------------------------------------------------------
@pytest.mark.parametrize("how", ["ended", "expired"])
def test_a_mandate_that_is_over(citizen: User, function: ServiceFunction, logged: Events, how: str) -> None:
    mandate, agent = accepted(citizen, UserFactory()), browser_of(citizen)
    agent.post(f"/en/account/mandates/{mandate.pk}/act/")
    expired(mandate) if how == "expired" else mandates.end(mandate, by=citizen)
    page = agent.get(f"/en/functions/{function.code}/form/")
    assert page.status_code == 403
    assert "acting" in page.text.lower()
    assert "mandate_refused" in logged()


# --- What is another's ----------------------------------------------------------------------------
@pytest.fixture
def call(signed_in: Client, function: ServiceFunction) -> ServiceCall:
    """The citizen's."""
    return send(signed_in, function)


@pytest.mark.parametrize("page", ["", "settle/", "look/"])
def test_an_officer_who_reaches_for_a_call_of_another_department(call: ServiceCall, logged: Events, page: str) -> None:
    stranger = browser_of(OfficerFactory())
    ask = stranger.post if page else stranger.get
    answer = ask(f"/admin/calls/{call.receipt}/{page}")
    assert answer.status_code == 404
    assert logged() == ["call_of_another"]


@pytest.mark.parametrize("page", ["", "part/", "receipt.pdf", "sent.json", "proof.json", "withdraw/"])
def test_a_citizen_who_reaches_for_anothers_call(call: ServiceCall, logged: Events, page: str) -> None:
    assert browser_of(UserFactory()).get(f"/en/calls/{call.receipt}/{page}").status_code == 404
    assert logged() == ["call_of_another"]


@pytest.mark.parametrize("page", ["", "events", "proof", "withdrawal"])
def test_a_program_that_reaches_for_anothers_call(call: ServiceCall, logged: Events, page: str) -> None:
    stranger = browser_of(UserFactory())
    ask = stranger.post if page == "withdrawal" else stranger.get
    answer = ask(f"/api/v1/calls/{call.receipt}/{page}")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert logged() == ["call_of_another"]


def test_a_receipt_that_nobody_has_is_no_line(signed_in: Client, logged: Events, citizen: User) -> None:
    assert signed_in.get("/en/calls/FR-0000-0000-0000/").status_code == 404
    assert logged() == []


def test_an_export_that_somebody_else_asks_for(citizen: User, logged: Events) -> None:
    made = exporting.ask(citizen, language="en")
    stranger = Client()
    thief = UserFactory()
    stranger.post("/accounts/login/", {"login": thief.username, "password": PASSWORD})
    assert stranger.post(f"/en/account/rights/export/{made.pk}/").status_code == 404
    assert logged() == ["export_of_another"]


def test_an_export_that_nobody_made_is_no_line(citizen: User, signed_in: Client, logged: Events) -> None:
    assert signed_in.post(f"/en/account/rights/export/{uuid.uuid4()}/").status_code == 404
    assert logged() == []


def test_operations_do_not_take_anothers_export(citizen: User, logged: Events) -> None:
    made, staff = exporting.ask(citizen, language="en"), OperatorFactory()
    browser = Client()
    browser.post("/accounts/login/", {"login": staff.username, "password": PASSWORD})
    assert browser.post(f"/en/account/rights/export/{made.pk}/").status_code == 404
    assert logged() == ["export_of_another"]


# --- Departments ----------------------------------------------------------------------------------
def test_a_message_that_no_department_signed(logged: Events, db: None) -> None:
    backend = BackendFactory()
    answer = Client().post(f"/api/v1/hooks/{backend.code}/", {}, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert logged() == ["hook_refused"]


@pytest.mark.parametrize("page", ["/admin/clients/tried/?code=x&state=forged", "/admin/clients/try/forged/"])
def test_an_answer_or_a_link_of_a_test_log_in_that_is_forged(logged: Events, db: None, page: str) -> None:
    assert Client().get(page).status_code == 404
    assert logged() in (["trial_answer_refused"], ["trial_link_refused"])
