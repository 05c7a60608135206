"""What a session proves, at each step of the ladder."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from identity.accounts import authentication
from identity.accounts.models import User
from identity.accounts.sessions import SessionStore
from tests.factories import UserFactory
from tests.identity.accounts.signing_in import prove, sign_in, with_app

pytestmark = pytest.mark.django_db


def proved(client: Client, person: User) -> Any:
    """By the browser's session, as the next page would see it."""
    request = HttpRequest()
    request.session = SessionStore(client.cookies["ferry_session"].value)
    request.session.get("anything")
    request.user = person
    return authentication.of(request)


def requested(person: User) -> HttpRequest:
    request = HttpRequest()
    request.session = SessionStore()
    request.user = person
    return request


def earlier(client: Client, **moments: timedelta) -> None:
    """As if the session had been begun and used so long ago."""
    now = timezone.now()
    key = client.cookies["ferry_session"].value
    UserSession.objects.filter(session_key=key).update(**{name: now - ago for name, ago in moments.items()})


def test_a_password_proves_basic() -> None:
    person = UserFactory()
    found = proved(sign_in(person), person)
    assert (found.acr, found.amr) == ("basic", ("pwd",))
    assert timezone.now() - found.at < timedelta(minutes=1)


def test_nobody_proves_more_than_who_we_know_them_to_be() -> None:
    person = UserFactory(assurance="none")
    assert proved(sign_in(person), person).acr == "none"


def test_a_code_beside_a_password_proves_plus() -> None:
    person = UserFactory()
    client = sign_in(person)
    with_app(person)
    prove(client)
    found = proved(client, person)
    assert (found.acr, found.amr) == ("plus", ("pwd", "otp", "mfa"))


def test_plus_falls_back_to_basic_after_a_rest_and_stays_there() -> None:
    person = UserFactory()
    client = sign_in(person)
    with_app(person)
    prove(client)
    earlier(client, last_seen_at=timedelta(minutes=31))
    # The proof is as old as the rest: the clock of its step cannot be turned back in the database.
    later = SessionStore(client.cookies["ferry_session"].value)
    steps = later["account_authentication_methods"]
    later["account_authentication_methods"] = [{**step, "at": step["at"] - 1900} for step in steps]
    later.save()
    assert proved(client, person).acr == "basic"
    client.get("/en/account/")
    assert proved(client, person).acr == "basic"


def test_a_step_up_gives_the_session_a_new_key_and_keeps_its_place_in_the_list() -> None:
    person = UserFactory()
    client = sign_in(person)
    before = client.cookies["ferry_session"].value
    row = UserSession.objects.get(session_key=before)
    with_app(person)
    prove(client)
    after = client.cookies["ferry_session"].value
    assert after != before
    assert UserSession.objects.get(session_key=after).pk == row.pk
    assert not SessionStore().exists(before)


def test_a_session_fixed_before_signing_in_is_worthless_afterwards() -> None:
    person = UserFactory()
    browser, stranger = Client(), Client()
    planted = SessionStore()
    planted["caller"] = "planted"
    planted.create()
    for each in (browser, stranger):
        each.cookies["ferry_session"] = str(planted.session_key)
    sign_in(person, browser)
    assert browser.get("/en/account/").status_code == 200
    assert stranger.get("/en/account/").status_code == 302


def test_what_an_upstream_proves_counts_for_that_person_only() -> None:
    person, other = UserFactory(), UserFactory()
    request = requested(person)
    authentication.note(request, amr=["face", "swk"], acr="plus", person=person)
    assert authentication.of(request).acr == "plus"  # type: ignore[union-attr]
    request.user = other
    found = authentication.of(request)
    assert found is not None
    assert (found.acr, found.amr) == ("basic", ())


def test_an_old_upstream_step_proves_basic_again(monkeypatch: pytest.MonkeyPatch) -> None:
    request = requested(UserFactory())
    authentication.note(request, amr=["swk"], acr="plus")
    noted = request.session[authentication.NOTED]
    request.session[authentication.NOTED] = [{**noted[0], "at": noted[0]["at"] - 3601}]
    assert authentication.of(request).acr == "basic"  # type: ignore[union-attr]


def test_an_unknown_person_cannot_be_noted() -> None:
    request = HttpRequest()
    request.session = SessionStore()
    from django.contrib.auth.models import AnonymousUser

    request.user = AnonymousUser()
    with pytest.raises(ValueError, match="a proof belongs to a person"):
        authentication.note(request, amr=["pwd"], acr="basic")


def test_a_session_that_nobody_used_for_an_hour_has_ended() -> None:
    person = UserFactory()
    client = sign_in(person)
    earlier(client, last_seen_at=timedelta(minutes=61))
    assert client.get("/en/account/").status_code == 302


def test_a_session_of_eight_hours_has_ended_however_busy() -> None:
    person = UserFactory()
    client = sign_in(person)
    earlier(client, created_at=timedelta(hours=8, seconds=1))
    assert client.get("/en/account/").status_code == 302


def test_the_last_use_is_written_at_most_once_a_minute(django_assert_num_queries: Any) -> None:
    person = UserFactory()
    client = sign_in(person)
    client.get("/en/account/")
    with django_assert_num_queries(3):  # the session, the person, the forms that they have begun
        client.get("/en/account/")
    earlier(client, last_seen_at=timedelta(minutes=2))
    with django_assert_num_queries(4):
        client.get("/en/account/")
    row = UserSession.objects.get(session_key=client.cookies["ferry_session"].value)
    assert timezone.now() - row.last_seen_at < timedelta(minutes=1)
