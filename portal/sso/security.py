"""Where a form may lead: `form-action` holds for the redirects after it too, and signing in ends at a client's site."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse

ORIGINS = "sso_origins"  # in the session: [[origin, seconds since 1970], …]
MOST_ORIGINS = 5
LASTS_SECONDS = 1800


def origin(redirect_uri: str) -> str:
    """A CSP source for it: scheme, host and port, or the scheme alone of an app's own."""
    parts = urlsplit(redirect_uri)
    is_web = parts.scheme in {"http", "https"} and parts.netloc
    return f"{parts.scheme}://{parts.netloc}" if is_web else f"{parts.scheme}:"


def allow(response: HttpResponse, redirect_uri: str) -> None:
    """Let the forms of this one page lead there."""
    response._csp_update = {"form-action": [origin(redirect_uri)]}  # type: ignore[attr-defined]  # read by django-csp


def expect(request: HttpRequest, redirect_uri: str) -> None:
    """Let the forms of this browser lead there while its person signs in: password, code, passkey, whatever comes."""
    allowed = origin(redirect_uri)
    kept = [each for each in request.session.get(ORIGINS, []) if each[0] != allowed]
    request.session[ORIGINS] = [*kept, [allowed, int(time.time())]][-MOST_ORIGINS:]


class ReturnToClients:
    """Middleware that adds the expected origins to the policy of the pages on the way."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session = getattr(request, "session", None)
        if session is None or not session.accessed or hasattr(response, "_csp_update"):
            return response
        now = time.time()
        origins = [each[0] for each in session.get(ORIGINS, []) if now - each[1] < LASTS_SECONDS]
        if origins:
            response._csp_update = {"form-action": origins}  # type: ignore[attr-defined]
        return response
