"""The pages before a code: who asks, for what, why, and for how long; and with which account."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, gettext

from identity.provider import claims, consents
from identity.provider.authorization import Request
from portal.sso import security


def ask(http: HttpRequest, asked: Request, handle: str) -> HttpResponse:
    """Everything that a yes would mean, in plain words."""
    client = asked.client
    context = {
        **_who(asked, handle),
        "purpose": _words(client.words("purpose")),
        "fields": [{"name": name, "text": claims.NAMES[name]} for name in asked.fields],
        "beyond": [consents.BEYOND[scope] for scope in asked.scopes if scope in consents.BEYOND],
        "until": timezone.localtime(timezone.now() + timedelta(days=client.consent_days)),
    }
    response = render(http, "sso/consent.html", context)
    security.allow(response, asked.redirect_uri)
    return response


def choose(http: HttpRequest, asked: Request, handle: str) -> HttpResponse:
    """The account that is signed in, or another."""
    response = render(http, "sso/choose.html", _who(asked, handle))
    security.allow(response, asked.redirect_uri)
    return response


def _who(asked: Request, handle: str) -> dict[str, object]:
    client = asked.client
    return {
        "handle": handle,
        "site": _words(client.words("name")),
        "department": _words(client.words("department_name")),
    }


def _words(found: dict[str, str]) -> str:
    """In the reader's language; English if it was left out."""
    return found.get(get_language() or "en") or found["en"] or gettext("a department's site")
