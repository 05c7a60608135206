"""What the table of docs/security.md promises about passwords, sessions and accounts, where no other test shows it."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client

from identity.accounts.models import User
from portal import settings as as_written
from tests.factories import PASSWORD, OfficerFactory, UserFactory
from tests.identity.accounts.signing_in import sign_in

pytestmark = pytest.mark.django_db
CHANGE = "/accounts/password/change/"


@pytest.fixture
def person() -> User:
    return UserFactory(username="chan")


def changed(person: User, new: str, old: str = PASSWORD) -> bool:
    sign_in(person).post(CHANGE, {"oldpassword": old, "password1": new, "password2": new})
    person.refresh_from_db()
    return person.check_password(new)


@pytest.mark.parametrize(
    "new", ["only small letters", "1357924680864", "密碼也可以是一首詩的四句話", "ünïcödé ✓ " * 8, "x" * 40 + "y" * 40]
)
def test_any_letters_and_any_length_make_a_password(person: User, new: str) -> None:
    assert changed(person, new)


def test_a_password_counts_letter_by_letter(person: User) -> None:
    new = "A Long one with a Blank at its end " * 3
    assert changed(person, new)
    for other in (new.lower(), new[:72], new.strip() + "x"):
        assert not person.check_password(other)
        assert "_auth_user_id" not in _log_in(other).session


def _log_in(password: str) -> Client:
    browser = Client()
    browser.post("/accounts/login/", {"login": "chan", "password": password})
    return browser


def test_a_new_password_needs_the_old_one(person: User) -> None:
    assert not changed(person, "another-quiet-crossing", old="wrong")


@pytest.mark.parametrize("new", ["short", "password123", "1234567890", "qwertyuiop"])
def test_a_short_or_common_password_is_refused(person: User, new: str) -> None:
    assert not changed(person, new)


@pytest.mark.parametrize(
    "new", ["Ferry-2026!!", "HongKong1234567", "iAM Smart 2025", "一渡通一渡通2026", "Ferry Government 12"]
)
def test_a_password_of_the_portals_own_words_is_refused(person: User, new: str) -> None:
    with pytest.raises(ValidationError, match="begins with the name of this portal"):
        validate_password(new)
    assert not changed(person, new)


def test_such_a_word_among_others_is_no_reason(person: User) -> None:
    assert changed(person, "my ferry sails at dawn")


@pytest.mark.parametrize("page", ["/accounts/login/", "/accounts/signup/", CHANGE])
def test_fields_for_passwords_are_masked_and_take_what_a_manager_fills_in(person: User, page: str) -> None:
    browser = sign_in(person) if page == CHANGE else Client()
    fields = re.findall(r"<input[^>]*name=\"(?:old)?password\d?\"[^>]*>", browser.get(page).text)
    assert fields
    for field in fields:
        assert 'type="password"' in field
        assert re.search(r'autocomplete="(current|new)-password"', field)
        assert not re.search(r"onpaste|maxlength|readonly", field)


def test_passwords_are_kept_by_a_slow_hash_with_salt() -> None:
    assert as_written.PASSWORD_HASHERS[0] == "django.contrib.auth.hashers.ScryptPasswordHasher"


def test_no_account_exists_before_somebody_makes_one() -> None:
    assert not User.objects.exists()


def test_a_session_key_is_random_and_long(person: User) -> None:
    keys = {sign_in(person).cookies["ferry_session"].value for _time in range(3)}
    assert len(keys) == 3
    assert all(re.fullmatch(r"[a-z0-9]{32}", key) for key in keys)  # 165 bits


def test_the_cookie_of_a_session_is_kept_from_scripts_and_other_sites(person: User) -> None:
    cookie = sign_in(person).cookies["ferry_session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert settings.SESSION_COOKIE_SECURE == settings.IS_HTTPS


@pytest.mark.parametrize(
    "page", ["/en/", "/en/account/", "/en/profile/", "/en/calls/", "/en/account/security/", "/accounts/email/"]
)
def test_every_page_offers_to_sign_out(person: User, page: str) -> None:
    assert 'action="/accounts/logout/"' in sign_in(person).get(page, follow=True).text


def test_a_session_is_worth_nothing_after_signing_out(person: User) -> None:
    browser, thief = sign_in(person), Client()
    thief.cookies["ferry_session"] = browser.cookies["ferry_session"].value
    assert thief.get("/en/account/").status_code == 200
    browser.post("/accounts/logout/")
    assert thief.get("/en/account/").status_code == 302


def test_an_account_that_is_shut_ends_its_sessions(person: User) -> None:
    browser = sign_in(person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert browser.get("/en/account/").status_code == 302


def test_operations_sign_one_person_out_everywhere(person: User) -> None:
    here, there, other = sign_in(person), sign_in(person), sign_in(OfficerFactory())
    call_command("end_sessions", "chan")
    assert [each.get("/en/account/").status_code for each in (here, there, other)] == [302, 302, 200]


def test_operations_sign_everybody_out(person: User) -> None:
    browsers = [sign_in(person), sign_in(OfficerFactory())]
    call_command("end_sessions", "--all")
    assert [each.get("/en/account/").status_code for each in browsers] == [302, 302]


@pytest.mark.parametrize("given", [[], ["chan", "--all"], ["nobody-of-this-name"]])
def test_whom_to_sign_out_has_to_be_said(person: User, given: Any) -> None:
    with pytest.raises(CommandError):
        call_command("end_sessions", *given)
