"""What the tests of SOAP share: a backend behind a face of its twin, and a call to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import requests

from services.gateway.connectors.base import Delivery
from services.registry import defaults
from services.registry.models import Backend
from tests.services.twins.running import TIMEOUT_SECONDS, Twins

FACES = ("", "v12", "bare", "rpc", "imported", "token", "signed")
OPEN_FACES = FACES[:5]
FORM = {"properties": {"licence_number": {"type": "string"}, "note": {"type": "string"}}}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def backend_of(twins: Twins, face: str = "", **values: Any) -> Backend:
    """A backend of td that is spoken to through a face; not in the database, which no connector asks."""
    settings = {"wsdl": f"{face}/service?wsdl".lstrip("/"), "lookup_operation": "FindByReceipt"}
    if face == "v12":
        settings["port"] = "CounterPort12"
    settings |= values.pop("settings", {})
    given = {"timeout_seconds": 3, "connect_timeout_seconds": 1, "max_concurrency": 8, **values}
    code = f"td-soap-{uuid4().hex[:6]}"
    return Backend(code=code, connector="soap", address=twins.address("td-soap/"), settings=settings, **given)


def request_map() -> dict[str, Any]:
    made = defaults.request_map("soap", "td-unheard-of", "apply", FORM)
    made["body"]["Applicant"] = {"Item": []}  # the parts of an rpc message cannot be left out
    return made


def delivery_to(backend: Backend, receipt: str = "", **form: str) -> Delivery:
    receipt = receipt or f"FRY-{uuid4().hex[:12].upper()}"
    return Delivery(
        backend=backend,
        receipt=receipt,
        function="td-unheard-of",
        request_map=request_map(),
        answer_map=defaults.answer_map("soap", "apply"),
        context={
            "form": {"licence_number": "AB1234", **form},
            "files": {},
            "receipt": receipt,
            "function": "td-unheard-of",
            "submitted_at": "2026-03-03T14:30:00+08:00",
            "language": "en",
        },
        traceparent=TRACE,
    )


@contextmanager
def manners(twins: Twins, **settings: Any) -> Iterator[dict[str, Any]]:
    """Let the department behave in a way for a while; gives what it says of itself."""
    address = twins.address("_twins/td-soap/soap")
    answer = requests.post(address, json=settings, timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    yield answer.json()
    requests.post(address, json={}, timeout=TIMEOUT_SECONDS).raise_for_status()


def body_in_ledger(twins: Twins, receipt: str) -> str:
    entries = twins.get("_twins/td-soap/ledger", receipt=receipt).json()["entries"]
    return str(entries[-1]["body"])
