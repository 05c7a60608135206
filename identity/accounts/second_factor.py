"""Whether a session was opened with more than one secret, and the middleware that asks staff for it."""

from collections.abc import Callable
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse

from identity.accounts import authentication, factors
from identity.accounts.models import User
from identity.security import logger, pseudonym


def is_proved(request: HttpRequest) -> bool:
    """A passkey, a code of the app or a recovery code, here or on the telephone that signed this browser in."""
    if not isinstance(request.user, User):
        return False
    if any(record.get("method") == "mfa" for record in get_authentication_records(request, request.user)):
        return True
    proof = authentication.of(request)
    return proof is not None and "mfa" in proof.amr


def address(person: User, *, next: str) -> str:
    """Where this person proves a second factor and comes back to `next`; where to set one up if they have none."""
    has = factors.of(person)
    query = urlencode({"next": next})
    if has.passkeys:
        return f"{reverse('mfa_reauthenticate_webauthn')}?{query}"
    if has.app_since:
        return f"{reverse('mfa_reauthenticate')}?{query}"
    return f"{resolve_url(settings.SECOND_FACTOR_URL)}?needed"


class StaffSecondFactor:
    """With STAFF_NEED_SECOND_FACTOR, staff reach STAFF_PATHS only in a session with a second factor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.STAFF_NEED_SECOND_FACTOR or not request.path_info.startswith(settings.STAFF_PATHS):
            return self.get_response(request)
        person = request.user
        if isinstance(person, User) and person.is_staff and not is_proved(request):
            logger.warning("staff_without_second_factor", person=pseudonym(person))
            return redirect(address(person, next=request.get_full_path()))
        return self.get_response(request)
