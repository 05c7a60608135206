"""A person who signs in through the real pages, with password, and with a code app."""

import time
from typing import Any

from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.test import Client

from identity.accounts.models import User
from tests.factories import PASSWORD

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
DESKTOP = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/130 Safari/537 Edg/130"


def sign_in(
    person: User, client: Client | None = None, *, agent: str = DESKTOP, address: str = "203.0.113.9"
) -> Client:
    """By password; returns the browser."""
    client = client or Client(headers={"User-Agent": agent}, REMOTE_ADDR=address)
    client.post("/accounts/login/", {"login": person.username, "password": PASSWORD})
    return client


def with_app(person: User) -> User:
    """The person has a code app from now on."""
    TOTP.activate(person, SECRET)
    return person


def code() -> str:
    """What the app shows now."""
    return str(format_hotp_value(hotp_value(SECRET, int(time.time()) // 30)))


def prove(client: Client, *, next: str = "/") -> Any:
    """Prove once more, by the app's code."""
    return client.post("/accounts/2fa/reauthenticate/", {"code": code(), "next": next})
