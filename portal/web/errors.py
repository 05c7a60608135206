"""What a person reads when something is wrong: a page in their language, or a problem document below /api/."""

import sys
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.web.wording import wording
from services.search import find

RETRY_AFTER_SECONDS = 60


def _answer(request: HttpRequest, status: int, title: str, detail: str, **context: Any) -> HttpResponse:
    """`title` and `detail` are for the API; a page says its own, from {status}.html."""
    if request.path.startswith("/api/"):
        return _problem(status, title, detail)
    return render(request, f"{status}.html", context, status=status)


def _problem(status: int, title: str, detail: str) -> HttpResponse:
    """RFC 9457; for errors that no view of the API has seen."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JsonResponse(document, status=status, content_type="application/problem+json")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return too_large(request)
    title = _("We could not read that request")
    return _answer(request, 400, title, _("Something in it was cut off or written in a way we do not understand."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 403, _("This page is not open to you"), _("You may not do this with this account."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Names the functions whose code looks like the one asked for."""
    title = _("We could not find that page")
    return _answer(
        request, 404, title, _("The address may be mistyped, or the page may have moved."), near=near(request)
    )


def near(request: HttpRequest) -> list[dict[str, str]]:
    """What may have been meant by an unknown code; nothing if it was no function, or if search is down."""
    match = request.resolver_match
    if match is None or not match.view_name.startswith("web:function"):
        return []
    try:
        hits = find.near_code(match.kwargs["code"])
    except DatabaseError:
        return []
    return [
        {"name": wording(hit.function.published).html(), "url": reverse("web:function", args=[hit.function.code])}
        for hit in hits
    ]


@login_not_required
def too_large(request: HttpRequest) -> HttpResponse:
    detail = _("Nothing has been sent. Each file may be up to 5 MB, and everything together up to 8 MB.")
    return _answer(request, 413, _("That is too large to send"), detail)


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form waited too long, or the browser keeps no cookies: what was typed is one step back."""
    has_no_cookie = reason == REASON_NO_CSRF_COOKIE
    title = _("Your form was not sent yet")
    if request.path.startswith("/api/"):
        return _problem(403, title, _("Send the CSRF token along, or use a bearer token."))
    return render(request, "web/not_sent.html", {"has_no_cookie": has_no_cookie}, status=403)


@login_not_required
def throttled(request: HttpRequest) -> HttpResponse:
    response = _answer(request, 429, _("Please wait a moment"), _("Try again in a minute."))
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def broken(request: HttpRequest) -> HttpResponse:
    """Our own fault. Asks nothing of the database, nor of the session that is kept there."""
    is_resting = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    status = 503 if is_resting else 500
    if request.path.startswith("/api/"):
        title = _("Ferry is resting for a moment") if is_resting else _("Something went wrong on our side")
        response = _problem(status, title, _("Try again in a few minutes."))
    else:
        response = HttpResponse(render_to_string(f"{status}.html"), status=status)
    if is_resting:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
