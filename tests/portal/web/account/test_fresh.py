"""Is it still you? Before a sensitive change."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from identity.accounts.freshness import KEPT
from identity.accounts.models import User
from identity.accounts.sessions import SessionStore
from identity.profile import flows as profile
from tests.factories import PASSWORD, UserFactory
from tests.identity.accounts.signing_in import sign_in

pytestmark = pytest.mark.django_db
CONTACT = "/en/profile/contact/"
NEW = {"phone": "91234567"}


@pytest.fixture
def person() -> User:
    return UserFactory(username="chan")


def long_ago(client: Client) -> Client:
    """As if the person had signed in an hour ago."""
    session = SessionStore(client.cookies["ferry_session"].value)
    steps = session["account_authentication_methods"]
    session["account_authentication_methods"] = [{**step, "at": step["at"] - 3600} for step in steps]
    session.save()
    return client


def proves(client: Client, asked: Any) -> Any:
    """By the password, and back to what was asked."""
    back = client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": asked["Location"]})
    return client.get(client.get(back["Location"])["Location"])


def test_a_fresh_sign_in_is_enough(person: User) -> None:
    assert sign_in(person).get(CONTACT).status_code == 200


def test_an_old_one_is_asked_first(person: User) -> None:
    asked = long_ago(sign_in(person)).get(CONTACT)
    assert asked["Location"].startswith("/en/account/prove/?acr=none&next=%2Fen%2Fprofile%2Fcontact%2F&max_age=900")


def test_what_was_posted_is_carried_out_after_the_proof(person: User) -> None:
    client = sign_in(person)
    asked = long_ago(client).post(CONTACT, NEW)
    assert profile.read(person) == {}
    assert proves(client, asked)["Location"] == "/en/profile/?saved"
    assert profile.read(person)["phone"].value == "+85291234567"


def test_it_is_carried_out_once(person: User) -> None:
    client = sign_in(person)
    proves(client, long_ago(client).post(CONTACT, NEW))
    profile.forget(person, "phone")
    assert client.get(f"{CONTACT}?resume=1").status_code == 200
    assert profile.read(person) == {}


def test_what_waits_is_encrypted(person: User) -> None:
    client = sign_in(person)
    long_ago(client).post(CONTACT, NEW)
    kept = Session.objects.get(pk=client.cookies["ferry_session"].value).get_decoded()[KEPT]
    assert "91234567" not in str(kept)


def test_what_waited_for_one_person_is_not_done_for_the_next(person: User) -> None:
    client = sign_in(person)
    long_ago(client).post(CONTACT, NEW)
    other = UserFactory()
    sign_in(other, client)
    client.get(f"{CONTACT}?resume=1")
    assert profile.read(other) == {}
    assert profile.read(person) == {}


def test_a_person_without_password_or_factor_is_asked_too(person: User) -> None:
    client = sign_in(person)
    asked = long_ago(client).get(CONTACT)
    User.objects.filter(pk=person.pk).update(password="!")
    client.force_login(User.objects.get(pk=person.pk))
    page = client.get(asked["Location"])
    assert "Sign in again" in page.content.decode()
    assert client.get(CONTACT).status_code == 302
