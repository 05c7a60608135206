"""A session is read by a query of our own; everything else about it is Django's."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from identity.accounts.backends import AccountBackend
from identity.accounts.models import User
from identity.accounts.sessions import SessionStore
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def kept(**content: object) -> str:
    """The key of a session with that content."""
    session = SessionStore()
    session.update(content)
    session.create()
    assert session.session_key is not None
    return session.session_key


def test_a_session_gives_back_what_was_put_into_it() -> None:
    assert SessionStore(kept(caller="x")).get("caller") == "x"


def test_a_session_that_ran_out_is_empty_and_has_no_key() -> None:
    key = kept(caller="x")
    Session.objects.filter(pk=key).update(expire_date=timezone.now() - timedelta(seconds=1))
    session = SessionStore(key)
    assert session.get("caller") is None
    assert session.session_key is None


@pytest.mark.parametrize("key", ["of-nobody-at-all", "\0" * 32, "x" * 5000])
def test_a_key_that_nobody_has_gives_an_empty_session(key: str) -> None:
    assert SessionStore(key).get("caller") is None


def test_a_forged_cookie_does_no_harm(client: Client) -> None:
    client.cookies["ferry_session"] = '"\\000\\000\\000\\000\\000\\000\\000\\000\\000"'
    assert client.get("/en/").status_code == 200


def test_a_person_is_found_whole(django_assert_num_queries: object) -> None:
    person = UserFactory(first_name="Tai Man", assurance=User.Assurance.BASIC)
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = AccountBackend().get_user(str(person.pk))
        assert found == person
        assert {name: getattr(found, name) for name in ("username", "first_name", "assurance", "password")} == {
            name: getattr(person, name) for name in ("username", "first_name", "assurance", "password")
        }


def test_a_person_who_may_no_longer_sign_in_is_nobody() -> None:
    assert AccountBackend().get_user(UserFactory(is_active=False).pk) is None


@pytest.mark.parametrize("key", ["00000000-0000-4000-8000-000000000000", "7", "", "\0"])
def test_a_key_of_nobody_is_nobody(key: str) -> None:
    assert AccountBackend().get_user(key) is None


def test_signing_in_and_out_works_with_both(client: Client) -> None:
    person = UserFactory()
    client.force_login(person)
    request = HttpRequest()
    request.session = client.session
    assert get_user(request) == person
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session
