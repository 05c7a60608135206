"""How the API reads what it is sent: strict JSON, the session as sign-in, and how often."""

import hashlib
import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from identity.accounts import authentication
from identity.accounts.callers import brings_token
from identity.accounts.models import User
from identity.provider import tokens, userinfo

SCOPE = "calls"  # of access tokens that may be used here
CHALLENGE = f'Bearer realm="Ferry", scope="{SCOPE}"'


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


class StrictJSONParser(BaseParser):
    """JSON as RFC 8259 has it: UTF-8, no NaN, no name twice, not too deep, not too large."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The value; raises ParseError that says what is wrong, never what was sent."""
        raw = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(raw) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise ParseError(_("The body is larger than 1 MB."))
        return decode(raw)


def decode(raw: bytes) -> Any:
    """The value of strict JSON; raises ParseError that says what is wrong, never what was sent."""
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise ParseError(_("The body is not UTF-8.")) from error
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        raise ParseError(_("The body is not JSON: line %(line)s, column %(column)s.") % place) from error
    except (ValueError, RecursionError) as error:
        raise ParseError(_("The body is not JSON that we can take.")) from error


class AnyAccept(BaseContentNegotiation):
    """For what has one media type of its own, such as a stream or a signature: sent to whoever asks.

    EventSource asks for text/event-stream; errors are JSON all the same.
    """

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return JSONRenderer(), "application/json"


class Session(SessionAuthentication):
    """The session cookie, with a CSRF token for writing; a missing one is 401, not 403."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"


class TokenRefused(APIException):
    """An access token that is not good for this; portal.api.problems makes a document of it."""

    def __init__(self, refused: userinfo.Refused) -> None:
        super().__init__(refused.error)
        self.refused = refused
        self.status_code = refused.status


class AccessToken(BaseAuthentication):
    """An access token of our own provider, with the scope `calls` (RFC 6750), bound to a key or not (RFC 9449).

    It comes in the header, and then a session beside it says nothing: no CSRF token is asked for.
    """

    def authenticate(self, request: Request) -> tuple[User, tokens.Bearer] | None:
        """Whose it is, and what it is good for. Raises TokenRefused (RFC 6750 section 3.1)."""
        if not brings_token(request._request):
            return None
        try:
            found = userinfo.bearer(request._request, f"{settings.BASE_URL}{request._request.path}")
            if SCOPE not in found.scopes:
                raise userinfo.Refused("insufficient_scope", "The scope calls is needed", status=403, scope=SCOPE)
        except userinfo.Refused as refused:
            raise TokenRefused(refused) from None
        return found.person, found

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class AccessTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document describes it."""

    target_class = "portal.api.reading.AccessToken"
    name = "openid"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "openIdConnect", "openIdConnectUrl": "/.well-known/openid-configuration"}

    def get_security_requirement(self, auto_schema: object) -> dict[str, list[str]]:
        return {self.name: [SCOPE]}


def acr_of(request: Request) -> str:
    """What the caller proves: the `acr` of the token that signed the request in, or else of the session."""
    of_token = getattr(request.auth, "acr", None)
    return str(of_token) if of_token is not None else authentication.level(request._request)


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document describes it."""

    target_class = "portal.api.reading.Session"
    name = "session"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


class _PerPerson(SimpleRateThrottle):
    """Counts by person, or by address of someone not signed in; neither stands in the key as it is.

    In windows as long as the rate's period, so that one step of a counter is all that a request costs.
    """

    duration: int  # seconds
    num_requests: int

    def get_cache_key(self, request: Request, view: object) -> str:
        user = request.user
        ident = str(user.pk) if user and user.is_authenticated else self.get_ident(request)
        window = int(self.timer() // self.duration)
        digest = hashlib.sha256(ident.encode()).hexdigest()
        return self.cache_format % {"scope": f"{self.scope}_{window}", "ident": digest}

    def allow_request(self, request: Request, view: Any) -> bool:
        count = _one_more(self.get_cache_key(request, view), seconds=self.duration)
        return count <= self.num_requests

    def wait(self) -> float:
        """Seconds until the next window."""
        return float(self.duration - self.timer() % self.duration)


def _one_more(key: str, *, seconds: int) -> int:
    """How often so far, this time included; 1 while the counter cannot be reached. It is forgotten in the end."""
    try:
        return int(cache.incr(key))
    except ValueError:
        cache.add(key, 0, seconds + 1)
    try:
        return int(cache.incr(key))
    except ValueError:  # it could not be kept: the server that counts is full
        return 1


class ReadThrottle(_PerPerson):
    scope = "read"


class CallThrottle(_PerPerson):
    scope = "call"


class HookThrottle(_PerPerson):
    scope = "hook"
