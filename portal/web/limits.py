"""A request that is too large is refused before anyone reads it."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal.web import errors


class RequestSizeGuard:
    """Answers 413 by the size that the request announces; one that hides its size counts as too large.

    Stands after authentication, so that the page knows who reads it: nothing before it touches the body.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return errors.too_large(request) if is_too_large(request) else self.get_response(request)


def is_too_large(request: HttpRequest) -> bool:
    """More than REQUEST_MAX_BYTES announced, or a body in chunks of which nobody knows how many will come."""
    announced = request.META.get("CONTENT_LENGTH") or ""
    if announced.isdecimal():
        return int(announced) > settings.REQUEST_MAX_BYTES
    return "chunked" in request.headers.get("Transfer-Encoding", "").lower()
