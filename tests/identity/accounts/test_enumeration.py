"""Nobody learns from our answers, or from the work behind them, who has an account."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from identity.accounts.models import User
from identity.accounts.names import person_named
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


class CountingHasher(MD5PasswordHasher):
    """Counts what a slow hasher would make slow."""

    algorithm = "md5"
    count = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.count += 1
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def _no_limits_of_other_tests() -> None:
    cache.clear()


@pytest.fixture
def person() -> User:
    made = UserFactory(username="chan", email="chan@example.hk")
    EmailAddress.objects.create(user=made, email=made.email, verified=True, primary=True)
    return made


@pytest.fixture
def hashes(settings: Any, person: User) -> Callable[[str], tuple[int, int]]:
    """How many hashes and queries a wrong password for this name costs."""
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]

    def count(name: str) -> tuple[int, int]:
        before = CountingHasher.count
        with CaptureQueriesContext(connection) as queries:
            Client().post("/accounts/login/", {"login": name, "password": "wrong-guess-1"})
        return CountingHasher.count - before, len(queries)

    return count


@pytest.mark.parametrize("name", ["chan", "CHAN", "chan@example.hk", "nobody", "nobody@example.hk"])
def test_every_name_costs_one_hash_and_as_many_queries(hashes: Callable[[str], tuple[int, int]], name: str) -> None:
    hashes("warm-up")
    assert hashes(name) == (1, hashes("somebody-else")[1])


def test_a_closed_account_and_one_without_a_password_cost_one_hash_too(
    hashes: Callable[[str], tuple[int, int]], person: User
) -> None:
    UserFactory(username="closed", is_active=False)
    bare = UserFactory(username="bare")
    bare.set_unusable_password()
    bare.save()
    assert {hashes("closed")[0], hashes("bare")[0]} == {1}


def shown(page: Any, *names: str) -> tuple[int, str]:
    """Status and text, without what differs for anybody: the name typed, and the token of the form."""
    text = page.content.decode()
    for name in names:
        text = text.replace(name, "")
    return page.status_code, re.sub(r'value="[^"]*"|nonce="[^"]*"', "", text)


ASKS: list[tuple[str, Callable[[str], dict[str, str]]]] = [
    ("/accounts/login/", lambda email: {"login": email, "password": "wrong-guess-1"}),
    ("/accounts/login/code/", lambda email: {"email": email}),
    ("/accounts/password/reset/", lambda email: {"email": email}),
    ("/accounts/signup/", lambda email: {"email": email, "password1": "calm-water-9", "password2": "calm-water-9"}),
    ("/en/recovery/", lambda email: {"email": email}),
]


@pytest.mark.parametrize(("path", "form"), ASKS, ids=lambda value: value if isinstance(value, str) else "")
def test_the_answer_is_the_same_and_so_is_the_mail(
    person: User, path: str, form: Callable[[str], dict[str, str]]
) -> None:
    answers, mails = [], []
    for email in (person.email, "nobody@example.hk"):
        mail.outbox.clear()
        answer = Client().post(path, form(email), follow=True)
        answers.append((answer.redirect_chain, shown(answer, email, email.partition("@")[0])))
        mails.append([list(message.to) == [email] for message in mail.outbox])
    assert answers[0] == answers[1]
    assert mails[0] == mails[1]


@pytest.mark.parametrize("email", ["chan@example.hk", "nobody@example.hk"])
def test_opening_an_account_costs_the_same_hash(
    hashes: Callable[[str], tuple[int, int]], person: User, email: str
) -> None:
    before = CountingHasher.count
    form = {"email": email, "password1": "calm-water-9", "password2": "calm-water-9"}
    Client().post("/accounts/signup/", form)
    assert CountingHasher.count - before == 1


def test_who_has_verified_an_address_is_meant_by_it_whoever_else_claims_it(person: User) -> None:
    UserFactory(username="chan@example.hk", email="thief@example.hk")
    typed = UserFactory(username="typed", email="chan@example.hk")
    EmailAddress.objects.create(user=typed, email="chan@example.hk", verified=False)
    assert person_named(" Chan@Example.hk ") == person


@pytest.mark.parametrize("name", ["", " ", "x" * 400, "a\0b"])
def test_names_that_nobody_can_have_mean_nobody(name: str) -> None:
    assert person_named(name) is None


def test_a_right_password_signs_in_by_name_and_by_address(person: User) -> None:
    for name in ("chan", "Chan@example.hk"):
        client = Client()
        assert client.post("/accounts/login/", {"login": name, "password": PASSWORD}).status_code == 302
        assert client.session["_auth_user_id"] == str(person.pk)
