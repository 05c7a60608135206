"""The REST face of a department: idempotent by the receipt number."""

import json
from collections.abc import Mapping

from aiohttp import web

from services.twins.answers import Answer, Submission
from services.twins.floor import FLOOR, is_receipt, now
from services.twins.problems import problem

REFUSED_STATUS = 422


class Unreadable(ValueError):
    """The request's body is not what the contract asks for; the message says why."""


async def submit(request: web.Request) -> web.Response:
    """File an application, or give the first answer again if its receipt has been here."""
    floor = request.app[FLOOR]
    backend = floor.backend_for(request, "rest")
    receipt = request.headers.get("Idempotency-Key", "")
    if not is_receipt(receipt):
        return problem(400, "The header Idempotency-Key must carry the receipt number.")
    body = await request.read()
    try:
        details = read_details(body, receipt)
    except Unreadable as error:
        return problem(400, str(error))
    code = request.match_info["function"]
    answer = floor.replay(backend, receipt, operation=code, body=body)
    if answer is None:
        function = floor.catalogue.function_of(backend.department, code)
        submission = Submission(
            backend=backend,
            receipt=receipt,
            function=function,
            action=function.action if function else "apply",
            details=details,
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


def read_details(body: bytes, receipt: str) -> Mapping[str, object]:
    """The `details` of a submission; raises Unreadable."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("The body must be JSON.") from None
    if not isinstance(document, dict):
        raise Unreadable("The body must be a JSON object.")
    if document.get("receiptNo", receipt) != receipt:
        raise Unreadable("receiptNo and Idempotency-Key differ.")
    details = document.get("details", {})
    if not isinstance(details, dict):
        raise Unreadable("details must be a JSON object.")
    return details


def status_of(answer: Answer) -> int:
    return REFUSED_STATUS if answer["outcome"] == "REFUSED" else 200


def routes() -> list[web.RouteDef]:
    return [
        web.get("/{backend}/health", health),
        web.get("/{backend}/v1/receipts/{receipt}", find),
        web.post("/{backend}/v1/{function}", submit),
    ]
