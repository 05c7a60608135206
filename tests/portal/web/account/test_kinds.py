"""Residents, visitors and people who come for a company."""

import html
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from identity.accounts import kinds
from identity.accounts.models import User
from tests.factories import UserFactory
from tests.identity.accounts.signing_in import sign_in
from tests.portal.web.doing.conftest import address_of, made

pytestmark = pytest.mark.django_db
NEW = {"email": "lee@example.hk", "password1": "calm-water-9", "password2": "calm-water-9"}


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def test_opening_an_account_asks_in_plain_words(client: Client) -> None:
    page = text_of(client.get("/accounts/signup/"))
    assert "I live in Hong Kong" in page
    assert page.count('name="kind"') == 3


@pytest.mark.parametrize("kind", ["resident", "business"])
def test_the_account_is_of_the_kind_that_was_chosen(client: Client, kind: str) -> None:
    client.post("/accounts/signup/", {**NEW, "kind": kind}, REMOTE_ADDR="198.51.100.77")
    found = User.objects.get(email=NEW["email"])
    assert (found.kind, found.ends_on) == (kind, None)


def test_a_visitors_account_has_an_end(client: Client) -> None:
    client.post("/accounts/signup/", {**NEW, "kind": "visitor"}, REMOTE_ADDR="198.51.100.77")
    assert User.objects.get(email=NEW["email"]).ends_on == timezone.localdate() + timedelta(days=180)


def test_who_chooses_nothing_lives_here(client: Client) -> None:
    client.post("/accounts/signup/", NEW, REMOTE_ADDR="198.51.100.77")
    assert User.objects.get(email=NEW["email"]).kind == "resident"


def test_a_kind_of_ones_own_making_opens_nothing(client: Client) -> None:
    client.post("/accounts/signup/", {**NEW, "kind": "minister"}, REMOTE_ADDR="198.51.100.77")
    assert not User.objects.exists()


@pytest.mark.parametrize(("day", "is_over"), [(date(2026, 3, 3), False), (date(2026, 3, 4), True)])
def test_the_last_day_still_counts(day: date, is_over: bool) -> None:
    assert kinds.has_ended(User(kind="visitor", ends_on=date(2026, 3, 3)), today=day) is is_over


def test_a_visitor_whose_time_is_over_learns_what_to_do() -> None:
    visitor = UserFactory(kind="visitor", ends_on=timezone.localdate() - timedelta(days=1))
    client = Client()
    answer = client.post("/accounts/login/", {"login": visitor.username, "password": "a-quiet-crossing"}, follow=True)
    assert "Your visitor's account has ended" in text_of(answer)
    assert client.get("/en/account/").status_code == 302


def test_only_a_visitors_account_ends() -> None:
    with pytest.raises(IntegrityError, match="user_ends_if_and_only_if_a_visitor"), transaction.atomic():
        UserFactory(kind="resident", ends_on=date(2026, 3, 3))


def test_a_function_for_others_warns_and_goes_on() -> None:
    function = made("topic:text", assurance="basic", version__audience=["business"])
    page = text_of(sign_in(UserFactory()).get(address_of(function)))
    assert "It is meant for: Businesses and organisations." in page
    assert 'name="topic"' in page


def test_a_function_for_ones_own_kind_says_nothing() -> None:
    function = made("topic:text", assurance="basic", version__audience=["business", "citizen"])
    assert "It is meant for" not in text_of(sign_in(UserFactory()).get(address_of(function)))
