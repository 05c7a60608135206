"""The control addresses under /_twins/: who is there, how they behave, what reached them."""

import asyncio
import json
from datetime import datetime

from aiohttp import web

from services.twins.catalogue import Backend
from services.twins.floor import FLOOR, Behaviour, Floor, Mode
from services.twins.problems import problem

EVERYONE = "_all"
LONGEST_DELAY_MS = 600_000
ENTRIES_SHOWN = 200
MOST_ENTRIES = 100_000
NDJSON = "application/x-ndjson"


class Unusable(ValueError):
    """The request asks for something that cannot be done; the message says what is allowed."""


async def list_backends(request: web.Request) -> web.Response:
    floor = request.app[FLOOR]
    return web.json_response({"backends": [card_of(floor, each) for each in floor.catalogue.backends.values()]})


def card_of(floor: Floor, backend: Backend) -> dict[str, object]:
    address = floor.address_of(backend)
    card: dict[str, object] = {
        "code": backend.code,
        "department": backend.department.code,
        "transport": backend.transport,
        "address": address,
        "mode": floor.behaviours[backend.code].mode,
        "served": backend.is_served,
    }
    if backend.transport == "soap":
        card["wsdl"] = address + "service?wsdl"
    return card


async def show_mode(request: web.Request) -> web.Response:
    return mode_reply(request.app[FLOOR].behaviours[known_code(request)])


async def set_mode(request: web.Request) -> web.Response:
    floor = request.app[FLOOR]
    everyone = request.match_info["backend"] == EVERYONE
    codes = list(floor.behaviours) if everyone else [known_code(request)]
    try:
        behaviour = read_behaviour(await request.read())
    except Unusable as error:
        return problem(400, str(error))
    floor.behaviours.update(dict.fromkeys(codes, behaviour))
    return mode_reply(behaviour)


def read_behaviour(body: bytes) -> Behaviour:
    """A mode and its delay from JSON; raises Unusable."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Unusable("The body must be JSON.") from None
    if not isinstance(document, dict) or document.get("mode") not in list(Mode):
        raise Unusable(f"mode must be one of {', '.join(Mode)}.")
    delay_ms = document.get("delay_ms", 0)
    if type(delay_ms) is not int or not 0 <= delay_ms <= LONGEST_DELAY_MS:  # True is an int to isinstance
        raise Unusable(f"delay_ms must be a whole number from 0 to {LONGEST_DELAY_MS}.")
    return Behaviour(Mode(document["mode"]), delay_ms)


def mode_reply(behaviour: Behaviour) -> web.Response:
    return web.json_response({"mode": behaviour.mode, "delay_ms": behaviour.delay_ms})


async def show_ledger(request: web.Request) -> web.StreamResponse:
    """The newest entries whole; or, asked for JSON lines, the receipts from ?since= until before ?until=."""
    code = known_code(request)
    if request.headers.get("Accept") == NDJSON:
        return await stream_ledger(request, code)
    try:
        limit = int(request.query.get("limit", ENTRIES_SHOWN))
    except ValueError:
        limit = 0
    if not 1 <= limit <= MOST_ENTRIES:
        return problem(400, f"limit must be a whole number from 1 to {MOST_ENTRIES}.")
    entries = request.app[FLOOR].ledger.entries(code, receipt=request.query.get("receipt"), limit=limit)
    return web.json_response({"backend": code, "entries": entries})


async def stream_ledger(request: web.Request, code: str) -> web.StreamResponse:
    try:
        since, until = (datetime.fromisoformat(request.query.get(name, "")) for name in ("since", "until"))
    except ValueError:
        return problem(400, "since and until must be times such as 2026-03-03T14:30:00+08:00.")
    reply = web.StreamResponse(headers={"Content-Type": NDJSON})
    await reply.prepare(request)
    for page in request.app[FLOOR].ledger.span(code, since, until):
        await reply.write("".join(json.dumps(entry) + "\n" for entry in page).encode())
        await asyncio.sleep(0)  # the twins are one process, and none may wait for a long ledger
    await reply.write_eof()
    return reply


async def empty_ledger(request: web.Request) -> web.Response:
    """Empties the ledger, or takes out one receipt where ?receipt= names it."""
    code = known_code(request)
    deleted = request.app[FLOOR].ledger.empty(code, receipt=request.query.get("receipt"))
    return web.json_response({"backend": code, "deleted": deleted})


def known_code(request: web.Request) -> str:
    code = request.match_info["backend"]
    if code not in request.app[FLOOR].catalogue.backends:
        raise web.HTTPNotFound(reason="No such backend")
    return code


def routes() -> list[web.RouteDef]:
    return [
        web.get("/_twins/", list_backends),
        web.get("/_twins/{backend}/mode", show_mode),
        web.post("/_twins/{backend}/mode", set_mode),
        web.get("/_twins/{backend}/ledger", show_ledger),
        web.delete("/_twins/{backend}/ledger", empty_ledger),
    ]
