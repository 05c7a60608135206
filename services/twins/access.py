"""Who may speak to a department: open at first, asking for a credential when the control address says so."""

import base64
import binascii
import hmac
import json
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote_plus

from aiohttp import web
from aiohttp.typedefs import Handler

from services.twins.floor import FLOOR
from services.twins.problems import problem

REQUESTS_KEPT = 200  # of each backend
LONGEST_TOKEN_SECONDS = 86_400
LONGEST_TEXT = 200


class Scheme(StrEnum):
    OPEN = "open"
    HEADER = "header"
    QUERY = "query"
    BASIC = "basic"
    BEARER = "bearer"
    OAUTH2 = "oauth2"
    MUTUAL_TLS = "mutual_tls"  # only the HTTPS port, which asks for a client certificate, is open


USUAL_NAMES = {Scheme.HEADER: "X-Api-Key", Scheme.QUERY: "api_key", Scheme.BASIC: "ferry", Scheme.OAUTH2: "ferry"}


@dataclass
class Access:
    """What a backend asks for. `name` is of the header, the parameter, the user or the client."""

    scheme: Scheme = Scheme.OPEN
    name: str = ""
    secret: str = "twin-secret"  # noqa: S105  # of a department that does not exist
    token_seconds: float = 300
    tokens: dict[str, float] = field(default_factory=dict)  # token -> end of its life on time.monotonic()
    issued: int = 0

    @property
    def card(self) -> dict[str, object]:
        return {
            "scheme": self.scheme, "name": self.name, "token_seconds": self.token_seconds, "tokens_issued": self.issued,
        }  # fmt: skip


@dataclass
class Gate:
    """One backend's door, and the requests that came to it, newest last."""

    access: Access = field(default_factory=Access)
    seen: deque[dict[str, object]] = field(default_factory=lambda: deque(maxlen=REQUESTS_KEPT))


GATES = web.AppKey("gates", dict[str, Gate])


class Unusable(ValueError):
    """The request asks for something that cannot be done; the message says what is allowed."""


@web.middleware
async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in who shows the credential; nothing is filed for anybody else."""
    gate = request.app[GATES].get(request.path.split("/", 2)[1])
    if gate is None:
        return await handler(request)
    is_token = request.path.endswith("/oauth/token")
    shown: dict[str, object] = {
        "method": request.method,
        "target": request.raw_path,
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "status": 0,
    }
    gate.seen.append(shown)
    refusal = None if is_token else CHECKS[gate.access.scheme](request, gate.access)
    response = refused(gate.access, refusal) if refusal else await handler(request)
    shown["status"] = response.status
    return response


def refused(access: Access, why: str) -> web.Response:
    if access.scheme is Scheme.MUTUAL_TLS:
        return problem(403, why)
    words = {Scheme.BASIC: "Basic", Scheme.BEARER: "Bearer", Scheme.OAUTH2: 'Bearer error="invalid_token"'}
    return problem(401, why, {"WWW-Authenticate": f"{words.get(access.scheme, 'ApiKey')}"})


def same(shown: str, known: str) -> bool:
    return hmac.compare_digest(shown.encode(), known.encode())


def basic_of(request: web.Request) -> tuple[str, str]:
    """User and password (RFC 7617), or two empty texts."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (user, password) if scheme.lower() == "basic" else ("", "")


def bearer_of(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def check_open(request: web.Request, access: Access) -> str:
    return ""


def check_header(request: web.Request, access: Access) -> str:
    return "" if same(request.headers.get(access.name, ""), access.secret) else "The key is missing or wrong."


def check_query(request: web.Request, access: Access) -> str:
    return "" if same(request.query.get(access.name, ""), access.secret) else "The key is missing or wrong."


def check_basic(request: web.Request, access: Access) -> str:
    user, password = basic_of(request)
    return "" if same(user, access.name) and same(password, access.secret) else "User or password is wrong."


def check_bearer(request: web.Request, access: Access) -> str:
    return "" if same(bearer_of(request), access.secret) else "The token is missing or wrong."


def check_oauth2(request: web.Request, access: Access) -> str:
    ends_at = access.tokens.get(bearer_of(request), 0.0)
    return "" if time.monotonic() < ends_at else "The token is missing, unknown or has expired."


def check_mutual_tls(request: web.Request, access: Access) -> str:
    return "" if request.secure else "Come by HTTPS, with a client certificate."


CHECKS: dict[Scheme, Callable[[web.Request, Access], str]] = {
    Scheme.OPEN: check_open,
    Scheme.HEADER: check_header,
    Scheme.QUERY: check_query,
    Scheme.BASIC: check_basic,
    Scheme.BEARER: check_bearer,
    Scheme.OAUTH2: check_oauth2,
    Scheme.MUTUAL_TLS: check_mutual_tls,
}


async def give_token(request: web.Request) -> web.Response:
    """The client credentials grant (RFC 6749 section 4.4), the client named by Basic or in the body."""
    gate = request.app[GATES].get(request.match_info["backend"])
    if gate is None or gate.access.scheme is not Scheme.OAUTH2:
        raise web.HTTPNotFound(reason="No tokens are given here")
    form = await request.post()
    if form.get("grant_type") != "client_credentials":
        return token_reply(400, {"error": "unsupported_grant_type"})
    client, secret = (unquote_plus(each) for each in basic_of(request))
    if not client:
        client, secret = str(form.get("client_id", "")), str(form.get("client_secret", ""))
    if not same(client, gate.access.name) or not same(secret, gate.access.secret):
        return token_reply(401, {"error": "invalid_client"})
    token = secrets.token_urlsafe(24)
    gate.access.tokens[token] = time.monotonic() + gate.access.token_seconds
    gate.access.issued += 1
    scope = {"scope": str(form["scope"])} if "scope" in form else {}
    return token_reply(
        200, {"access_token": token, "token_type": "Bearer", "expires_in": gate.access.token_seconds, **scope}
    )


def token_reply(status: int, document: dict[str, object]) -> web.Response:
    return web.json_response(document, status=status, headers={"Cache-Control": "no-store"})


async def show_access(request: web.Request) -> web.Response:
    return web.json_response(known_gate(request).access.card)


async def set_access(request: web.Request) -> web.Response:
    """Ask for something else from now on; tokens given until now are worth nothing any more."""
    gates = request.app[GATES]
    everyone = request.match_info["backend"] == "_all"
    chosen = list(gates.values()) if everyone else [known_gate(request)]
    try:
        for gate in chosen:
            gate.access = read_access(await request.read())
    except Unusable as error:
        return problem(400, str(error))
    return web.json_response(chosen[0].access.card)


def read_access(body: bytes) -> Access:
    """From JSON; raises Unusable."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Unusable("The body must be JSON.") from None
    if not isinstance(document, dict) or document.get("scheme") not in list(Scheme):
        raise Unusable(f"scheme must be one of {', '.join(Scheme)}.")
    scheme = Scheme(document["scheme"])
    name = document.get("name", USUAL_NAMES.get(scheme, ""))
    secret = document.get("secret", Access.secret)
    if not all(isinstance(text, str) and len(text) <= LONGEST_TEXT for text in (name, secret)) or not secret:
        raise Unusable(f"name and secret must be texts of at most {LONGEST_TEXT} letters.")
    seconds = document.get("token_seconds", Access.token_seconds)
    if type(seconds) not in (int, float) or not 0 < seconds <= LONGEST_TOKEN_SECONDS:
        raise Unusable(f"token_seconds must be a number up to {LONGEST_TOKEN_SECONDS}.")
    return Access(scheme, name, secret, seconds)


async def show_requests(request: web.Request) -> web.Response:
    """What came to the door, oldest first: for whoever tries a mapping of paths, queries and headers."""
    return web.json_response({"requests": list(known_gate(request).seen)})


def known_gate(request: web.Request) -> Gate:
    gate = request.app[GATES].get(request.match_info["backend"])
    if gate is None:
        raise web.HTTPNotFound(reason="No such backend")
    return gate


def set_up(app: web.Application) -> None:
    """Gates for every backend of the floor, all open, and their addresses."""
    app[GATES] = {code: Gate() for code, each in app[FLOOR].catalogue.backends.items() if each.is_served}
    app.add_routes(
        [
            web.get("/_twins/{backend}/access", show_access),
            web.post("/_twins/{backend}/access", set_access),
            web.get("/_twins/{backend}/requests", show_requests),
            web.post("/{backend}/oauth/token", give_token),
        ]
    )
