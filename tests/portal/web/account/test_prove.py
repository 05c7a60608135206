"""Proving more in place."""

import html
from typing import Any

import pytest
from django.test import Client

from identity.accounts.models import User
from tests.factories import UserFactory
from tests.identity.accounts.signing_in import prove, sign_in, with_app

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return UserFactory(username="chan")


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def test_a_person_with_an_app_is_led_to_its_code_and_back(person: User) -> None:
    client = sign_in(person)
    with_app(person)
    page = client.get("/en/account/prove/?acr=plus&next=/en/calls/")
    assert "/accounts/2fa/reauthenticate/?next=" in text_of(page)
    back = prove(client, next="/en/account/prove/?acr=plus&next=/en/calls/")
    assert client.get(back["Location"])["Location"] == "/en/calls/"


def test_a_person_without_a_second_factor_learns_how_to_get_one(person: User) -> None:
    page = text_of(sign_in(person).get("/en/account/prove/?acr=plus&next=/en/calls/"))
    assert "You need a second way to sign in" in page


def test_a_fresh_password_is_enough_for_basic_again(person: User) -> None:
    client = sign_in(person)
    assert client.get("/en/account/prove/?acr=basic&max_age=300&next=/en/calls/")["Location"] == "/en/calls/"


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"])
def test_nobody_is_led_elsewhere(person: User, place: str) -> None:
    client = sign_in(person)
    answer = client.get("/en/account/prove/", {"acr": "basic", "next": place})
    assert answer["Location"] == "/"
    again = client.post("/en/account/sign-in-again/", {"next": place})
    assert "evil" not in again["Location"]


@pytest.mark.parametrize("query", ["acr=root", "max_age=-1", "max_age=٣", "max_age=99999999999999", "next="])
def test_odd_questions_are_no_error(person: User, query: str) -> None:
    assert sign_in(person).get(f"/en/account/prove/?{query}").status_code in {200, 302}


def test_a_stranger_signs_in_first() -> None:
    assert "/accounts/login/" in Client().get("/en/account/prove/?acr=plus")["Location"]
