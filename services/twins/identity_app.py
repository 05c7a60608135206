"""The demonstration identity app: a provider in the manner of iAM Smart, and a phone for its people.

It stands in for a national identity: the provider's API with its wire format, strictly checked, and a page the size of
a phone on which a demonstration person approves or refuses. On a loopback port of its own: services/twins/ports.py.
"""

import asyncio
import base64
import json
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from services.twins import identity_pages as pages
from services.twins.identity_api import BOOK, in_trouble, routes
from services.twins.identity_book import Ask, Book, Mode
from services.twins.identity_keys import SigningRoom
from services.twins.identity_people import PEOPLE, Person
from services.twins.identity_wire import OK, Service
from services.twins.identity_words import LANGUAGES
from services.twins.problems import explain_errors, problem
from services.twins.time_stamps import time_stamp

PERSON, LANGUAGE = "identity_app_person", "identity_app_language"  # cookies
CODES = {"refuse": "D40001", "cancel": "D40000"}
FORCED = {Mode.REJECT: "D40001", Mode.CANCEL: "D40000", Mode.TIME_OUT: "D40003"}
CALLBACK_TRIES = 3
LONGEST_DELAY_MS = 600_000
RETURN_PATH, CALLBACK_PATH = "/accounts/upstream/back/", "/accounts/upstream/callback/"


def build_app(port: int, folder: Path) -> web.Application:
    """The app for a port, with its authority in that folder."""
    app = web.Application(middlewares=[explain_errors], client_max_size=1024 * 1024)
    app[BOOK] = Book(registered(), f"http://127.0.0.1:{port}", SigningRoom(folder))
    app.add_routes([
        *routes(),
        web.get("/", to_phone),
        web.get("/qr/{ask}", qr),
        web.get("/app/", phone),
        web.post("/app/person", choose),
        web.get("/app/asks/{ask}", show),
        web.post("/app/asks/{ask}", decide),
        web.post("/time-stamps", time_stamp),
        web.get("/_twins/identity/mode", show_mode),
        web.post("/_twins/identity/mode", set_mode),
        web.post("/_twins/identity/service", register),
    ])  # fmt: skip
    return app


def registered() -> Service:
    """Ferry, by the environment that it shares with its twins; without a secret of Ferry's nobody can guess one."""
    base = os.environ.get("BASE_URL", f"http://127.0.0.1:{os.environ.get('PORT', '8000')}").rstrip("/")
    text = os.environ.get("UPSTREAM_PRIVATE_KEY", "")
    if text.startswith("-----"):
        key = load_pem_private_key(text.encode(), password=None)
    elif text:
        key = load_der_private_key(base64.b64decode(text), password=None)
    else:
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert isinstance(key, RSAPrivateKey)
    return Service(
        client_id=os.environ.get("UPSTREAM_CLIENT_ID", "ferry"),
        secret=os.environ.get("UPSTREAM_CLIENT_SECRET") or secrets.token_urlsafe(32),
        public_key=key.public_key(),  # as the certificate that Ferry registered would hold it
        redirect_uris=[base + RETURN_PATH],
        callback=base + CALLBACK_PATH,
        wrapping=os.environ.get("UPSTREAM_KEY_WRAPPING", "OAEP-SHA256"),
    )


# --- The other screen -----------------------------------------------------------------------------
async def qr(request: web.Request) -> web.StreamResponse:
    """The QR code, until the phone has decided; then back to the service."""
    if trouble := await in_trouble(request):
        return trouble
    ask = _ask(request)
    if ask.is_late and not ask.outcome:
        await _settle(request, ask, "D40003")
    if ask.outcome:
        raise web.HTTPFound(_back(ask))
    return pages.scan(request.app[BOOK], ask)


# --- The phone ------------------------------------------------------------------------------------
async def to_phone(_request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/app/")


async def phone(request: web.Request) -> web.StreamResponse:
    language = request.query.get("lang") or request.cookies.get(LANGUAGE, "en-US")
    language = language if language in LANGUAGES else "en-US"
    response = pages.home(request.app[BOOK], _person(request), language)
    response.set_cookie(LANGUAGE, language, httponly=True, samesite="Lax")
    return response


async def choose(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    ask = str(form.get("ask", ""))
    response = web.HTTPSeeOther(f"/app/asks/{ask}" if ask in request.app[BOOK].asks else "/app/")
    response.set_cookie(PERSON, str(form.get("person", "")), httponly=True, samesite="Lax")
    raise response


async def show(request: web.Request) -> web.StreamResponse:
    return pages.ask_page(request.app[BOOK], _ask(request), _person(request))


async def decide(request: web.Request) -> web.StreamResponse:
    """The button: note it, tell the service, and go back to it if it is on this device."""
    book, ask, person = request.app[BOOK], _ask(request), _person(request)
    form = await request.post()
    if ask.outcome or ask.is_late or person is None or ask.person not in {None, person}:
        return pages.ask_page(book, ask, person)
    code = FORCED.get(book.mode) or CODES.get(str(form.get("do")), OK)
    ask.person = person
    await _settle(request, ask, code)
    if ask.is_here:
        raise web.HTTPSeeOther(_back(ask))
    return pages.done(ask)


async def _settle(request: web.Request, ask: Ask, code: str) -> None:
    """Write down the outcome, and tell the service by a callback if there is a ticket."""
    book = request.app[BOOK]
    ask.outcome = "approved" if code == OK else code
    if ask.kind == "auth":
        if code == OK and ask.person is not None:
            ask.code = book.give_code(_stand_in(book, ask.person))
        return
    assert ask.person is not None
    content: dict[str, Any] = {"businessID": ask.business_id, "ticketID": ask.id, "state": ask.state}
    if code == OK:
        content |= await _result(book, ask, ask.person)
    await _call_back(book, code, content)


async def _result(book: Book, ask: Ask, person: Person) -> dict[str, Any]:
    """What the service gets."""
    told: dict[str, Any] = {"openID": _stand_in(book, person).open_id(book.service.client_id)}
    if ask.kind == "stepup":
        return told | {"isPassed": True}
    if ask.kind == "signing":
        digest = base64.b64decode(ask.content["hashCode"])
        if book.mode is Mode.WRONG_DOCUMENT:
            digest = bytes(32)
        signature, certificate = await asyncio.to_thread(book.signing.sign, person, digest)
        return told | {"hashCode": ask.content["hashCode"], "signature": signature, "cert": certificate}
    names = [*ask.content.get("profileFields", []), *ask.content.get("eMEFields", [])]
    return told | person.fields([str(name) for name in names])


def _stand_in(book: Book, person: Person) -> Person:
    """The person, or with the mode `wrong_person` somebody else."""
    others = [each for each in PEOPLE.values() if each != person]
    return others[-1] if book.mode is Mode.WRONG_PERSON else person


async def _call_back(book: Book, code: str, content: dict[str, Any]) -> None:
    """Tell the service, up to three times; with the mode for it, the same bytes twice, or signed by nobody."""
    body = book.service.callback_body(code, content)
    forged = "not the secret" if book.mode is Mode.WRONG_SIGNATURE else ""
    headers = book.service.signed_headers(body, secret=forged) | {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        for number in range(CALLBACK_TRIES):
            try:
                async with session.post(book.service.callback, data=body, headers=headers) as answer:
                    await answer.read()
            except aiohttp.ClientError:
                await asyncio.sleep(0.5 * (number + 1))
                continue
            if book.mode is not Mode.REPLAYED_CALLBACK or number:
                return


def _back(ask: Ask) -> str:
    """The service's address, with the answer that the browser carries."""
    told = {"state": ask.state}
    if ask.kind != "auth":
        told["businessID"] = ask.business_id
    elif ask.outcome == "approved":
        told["code"] = ask.code
    if ask.outcome != "approved":
        told["error_code"] = ask.outcome
    return f"{ask.redirect_uri}?{urlencode(told)}"


def _ask(request: web.Request) -> Ask:
    ask = request.app[BOOK].asks.get(request.match_info["ask"])
    if ask is None:
        raise web.HTTPNotFound(reason="No such request")
    return ask


def _person(request: web.Request) -> Person | None:
    return PEOPLE.get(request.cookies.get(PERSON, ""))


# --- The control ----------------------------------------------------------------------------------
async def show_mode(request: web.Request) -> web.Response:
    book = request.app[BOOK]
    return web.json_response({"mode": book.mode, "delay_ms": book.delay_ms, "acknowledged": book.acknowledged})


async def set_mode(request: web.Request) -> web.Response:
    try:
        document = json.loads(await request.read())
        mode, delay_ms = Mode(document["mode"]), document.get("delay_ms", 0)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return problem(400, f"mode must be one of {', '.join(Mode)}.")
    if type(delay_ms) is not int or not 0 <= delay_ms <= LONGEST_DELAY_MS:
        return problem(400, f"delay_ms must be a whole number from 0 to {LONGEST_DELAY_MS}.")
    book = request.app[BOOK]
    book.mode, book.delay_ms = mode, delay_ms
    return await show_mode(request)


async def register(request: web.Request) -> web.Response:
    """Another address of the service: what its staff would ask the provider for on paper."""
    try:
        base = str(json.loads(await request.read())["base_url"]).rstrip("/")
    except (ValueError, TypeError, KeyError, RecursionError):
        return problem(400, "Give an object with base_url.")
    if not base.startswith(("http://127.0.0.1:", "http://localhost:", "https://")):
        return problem(400, "base_url must be on this machine, or https.")
    service = request.app[BOOK].service
    service.redirect_uris, service.callback = [base + RETURN_PATH], base + CALLBACK_PATH
    return web.json_response({"redirect_uris": service.redirect_uris, "callback": service.callback})
