import html
from typing import Any

import pytest
from django.test import Client

from identity.accounts.models import User
from identity.profile import flows
from tests.factories import PASSWORD, UserFactory

BANK = "/en/account/bank/"
GOOD = {"bank": "004", "account": "123-456789"}


@pytest.fixture
def citizen(db: None) -> User:
    return UserFactory()


@pytest.fixture
def signed_in(citizen: User) -> Client:
    client = Client()
    client.force_login(citizen)
    return client


@pytest.fixture
def fresh(signed_in: Client) -> Client:
    """Has just typed the password again."""
    signed_in.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return signed_in


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def test_the_page_asks_first_for_proof_that_it_is_them(citizen: User, signed_in: Client) -> None:
    for send in (signed_in.get, signed_in.post):
        assert send(BANK, GOOD)["Location"].startswith("/en/account/prove/?acr=none&next=")
    assert flows.read(citizen) == {}


def test_an_account_is_kept_and_shown_by_its_end_alone(citizen: User, fresh: Client) -> None:
    assert fresh.post(BANK, GOOD)["Location"] == "/en/profile/?saved"
    known = flows.read(citizen)["bank_account"]
    assert (known.value, known.source) == ({"bank": "004", "account": "123456789"}, "person")
    for page in (text_of(fresh.get("/en/profile/")), text_of(fresh.get(BANK))):
        assert "004 ••••6789" in page
        assert "123456789" not in page


@pytest.mark.parametrize("wrong", [{"bank": "4"}, {"account": "12"}, {"account": ""}, {"account": "1" * 13}])
def test_a_wrong_account_changes_nothing(citizen: User, fresh: Client, wrong: dict[str, str]) -> None:
    answer = fresh.post(BANK, {**GOOD, **wrong})
    assert answer.status_code == 422
    assert "Enter three digits for the bank" in text_of(answer)
    assert flows.read(citizen) == {}


def test_both_fields_empty_take_it_back(citizen: User, fresh: Client) -> None:
    fresh.post(BANK, GOOD)
    fresh.post(BANK, {"bank": "", "account": ""})
    assert flows.read(citizen) == {}


def test_signed_out_it_asks_for_the_log_in(client: Client, db: None) -> None:
    assert client.get(BANK)["Location"] == f"/accounts/login/?next={BANK}"
