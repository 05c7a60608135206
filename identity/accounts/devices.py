"""Devices from which somebody signed in before: a signed cookie, after OWASP's "device cookies".

The cookie says nothing but "this device once knew the password of these accounts". It signs nobody in; it keeps
strangers' wrong guesses from standing in the way of the person (attempts.py).
"""

import secrets
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from identity.accounts import networks
from identity.accounts.models import User

COOKIE = "ferry_device"
AGE = 365 * 86_400  # seconds
SALT = "identity.accounts.devices"
MOST = 5  # accounts that one device knows, the latest first


def known(request: HttpRequest, person: User) -> str | None:
    """The device's own random name if this person signed in from it before."""
    content = _read(request)
    return content["id"] if _mark(person) in content["of"] else None


def remember(request: HttpRequest, response: HttpResponse, person: User) -> None:
    """Note in the device's cookie that this person has signed in from it."""
    content = _read(request)
    people = [_mark(person), *(each for each in content["of"] if each != _mark(person))]
    value = signing.dumps({"id": content["id"], "of": people[:MOST]}, salt=SALT)
    response.set_cookie(
        COOKIE, value, max_age=AGE, httponly=True, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax"
    )


def _read(request: HttpRequest) -> dict[str, Any]:
    try:
        content = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=AGE)
    except signing.BadSignature:
        return {"id": secrets.token_urlsafe(16), "of": []}
    assert isinstance(content, dict)
    return content


def _mark(person: User) -> str:
    """Ends with the password: whoever chose a new one begins anew with every device."""
    return networks.digest("device", str(person.pk), person.password)[:24]
