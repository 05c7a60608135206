"""What online services ask of the provider, under /api/v1: every POST signed, nearly every body sealed."""

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from services.twins.identity_book import SLOW_MS, Ask, Book, Mode
from services.twins.identity_people import Person
from services.twins.identity_wire import (
    BAD_PARAMETER,
    BAD_TOKEN,
    OK,
    Unacceptable,
    now_ms,
    sealed,
)
from services.twins.identity_words import LANGUAGES
from services.twins.modes import ERROR_PAGE, cut

BOOK = web.AppKey("book", Book)
TOKEN_MS = 3_600_000
KINDS = {
    "/account/auth/profile": "profile", "/account/eme": "eme", "/account/stepup": "stepup",
    "/account/signing": "signing",
}  # fmt: skip
SOURCES_HERE = ("App_Link", "App_Scheme")
Answer = dict[str, Any]
Act = Callable[[Book, dict[str, Any]], Answer]


def routes() -> list[web.RouteDef]:
    return [
        web.get("/api/v1/auth/getQR", get_qr),
        web.post("/api/v1/security/getKey", get_key),
        web.post("/api/v1/security/revokeKey", revoke_key),
        web.post("/api/v1/auth/getToken", answering(get_token)),
        web.post("/api/v1/account/signing/ackResult", answering(acknowledge)),
        *(web.post(f"/api/v1{path}/initiateRequest", answering(initiating(kind))) for path, kind in KINDS.items()),
    ]


async def in_trouble(request: web.Request) -> web.StreamResponse | None:
    """The faults of the machine, before anything is read."""
    book = request.app[BOOK]
    if book.mode is Mode.DOWN:
        return await cut(request)
    if book.mode is Mode.ERROR:
        return web.Response(text=ERROR_PAGE, status=500, content_type="text/html")
    if book.mode is Mode.SLOW:
        await asyncio.sleep((book.delay_ms or SLOW_MS) / 1000)
    return None


async def get_qr(request: web.Request) -> web.StreamResponse:
    """The page with the QR code, or the app on this device: for a log-in, or for a ticket that waits."""
    if trouble := await in_trouble(request):
        return trouble
    book, asked = request.app[BOOK], request.query
    service = book.service
    if asked.get("clientID") != service.client_id or asked.get("responseType") != "code":
        raise web.HTTPBadRequest(text="clientID or responseType is not known.")
    if asked.get("redirectURI") not in service.redirect_uris:
        raise web.HTTPBadRequest(text="redirectURI is not registered.")
    if not asked.get("state") or "eidapi_auth" not in asked.get("scope", "").split():
        raise web.HTTPBadRequest(text="state or scope is missing.")
    is_here = asked.get("source", "") in SOURCES_HERE
    ticket = asked.get("ticketID", "")
    if ticket:
        ask = book.asks.get(ticket)
        if ask is None or ask.kind == "auth" or ask.state != asked["state"]:
            raise web.HTTPNotFound(text="No such ticket.")
        ask.is_here = is_here
    else:
        language = asked.get("lang", "")
        ask = book.note(
            Ask("auth", asked["redirectURI"], asked["state"], language if language in LANGUAGES else "en-US", is_here)
        )
    raise web.HTTPFound(f"/app/asks/{ask.id}" if is_here else f"/qr/{ask.id}")


async def get_key(request: web.Request) -> web.StreamResponse:
    if trouble := await in_trouble(request):
        return trouble
    service = request.app[BOOK].service
    try:
        service.must_have_signed(request.headers, await request.read())
    except Unacceptable as error:
        return reply(error.code, str(error))
    return reply(OK, content=service.fresh_key())


async def revoke_key(request: web.Request) -> web.StreamResponse:
    service = request.app[BOOK].service
    try:
        service.must_have_signed(request.headers, await request.read())
    except Unacceptable as error:
        return reply(error.code, str(error))
    service.key = b""
    return reply(OK)


def answering(act: Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A handler that checks the signature, opens the content, and seals what `act` answers."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if trouble := await in_trouble(request):
            return trouble
        book = request.app[BOOK]
        body = await request.read()
        try:
            book.service.must_have_signed(request.headers, body)
            answer = act(book, book.service.opened(body))
        except Unacceptable as error:
            return reply(error.code, str(error))
        return reply(OK, content=sealed(book.service.key, answer))

    return handle


def reply(code: str, message: str = "", content: object = None) -> web.Response:
    document: dict[str, Any] = {"txID": secrets.token_hex(12), "code": code, "message": message}
    if content is not None:
        document["content"] = content
    return web.Response(text=json.dumps(document), content_type="application/json")


def get_token(book: Book, asked: dict[str, Any]) -> Answer:
    person = book.redeem(str(asked.get("code")))
    if person is None or asked.get("grantType") != "authorization_code":
        raise Unacceptable(BAD_PARAMETER, "the code is not good")
    now = now_ms()
    return {
        "accessToken": book.give_token(person),
        "openID": person.open_id(book.service.client_id),
        "issueAt": now,
        "expiresIn": TOKEN_MS,
        "lastModifiedDate": now,
        "scope": " ".join(person.scope),
    }


def acknowledge(book: Book, asked: dict[str, Any]) -> Answer:
    book.acknowledged.append(str(asked.get("businessID")))
    return {}


def initiating(kind: str) -> Act:
    """What puts a request of that kind into a person's app."""

    def initiate(book: Book, asked: dict[str, Any]) -> Answer:
        person = book.person_of(asked.get("accessToken"), asked.get("openID"))
        if person is None:
            raise Unacceptable(BAD_TOKEN, "accessToken or openID is not good")
        wanted = ("businessID", "redirectURI", "state", "source")
        if any(not isinstance(asked.get(name), str) or not asked[name] for name in wanted):
            raise Unacceptable(BAD_PARAMETER, "a parameter is missing")
        if asked["redirectURI"] not in book.service.redirect_uris:
            raise Unacceptable(BAD_PARAMETER, "redirectURI is not registered")
        if kind == "signing":
            must_be_signable(person, asked)
        language = str(asked.get("lang"))
        ask = Ask(
            kind, asked["redirectURI"], asked["state"], language if language in LANGUAGES else "en-US",
            asked["source"] in SOURCES_HERE, person=person, business_id=asked["businessID"], content=asked,
        )  # fmt: skip
        book.note(ask)
        return {"ticketID": ask.id, "authByQR": not ask.is_here}

    return initiate


def must_be_signable(person: Person, asked: dict[str, Any]) -> None:
    """Raises Unacceptable unless this person may sign that."""
    try:
        is_digest = len(base64.b64decode(str(asked.get("hashCode")), validate=True)) == 32
    except ValueError:
        is_digest = False
    if not is_digest or asked.get("sigAlgo") != "SHA256withRSA":
        raise Unacceptable(BAD_PARAMETER, "hashCode or sigAlgo is not good")
    if not all(asked.get(name) for name in ("department", "serviceName", "documentName")):
        raise Unacceptable(BAD_PARAMETER, "it is not said what is to be signed")
    card = base64.b64encode(hashlib.sha256(person.card_hash_source.encode()).digest()).decode()
    if asked.get("HKICHash") not in {"", card} or not person.has_plus:
        raise Unacceptable(BAD_PARAMETER, "this person cannot sign that")
