"""What docs/security.md promises about ciphers, digests, random values and lifetimes."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.test import Client

from identity.accounts.models import User
from identity.provider import lifetimes
from tests.factories import PASSWORD, UserFactory
from tests.identity.accounts.signing_in import code, with_app

ROOT = Path(__file__).resolve().parents[3]


def places(pattern: str) -> set[str]:
    """The files of the three wings in which it stands; the demonstration departments are no part of the portal."""
    paths = [path for wing in ("portal", "services", "identity") for path in (ROOT / wing).rglob("*.py")]
    return {
        str(path.relative_to(ROOT))
        for path in paths
        if "twins" not in path.parts and re.search(pattern, path.read_text())
    }


def test_nothing_is_ciphered_by_other_means() -> None:
    assert places(r"hazmat\.primitives\.ciphers|import Fernet|Crypto\.|nacl") == {
        "identity/encryption.py",  # personal data at rest
        "identity/upstream/wire/sealed.py",  # the identity app's wire: AES-GCM
        "portal/launch/state.py",  # makes a key for a demonstration
    }


def test_weak_hashes_stand_only_where_the_format_of_others_prescribes_them() -> None:
    assert places(r"\bmd5\(|\bsha1\(|\bSHA1\(|\bMD5\(") == {
        "identity/upstream/wire/codes.py",  # four digits to compare on two screens; a signature stands behind them
        "identity/upstream/wire/sealed.py",  # OAEP's mask, where a setting says that the provider wants it
        "services/gateway/connectors/soap_security.py",  # WS-Security UsernameToken Profile 1.1
    }


def test_nothing_that_must_not_be_guessed_comes_from_a_weak_generator() -> None:
    assert places(r"^\s*(?:import random|from random import)") | places(
        r"\brandom\.(?:random|choice|randint|getrandbits)\("
    ) <= {
        "services/gateway/delivery.py",  # how long to wait before the next try
    }


def test_a_mailed_code_lasts_ten_minutes(db: None) -> None:
    UserFactory(email="chan@example.hk")
    Client().post("/accounts/login/code/", {"email": "chan@example.hk"})
    assert "for 10 minutes" in str(mail.outbox[-1].body)
    assert settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT == 600


def test_an_authorization_code_lasts_a_minute() -> None:
    assert lifetimes.CODE.total_seconds() <= 60


@pytest.fixture
def person(db: None) -> User:
    found = with_app(UserFactory(username="chan", email="chan@example.hk"))
    EmailAddress.objects.create(user=found, email=found.email, verified=True, primary=True)
    return found


def test_a_new_password_by_mail_does_not_get_round_the_second_factor(person: User) -> None:
    browser = Client()
    browser.post("/accounts/password/reset/", {"email": person.email})
    link = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", str(mail.outbox[0].body))
    assert link
    form = browser.get(link[1], follow=True)
    browser.post(form.request["PATH_INFO"], {"password1": "calm-water-9", "password2": "calm-water-9"})
    answer = browser.post("/accounts/login/", {"login": "chan", "password": "calm-water-9"})
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert "_auth_user_id" not in browser.session
    browser.post("/accounts/2fa/authenticate/", {"code": code()})
    assert "_auth_user_id" in browser.session


def test_an_old_password_goes_on_working(db: None) -> None:
    person = UserFactory(username="chan")
    User.objects.filter(pk=person.pk).update(date_joined=person.date_joined - timedelta(days=3_650))
    browser = Client()
    browser.post("/accounts/login/", {"login": "chan", "password": PASSWORD})
    assert "_auth_user_id" in browser.session
