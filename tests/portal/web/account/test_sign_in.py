"""The sign-in page and everything a person signs in with, as pages."""

import html
import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from structlog.testing import capture_logs

from identity.accounts import attempts, factors
from identity.accounts.models import User
from identity.encryption import decrypt
from tests.factories import PASSWORD, OperatorFactory, UserFactory

LOGIN = "/accounts/login/"
CODE = re.compile(r"^[A-Z]{4}-[A-Z]{4}$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _no_limits_of_other_tests() -> None:
    cache.clear()


@pytest.fixture
def person(db: None) -> User:
    made = UserFactory(username="chan", email="chan@example.hk")
    EmailAddress.objects.create(user=made, email=made.email, verified=True, primary=True)
    return made


@pytest.fixture
def signed_in(person: User) -> Client:
    """By the password, and just shown to be them."""
    client = Client()
    client.post(LOGIN, {"login": "chan", "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def code_of_app(secret: str) -> str:
    code: str = format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[1]))
    return code


def switch_on_app(client: Client) -> tuple[str, Any]:
    """The secret, and the page that follows."""
    page = client.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    return secret, client.post("/accounts/2fa/totp/activate/", {"code": code_of_app(secret)}, follow=True)


# --- The sign-in page -------------------------------------------------------------------------------
def test_a_passkey_comes_first_where_passkeys_work(client: Client, db: None) -> None:
    page = text_of(client.get(LOGIN, headers={"Host": "localhost"}))
    assert page.index("Sign in with a passkey") < page.index('name="login"')
    assert 'data-passkey="get"' in page
    assert "Passkeys need JavaScript" in page


def test_at_a_number_as_address_the_page_says_where_they_work(client: Client, db: None, settings: Any) -> None:
    settings.BASE_URL = "http://127.0.0.1:8000"
    page = text_of(client.get(f"{LOGIN}?next=/en/calls/", headers={"Host": "127.0.0.1:8000"}))
    assert "data-passkey=" not in page
    assert 'href="http://localhost:8000/accounts/login/?next=/en/calls/"' in page


@pytest.mark.parametrize(
    ("base", "works"),
    [
        ("https://ferry.gov.example", "ferry.gov.example"),
        ("http://127.0.0.1:8000", "localhost"),
        ("http://localhost:8000", "localhost"),
    ],
)
def test_passkeys_belong_to_the_address_of_the_settings(settings: Any, base: str, works: str) -> None:
    settings.BASE_URL = base
    assert factors.FactorAdapter().get_public_key_credential_rp_entity()["id"] == works


def test_the_options_of_a_passkey_ask_for_no_name(client: Client, db: None) -> None:
    options = client.get("/accounts/2fa/webauthn/login/", headers={"Accept": "application/json"}).json()
    asked = options["request_options"]["publicKey"]
    assert asked["userVerification"] == "required"
    assert not asked.get("allowCredentials")


@pytest.mark.parametrize("credential", ["", "{}", "[]", "nonsense", '{"id": "x", "response": {}}'])
def test_nonsense_for_a_passkey_is_refused_kindly(client: Client, db: None, credential: str) -> None:
    client.get("/accounts/2fa/webauthn/login/", headers={"Accept": "application/json"})
    answer = client.post("/accounts/2fa/webauthn/login/", {"credential": credential}, follow=True)
    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session


# --- Guessing --------------------------------------------------------------------------------------
def guess(client: Client, times: int) -> Any:
    for _ in range(times):
        answer = client.post(LOGIN, {"login": "chan", "password": "wrong-guess-1"})
    return answer


def test_who_guesses_is_told_how_long_to_wait_and_what_works(client: Client, person: User) -> None:
    with capture_logs() as lines:
        page = text_of(guess(client, attempts.PAIR.free + 2))
    assert re.search(r"Wait \d\d seconds, then try again. A passkey or a code by email works at once.", page)
    assert {"kind": "pair"}.items() <= next(line for line in lines if line["event"] == "sign_in_locked").items()


def test_the_right_password_has_to_wait_too_on_an_unknown_device(client: Client, person: User) -> None:
    guess(client, attempts.PAIR.free + 2)
    client.post(LOGIN, {"login": "chan", "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_the_persons_own_device_is_not_locked_out_by_strangers(person: User) -> None:
    home = Client()
    home.post(LOGIN, {"login": "chan", "password": PASSWORD})
    home.post("/accounts/logout/")
    guess(Client(), attempts.PAIR.free + 3)
    home.post(LOGIN, {"login": "chan", "password": PASSWORD})
    assert home.session["_auth_user_id"] == str(person.pk)


# --- Code by email ---------------------------------------------------------------------------------
def sent_code() -> str:
    found = CODE.search(str(mail.outbox[-1].body))
    assert found
    return found[0]


def test_a_code_by_email_signs_in(client: Client, person: User) -> None:
    client.post("/accounts/login/code/?next=/en/calls/", {"email": person.email})
    answer = client.post("/accounts/login/code/confirm/", {"code": sent_code(), "next": "/en/calls/"})
    assert answer["Location"] == "/en/calls/"
    assert client.session["_auth_user_id"] == str(person.pk)


def test_a_code_is_for_the_browser_that_asked(client: Client, person: User) -> None:
    client.post("/accounts/login/code/", {"email": person.email})
    other = Client()
    other.post("/accounts/login/code/confirm/", {"code": sent_code()})
    assert "_auth_user_id" not in other.session


def test_three_wrong_codes_end_it(client: Client, person: User) -> None:
    client.post("/accounts/login/code/", {"email": person.email})
    right = sent_code()
    for _ in range(3):
        client.post("/accounts/login/code/confirm/", {"code": "XXXX-XXXX"})
    client.post("/accounts/login/code/confirm/", {"code": right})
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Your code for signing in"), ("zh-hant", "你的登入驗證碼"), ("zh-hans", "您的登录验证码")],
)
def test_mails_are_in_the_persons_language_and_plain(client: Client, person: User, language: str, words: str) -> None:
    client.post(f"/accounts/login/code/?lang={language}", {"email": person.email})
    message: Any = mail.outbox[-1]
    assert message.subject == words
    assert message.alternatives == []


def test_links_in_mails_lead_home_whatever_host_was_asked_for(client: Client, person: User, settings: Any) -> None:
    settings.BASE_URL = "https://ferry.gov.example"
    client.post("/accounts/password/reset/", {"email": person.email}, headers={"Host": "localhost"})
    assert "https://ferry.gov.example/accounts/password/reset/key/" in str(mail.outbox[-1].body)
    assert "localhost" not in str(mail.outbox[-1].body)


# --- Opening an account ------------------------------------------------------------------------------
def open_account(client: Client) -> Any:
    form = {"email": "lee@example.hk", "password1": "calm-water-9", "password2": "calm-water-9"}
    return client.post("/accounts/signup/", form)


def test_a_new_account_opens_once_its_address_is_confirmed(client: Client, db: None) -> None:
    open_account(client)
    assert "_auth_user_id" not in client.session
    client.post("/accounts/confirm-email/", {"code": sent_code()})
    assert client.session["_auth_user_id"] == str(User.objects.get(email="lee@example.hk").pk)


def test_who_stopped_before_confirming_is_asked_at_the_next_sign_in(client: Client, db: None) -> None:
    open_account(client)
    cache.clear()
    later = Client()
    login = later.post(LOGIN, {"login": "lee@example.hk", "password": "calm-water-9"})
    assert login["Location"] == "/accounts/confirm-email/"


# --- Factors ----------------------------------------------------------------------------------------
def test_the_page_lists_each_way_with_its_next_step(signed_in: Client) -> None:
    page = text_of(signed_in.get("/en/account/security/"))
    for address in ("mfa_add_webauthn", "mfa_activate_totp", "account_change_password", "account_email"):
        assert f'href="{reverse(address)}"' in page
    assert "/en/account/security/" in text_of(signed_in.get("/en/account/"))


@pytest.mark.parametrize("path", ["webauthn/add/", "totp/activate/", "recovery-codes/generate/"])
def test_changing_a_factor_asks_who_it_is_first(client: Client, person: User, path: str) -> None:
    client.post(LOGIN, {"login": "chan", "password": PASSWORD})
    assert client.get(f"/accounts/2fa/{path}")["Location"].startswith("/accounts/reauthenticate/?next=")


def test_an_app_is_switched_on_and_codes_are_shown_once(transactional_db: None, signed_in: Client) -> None:
    _secret, page = switch_on_app(signed_in)
    assert re.search(r"<code translate=\"no\">\d{8}</code>", text_of(page))
    again = text_of(signed_in.get("/accounts/2fa/recovery-codes/"))
    assert "You have 10 recovery codes left" in again
    assert not re.search(r"<code translate=\"no\">\d{8}", again)
    assert "An authenticator app was added to your account" in {message.subject for message in mail.outbox}


def test_the_secret_of_an_app_is_read_in_fours_or_opened_on_the_same_phone(signed_in: Client) -> None:
    page = text_of(signed_in.get("/accounts/2fa/totp/activate/"))
    assert re.search(r"translate=\"no\">([A-Z2-7]{4} ){7}[A-Z2-7]{4}<", page)
    assert 'href="otpauth://totp/' in page


def test_the_main_address_is_not_removed_and_the_page_says_so(signed_in: Client, person: User) -> None:
    address = EmailAddress.objects.get(user=person, primary=True)
    other = EmailAddress.objects.create(user=person, email="other@example.hk", verified=True)
    page = text_of(signed_in.post("/accounts/email/", {"email": address.email, "action_remove": ""}, follow=True))
    assert f"Problem: </span>{address.email} is your main address. Make another one the main one first." in page
    signed_in.post("/accounts/email/", {"email": other.email, "action_primary": ""})
    assert "main address" in text_of(signed_in.get("/accounts/email/"))
    assert EmailAddress.objects.get(user=person, primary=True) == other


def test_secrets_are_kept_encrypted(signed_in: Client, person: User) -> None:
    secret, _page = switch_on_app(signed_in)
    kept = Authenticator.objects.get(user=person, type="totp").data["secret"]
    assert secret not in kept
    assert decrypt(kept.encode()).decode() == secret
    assert Authenticator.objects.get(user=person, type="recovery_codes").data["seed"].startswith("gAAAA")


def second_step(client: Client, code: str) -> None:
    client.post(LOGIN, {"login": "chan", "password": PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"code": code})


def test_after_the_password_the_app_is_asked_for(signed_in: Client, person: User) -> None:
    secret, _page = switch_on_app(signed_in)
    client = Client()
    assert client.post(LOGIN, {"login": "chan", "password": PASSWORD})["Location"] == "/accounts/2fa/authenticate/"
    assert "_auth_user_id" not in client.session
    client.post("/accounts/2fa/authenticate/", {"code": code_of_app(secret)})
    assert client.session["_auth_user_id"] == str(person.pk)


def test_a_code_of_the_app_signs_in_once_even_without_the_cache(signed_in: Client) -> None:
    secret, _page = switch_on_app(signed_in)
    code = code_of_app(secret)
    second_step(Client(), code)
    cache.clear()
    replay = Client()
    with capture_logs() as lines:
        second_step(replay, code)
    assert "_auth_user_id" not in replay.session
    assert "code_replayed" in {line["event"] for line in lines}


def test_a_recovery_code_signs_in_once(signed_in: Client, person: User) -> None:
    _secret, page = switch_on_app(signed_in)
    code = re.findall(r"<code translate=\"no\">(\d{8})</code>", text_of(page))[0]
    first, second = Client(), Client()
    second_step(first, code)
    second_step(second, code)
    assert "_auth_user_id" in first.session
    assert "_auth_user_id" not in second.session


def test_nobody_removes_another_persons_passkey(signed_in: Client) -> None:
    other = Authenticator.objects.create(user=UserFactory(), type="webauthn", data={"name": "x", "credential": {}})
    assert signed_in.post(f"/accounts/2fa/webauthn/keys/{other.pk}/remove/").status_code == 404


# --- Staff ------------------------------------------------------------------------------------------
@pytest.fixture
def operator(db: None, settings: Any) -> Client:
    settings.STAFF_NEED_SECOND_FACTOR = True
    OperatorFactory(username="ops")
    client = Client()
    client.post(LOGIN, {"login": "ops", "password": PASSWORD})
    return client


def test_staff_without_a_second_factor_are_led_to_set_one_up(operator: Client) -> None:
    answer = operator.get("/control/", follow=True)
    assert "Staff pages need more than a password" in text_of(answer)
    assert operator.get("/en/").status_code == 200


def test_staff_with_one_reach_their_pages(operator: Client) -> None:
    operator.post("/accounts/reauthenticate/", {"password": PASSWORD})
    secret, _page = switch_on_app(operator)
    assert operator.get("/admin/")["Location"] == "/accounts/2fa/reauthenticate/?next=%2Fadmin%2F"
    done = operator.post("/accounts/2fa/reauthenticate/?next=/admin/", {"code": code_of_app(secret)})
    assert done["Location"] == "/admin/"
    assert operator.get("/control/").status_code == 200


def test_citizens_are_told_no_as_before(signed_in: Client, settings: Any) -> None:
    settings.STAFF_NEED_SECOND_FACTOR = True
    assert signed_in.get("/control/").status_code == 403
