"""Sign in with your phone, from both screens."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from identity.accounts.models import SignInTicket, User
from identity.accounts.second_factor import is_proved
from tests.factories import PASSWORD, UserFactory

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


@pytest.fixture
def person(db: None) -> User:
    return UserFactory(username="chan")


@pytest.fixture
def phone(person: User) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": "chan", "password": PASSWORD})
    return client


@pytest.fixture
def desktop(db: None) -> Client:
    """Has asked for a ticket."""
    client = Client(headers={"User-Agent": FIREFOX})
    client.post("/en/sign-in/phone/start/", {"next": "/en/calls/"})
    return client


def token_of(desktop: Client) -> str:
    token: str = desktop.session["phone_ticket"]["token"]
    return token


def answer(phone: Client, desktop: Client, number: int | str | None = None) -> Any:
    page = phone.get(f"/en/account/phone/{token_of(desktop)}/")
    sealed = page.context["sealed"]
    chosen = SignInTicket.objects.get().number if number is None else number
    return phone.post(page.request["PATH_INFO"], {"sealed": sealed, "number": chosen})


def test_the_desktop_shows_a_picture_and_a_number_and_looks_again(desktop: Client) -> None:
    page = desktop.get("/en/sign-in/phone/").text
    assert "<svg" in page
    assert str(SignInTicket.objects.get().number) in page
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page
    assert token_of(desktop) not in page  # a picture is not for copying


def test_the_phone_says_who_asks_and_warns(phone: Client, desktop: Client) -> None:
    page = phone.get(f"/en/account/phone/{token_of(desktop)}/").text
    assert "Firefox on Linux" in page
    assert "On the same network as this phone" in page
    assert "Then it is a trick" in page
    assert len(re.findall(r'name="number" value="\d\d"', page)) == 3


def test_the_phone_says_if_the_other_screen_may_be_far_away(phone: Client, desktop: Client) -> None:
    page = phone.get(f"/en/account/phone/{token_of(desktop)}/", REMOTE_ADDR="198.51.100.9").text
    assert "On another network" in page


def test_the_right_number_signs_the_desktop_in_where_it_wanted_to_go(
    phone: Client, desktop: Client, person: User
) -> None:
    assert "The other screen is signed in" in answer(phone, desktop).text
    assert desktop.get("/en/sign-in/phone/")["Location"] == "/en/calls/"
    assert desktop.session["_auth_user_id"] == str(person.pk)
    assert desktop.session["authentication_noted"][0]["amr"] == ["mca"]


def test_htmx_is_told_to_go_on_only_then(phone: Client, desktop: Client) -> None:
    look = {"HX-Request": "true"}
    assert desktop.get("/en/sign-in/phone/", headers=look).status_code == 204
    answer(phone, desktop)
    assert desktop.get("/en/sign-in/phone/", headers=look)["HX-Redirect"] == "/en/sign-in/phone/"


@pytest.mark.parametrize("number", ["", "99999", "x", "09"])
def test_any_other_answer_signs_nobody_in(phone: Client, desktop: Client, number: str) -> None:
    answer(phone, desktop, number)
    page = desktop.get("/en/sign-in/phone/").text
    assert "The phone said no" in page
    assert "_auth_user_id" not in desktop.session


def test_another_browser_gets_nothing_of_an_approval(phone: Client, desktop: Client) -> None:
    answer(phone, desktop)
    other = Client()
    assert other.get("/en/sign-in/phone/")["Location"] == "/accounts/login/"


def test_a_page_left_open_by_another_person_is_refused(phone: Client, desktop: Client) -> None:
    page = phone.get(f"/en/account/phone/{token_of(desktop)}/")
    phone.force_login(UserFactory())
    fields = {"sealed": page.context["sealed"], "number": SignInTicket.objects.get().number}
    assert "Somebody else opened this page" in phone.post(page.request["PATH_INFO"], fields).text
    assert "The phone said no" in desktop.get("/en/sign-in/phone/").text


def test_a_phone_that_is_not_signed_in_signs_in_first(desktop: Client) -> None:
    path = f"/en/account/phone/{token_of(desktop)}/"
    assert Client().get(path)["Location"] == f"/accounts/login/?next={path}"


def test_a_person_with_an_app_must_have_used_it_on_the_phone(phone: Client, desktop: Client, person: User) -> None:
    Authenticator.objects.create(user=person, type="totp", data={"secret": "x"})
    path = f"/en/account/phone/{token_of(desktop)}/"
    assert phone.get(path)["Location"].startswith("/accounts/2fa/reauthenticate/?next=")
    assert phone.post(path, {"number": "11"})["Location"].startswith("/accounts/2fa/reauthenticate/?next=")


def test_a_phone_with_a_second_factor_gives_it_to_the_desktop(
    phone: Client, desktop: Client, person: User, rf: Any
) -> None:
    Authenticator.objects.create(user=person, type="totp", data={"secret": "x"})
    session = phone.session
    session["account_authentication_methods"] = [*session["account_authentication_methods"],
                                                 {"method": "mfa", "type": "totp", "at": 1.0}]  # fmt: skip
    session.save()
    answer(phone, desktop)
    assert desktop.get("/en/sign-in/phone/")["Location"] == "/en/calls/"  # no second question
    request = rf.get("/")
    request.session, request.user = desktop.session, person
    assert is_proved(request)


def test_nobody_is_led_elsewhere(phone: Client, person: User) -> None:
    desktop = Client()
    desktop.post("/en/sign-in/phone/start/", {"next": "https://elsewhere.example/"})
    answer(phone, desktop)
    assert desktop.get("/en/sign-in/phone/")["Location"] == "/en/"


def test_an_unknown_picture_is_explained(phone: Client) -> None:
    assert "We do not know this code" in phone.get("/en/account/phone/nothing/").text
