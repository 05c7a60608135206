"""Proving more than the session proves, in place: ask, prove, and be back where one was (after RFC 9470).

    if not step_up.is_enough(request, "plus"):
        return redirect(step_up.address(request, "plus", next=request.get_full_path()))

Whoever offers a way to prove more adds it to WAYS in its app's `ready`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from identity.accounts import assurance, authentication
from identity.accounts.models import User
from identity.security import logger

LONGEST_NEXT = 2000  # characters
LONGEST_MAX_AGE = 10 * 365 * 86_400  # seconds


@dataclass(frozen=True)
class Way:
    """One way for this person to prove more: a page that leads back to `next`."""

    title: str | Promise
    url: str  # of its page; it is given `next`
    reaches: str  # the acr of the session afterwards, of a person whose identity was verified


WAYS: list[Callable[[HttpRequest], Iterable[Way]]] = []


OWN: dict[str, tuple[str | Promise, str]] = {  # django-allauth's methods, and the level that each reaches
    "mfa_reauthenticate:webauthn": (_("Use your passkey"), User.Assurance.PLUS),
    "mfa_reauthenticate": (_("Use a code from your app"), User.Assurance.PLUS),
    "reauthenticate": (_("Use your password"), User.Assurance.BASIC),
}


def own_factors(request: HttpRequest) -> Iterable[Way]:
    """What django-allauth can ask for: passkey, code of an app, password."""
    offered = {method["id"]: method["url"] for method in get_adapter().get_reauthentication_methods(request.user)}
    return [Way(title, offered[key], reaches) for key, (title, reaches) in OWN.items() if key in offered]


WAYS.append(own_factors)


def ways(request: HttpRequest, acr: str) -> list[Way]:
    """The ways that this person has to come to that level, the surest first."""
    order = User.Assurance.values.index
    found = [way for ways_of in WAYS for way in ways_of(request) if assurance.reaches(way.reaches, acr)]
    return sorted(found, key=lambda way: -order(way.reaches))


def address(request: HttpRequest, acr: str, *, next: str, max_age: int | None = None) -> str:
    """Where to send a person who must prove `acr`, or prove again what is older than `max_age` seconds.

    They come back to `next`; any place but one of this site's becomes the front page.
    """
    asked = {"acr": str(acr), "next": safe(request, next)}
    if max_age is not None:
        asked["max_age"] = str(max_age)
    return f"{reverse(settings.STEP_UP_URL)}?{urlencode(asked)}"


def safe(request: HttpRequest, place: str) -> str:
    """The place if it is an address of this site, else the front page's: nobody is led elsewhere."""
    is_ours = url_has_allowed_host_and_scheme(place, allowed_hosts=None, require_https=request.is_secure())
    if is_ours and place.startswith("/") and len(place) <= LONGEST_NEXT:
        return place
    if place:
        logger.warning("next_refused", view=request.resolver_match.view_name if request.resolver_match else None)
    return "/"


def is_enough(request: HttpRequest, acr: str, *, max_age: int | None = None) -> bool:
    """Whether the session proves that level, by a step not older than `max_age` seconds."""
    proved = authentication.of(request)
    if proved is None or not assurance.reaches(proved.acr, acr):
        return False
    return max_age is None or timezone.now() - proved.at <= timedelta(seconds=max_age)
