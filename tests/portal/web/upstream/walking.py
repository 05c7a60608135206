"""The way through the pages, as a test walks it."""

import html
from typing import Any

from django.test import Client

from identity.upstream.models import Transaction
from tests.identity.upstream.running import IdentityApp, Phone

START = "/accounts/upstream/login/"


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def begin(browser: Client, **told: str) -> Any:
    """Press the button; the page that shows where the app is."""
    return browser.post(START, told, follow=True)


def page_of(transaction: Transaction, step: str = "") -> str:
    return f"/en/identity-app/{transaction.pk}/{step}"


def approve(browser: Client, app: IdentityApp, person: str = "tai-man", do: str = "approve", **told: str) -> Any:
    """Begin, decide on the phone, and come back; the page that follows."""
    page = begin(browser, **told)
    return browser.get(Phone(app, person).decide(page.context["scan_url"], do), follow=True)


def sign_in(browser: Client, app: IdentityApp, person: str = "tai-man", **told: str) -> Any:
    """All of it; the answer to the last button."""
    page = approve(browser, app, person, **told)
    return browser.post(page_of(page.context["transaction"], "finish/"))
