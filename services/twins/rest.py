"""The REST face of a department: idempotent by the receipt number."""

from aiohttp import web

from services.twins import bodies
from services.twins.answers import Answer, Submission
from services.twins.floor import FLOOR, is_receipt, now
from services.twins.problems import problem

REFUSED_STATUS = 422
METHODS = ("GET", "POST", "PUT", "PATCH")


async def submit(request: web.Request) -> web.Response:
    """File an application, or give the first answer again if its receipt has been here."""
    floor = request.app[FLOOR]
    backend = floor.backend_for(request, "rest")
    receipt = request.headers.get("Idempotency-Key", "")
    if not is_receipt(receipt):
        return problem(400, "The header Idempotency-Key must carry the receipt number.")
    try:
        application = await read_application(request)
    except bodies.Unreadable as error:
        return problem(400, str(error))
    if (application.receipt or receipt) != receipt:
        return problem(400, "receiptNo and Idempotency-Key differ.")
    body = application.written
    code = request.match_info["function"]
    answer = floor.replay(backend, receipt, operation=code, body=body)
    if answer is None:
        function = floor.catalogue.function_of(backend.department, code)
        submission = Submission(
            backend=backend,
            receipt=receipt,
            function=function,
            action=function.action if function else "apply",
            details={**application.details, **details_outside(request)},
            received_at=now(),
        )
        answer = floor.file(submission, operation=code, body=body)
    return web.json_response(answer, status=status_of(answer))


async def find(request: web.Request) -> web.Response:
    """The first answer to a receipt, whatever it was, with status 200."""
    floor = request.app[FLOOR]
    backend = floor.backend_for(request, "rest")
    receipt = request.match_info["receipt"]
    answer = floor.ledger.first_answer(backend.code, receipt) if is_receipt(receipt) else None
    if answer is None:
        return web.json_response({"outcome": "UNKNOWN"}, status=404)
    return web.json_response(answer)


async def health(request: web.Request) -> web.Response:
    request.app[FLOOR].backend_for(request, "rest")
    return web.json_response({"status": "up"})


async def read_application(request: web.Request) -> bodies.Application:
    """Raises bodies.Unreadable."""
    body = await request.read()
    if request.method == "GET":
        return bodies.Application("", {}, body)
    return await bodies.read(body, request.content_type, request.headers)


def details_outside(request: web.Request) -> dict[str, object]:
    """What the path and the query say besides the body: `v1/licences/AB 12?year=2026`."""
    details: dict[str, object] = {}
    for name, value in request.query.items():
        bodies.add(details, name, value)
    if "reference" in request.match_info:
        details["reference"] = request.match_info["reference"]
    return details


def status_of(answer: Answer) -> int:
    return REFUSED_STATUS if answer["outcome"] == "REFUSED" else 200


def routes() -> list[web.RouteDef]:
    return [
        web.get("/{backend}/health", health),
        web.get("/{backend}/v1/receipts/{receipt}", find),
        *(web.route(method, "/{backend}/v1/{function}", submit) for method in METHODS),
        *(web.route(method, "/{backend}/v1/{function}/{reference}", submit) for method in METHODS),
    ]
