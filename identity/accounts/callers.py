"""Whose a call, a draft or a file is: the signed-in person's, or this browser's while nobody is signed in.

While a person acts for another, it is the two's together: nothing of theirs mixes with the person's own.
"""

import hashlib
import secrets

from django.http import HttpRequest

from identity.mandates import acting

_KEY = "caller"


def brings_token(request: HttpRequest) -> bool:
    """Whether an access token says who calls (RFC 6750, RFC 9449); then no session does."""
    return request.headers.get("Authorization", "").partition(" ")[0].lower() in {"bearer", "dpop"}


def _of_browser(request: HttpRequest) -> str | None:
    if brings_token(request):
        return None  # a client's request: what some browser began is not its own
    token = request.session.get(_KEY)
    return f"session:{hashlib.sha256(token.encode()).hexdigest()[:48]}" if token else None  # 192 bits, fits its column


def caller_of(request: HttpRequest) -> str:
    """`user:<id>`, or `session:<digest>`; begins a session for someone who has none.

    `user:<agent>/<principal>` under a mandate. Raises identity.mandates.errors.NotUsable if it is not in force.
    """
    if mandate := acting.settled(request):
        return acting.owner(mandate)
    if request.user.is_authenticated:
        return f"user:{request.user.pk}"
    if _KEY not in request.session:
        request.session[_KEY] = secrets.token_urlsafe(32)
    caller = _of_browser(request)
    assert caller is not None
    return caller


def callers_of(request: HttpRequest) -> list[str]:
    """The person's own, and what this browser began before signing in (a session survives signing in).

    Under a mandate only what belongs to it. Raises identity.mandates.errors.NotUsable if it is not in force.
    """
    if mandate := acting.settled(request):
        return [acting.owner(mandate)]
    found = [f"user:{request.user.pk}"] if request.user.is_authenticated else []
    browser = _of_browser(request)
    return [*found, browser] if browser else found
