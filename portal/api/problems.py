"""Errors as problem documents (RFC 9457), in the language asked for."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from identity.mandates.errors import NotUsable
from identity.provider.userinfo import Refused
from portal.api.reading import TokenRefused
from services.forms.errors import FieldError, FileRefused, Invalid
from services.gateway.errors import (
    AssuranceTooLow,
    IdempotencyConflict,
    NotAvailable,
    NotWithdrawable,
    SignatureNeeded,
)

INSUFFICIENT = "insufficient_user_authentication"  # RFC 9470 section 3
MEDIA_TYPE = "application/problem+json"
CHALLENGES = 'Session, Bearer realm="Ferry", scope="calls"'  # the two ways to say who calls


class Problem(exceptions.APIException):
    """An error with a stable type of its own. `members` are added to the document (RFC 9457 section 3.2)."""

    def __init__(
        self,
        slug: str,
        status: int,
        title: str,
        detail: str = "",
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail or title)
        self.slug, self.status_code, self.title, self.members = slug, status, title, members
        self.headers = headers or {}


class TooManyStreams(Problem):
    """Every place for streams is taken: the client asks for the call instead."""

    def __init__(self) -> None:
        super().__init__(
            "too-many-streams", 503, _("Too many streams are open"), _("Ask for the call itself instead."),
            {"Retry-After": "2"},
        )  # fmt: skip


_TITLES = {
    status.HTTP_400_BAD_REQUEST: gettext_lazy("We could not read that request"),
    status.HTTP_401_UNAUTHORIZED: gettext_lazy("Please sign in first"),
    status.HTTP_403_FORBIDDEN: gettext_lazy("You may not do this"),
    status.HTTP_404_NOT_FOUND: gettext_lazy("We could not find that"),
    status.HTTP_405_METHOD_NOT_ALLOWED: gettext_lazy("That cannot be done at this address"),
    status.HTTP_406_NOT_ACCEPTABLE: gettext_lazy("We can only answer in JSON"),
    status.HTTP_415_UNSUPPORTED_MEDIA_TYPE: gettext_lazy("We cannot read that kind of content"),
    status.HTTP_429_TOO_MANY_REQUESTS: gettext_lazy("Please wait a moment"),
}
_SLUGS = {400: "bad-request", 401: "not-signed-in", 403: "forbidden", 404: "not-found", 405: "method-not-allowed",
          406: "not-acceptable", 415: "unsupported-media-type", 429: "too-many-requests"}  # fmt: skip


def document(slug: str, status: int, title: str, detail: str = "", **members: Any) -> dict[str, Any]:
    """The body; `type` is a relative reference, resolved against this API's own address."""
    body: dict[str, Any] = {"type": f"/problems/{slug}", "title": title, "status": status}
    return {**body, **({"detail": detail} if detail else {}), **members}


def field_errors(errors: Sequence[FieldError]) -> list[dict[str, str]]:
    """Each with a pointer into the body that was sent (RFC 6901, as a URI fragment)."""
    return [{"pointer": f"#{error.pointer}", "detail": error.message} for error in errors]


def _token_refused(refused: Refused) -> Problem:
    """RFC 6750 section 3.1."""
    headers, status = {"WWW-Authenticate": refused.challenge()}, refused.status
    if status == 403:
        detail = _("The access token does not allow calls. Ask the person for the scope “calls”.")
        return Problem("insufficient-scope", status, _("You may not do this"), detail, headers, error=refused.error)
    detail = _("The access token is unknown, expired or revoked, or its proof does not fit. Get a new one.")
    return Problem(
        "token-refused", status, _("This access token is not accepted"), detail, headers, error=refused.error
    )


def _of_domain(error: Exception, *, is_signed_in: bool, by_token: bool) -> Problem | None:
    """The problem that a domain error is to a client."""
    match error:
        case Invalid():
            return Problem(
                "invalid-form", 422, _("Some answers need to be put right"), errors=field_errors(error.errors)
            )
        case NotAvailable():
            return Problem("not-available", 409, _("This cannot be done now"), error.message, code=error.code)
        case NotWithdrawable():
            return Problem("not-withdrawable", 409, _("It has left already"), error.message, code=error.code)
        case AssuranceTooLow() if not is_signed_in:
            headers = {"WWW-Authenticate": CHALLENGES}
            return Problem("not-signed-in", 401, _("Please sign in first"), headers=headers, needed=error.needed)
        case AssuranceTooLow():
            return _not_sure_enough(error.needed, by_token=by_token)
        case SignatureNeeded():
            detail = _("This service needs your signature, given in your identity app. Fill in its form in the portal,"
                       " at `sign_at`, and choose “Sign and send”.")  # fmt: skip
            place = settings.BASE_URL + reverse("web:function-form", args=[error.function])
            return Problem("signature-needed", 403, _("Your signature is needed"), detail, sign_at=place)
        case IdempotencyConflict():
            detail = _("This Idempotency-Key was used for another call. Use a new one for each call.")
            return Problem("idempotency-key-reused", 422, _("That key was used before"), detail)
        case NotUsable():
            is_limit = error.reason in {"outside_function", "outside_act"}
            slug = "outside-mandate" if is_limit else "mandate-not-in-force"
            detail = (
                _("Your mandate does not include this.")
                if is_limit
                else _("The mandate is not yours, or not in force (any more). Nothing was done.")
            )
            return Problem(slug, 403, _("You cannot act for this person"), detail, code=error.reason)
        case FileRefused():
            return Problem("file-refused", 415, _("We cannot take this file"), error.message)
    return None


def _not_sure_enough(needed: str, *, by_token: bool) -> Problem:
    """RFC 9470 section 3: which `acr` is needed, said in the header and in the document.

    A client with a token is asked to get a surer one (401); a page with a session, to step up (403).
    """
    detail = _("This service needs you to prove once more that it is you: by a passkey or a second factor.")
    if needed != "plus":
        detail = _("This service needs an account whose identity was verified.")
    scheme, status = ("Bearer", 401) if by_token else ("Session", 403)
    challenge = f'{scheme} error="{INSUFFICIENT}", error_description="A surer sign-in is needed", acr_values="{needed}"'
    return Problem(
        "insufficient-assurance", status, _("A surer sign-in is needed"), detail, {"WWW-Authenticate": challenge},
        needed=needed, error=INSUFFICIENT, acr_values=needed,
    )  # fmt: skip


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None for what nobody foresaw: Django's own handler answers that."""
    request = context.get("request")
    if isinstance(error, TokenRefused):
        error = _token_refused(error.refused)
    user = getattr(request, "user", None)
    by_token = getattr(request, "auth", None) is not None
    problem = _of_domain(error, is_signed_in=bool(user and user.is_authenticated), by_token=by_token)
    if problem is not None:
        error = problem
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    if isinstance(error, Problem):
        body = document(error.slug, error.status_code, error.title, str(error.detail), **error.members)
        return _answer(body, error.headers)
    return _answer(*_of_drf(error))


def _of_drf(error: exceptions.APIException) -> tuple[dict[str, Any], dict[str, str]]:
    headers: dict[str, str] = {}
    if isinstance(error, exceptions.Throttled):
        headers["Retry-After"] = str(int(getattr(error, "wait", None) or 60) + 1)
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        headers["WWW-Authenticate"] = CHALLENGES
    code, members = error.status_code, {}
    detail = str(error.detail) if isinstance(error, exceptions.ParseError) else ""
    if isinstance(error, exceptions.ValidationError) and isinstance(error.detail, dict):
        members["errors"] = [
            {"parameter": name, "detail": str(message)}
            for name, messages in error.detail.items()
            for message in messages
        ]
    title = str(_TITLES.get(code, _("Something went wrong on our side")))
    return document(_SLUGS.get(code, "error"), code, title, detail, **members), headers


def _answer(body: dict[str, Any], headers: dict[str, str]) -> Response:
    return Response(body, status=body["status"], headers=headers, content_type=MEDIA_TYPE)
