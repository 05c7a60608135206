"""td-rest as a test speaks to it: one delivery over the real connector and the real wire, and what came of it."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import requests

from services.gateway.connectors.base import Delivery, Outcome
from services.gateway.connectors.rest import RestConnector
from services.registry import defaults
from services.registry.models import Backend
from tests.services.twins.running import TIMEOUT_SECONDS, Twins

PDF = b"%PDF-1.4\n\r\n--not a boundary\r\n\x00\xff\xfe%%EOF"
FILE_ID = "6f6a2d0e-6a55-4d0e-8a8e-0d5f2f1f3a10"
FILE = {
    "name": "駕駛執照.pdf",
    "type": "application/pdf",
    "size": len(PDF),
    "sha256": hashlib.sha256(PDF).hexdigest(),
    "content": base64.b64encode(PDF).decode(),
}


@dataclass
class Department:
    """`settings` and `values` go into the backend."""

    twins: Twins
    code: str = "td-rest"
    address: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    connector: RestConnector = field(default_factory=RestConnector)

    @property
    def backend(self) -> Backend:
        usual = {"timeout_seconds": 3, "connect_timeout_seconds": 1, "read_timeout_seconds": 2}
        return Backend(
            code=self.code,
            connector="rest",
            address=self.address or self.twins.address(f"{self.code}/"),
            settings={
                "health_path": "health",
                "lookup_path": "v1/receipts/{receipt}",
                "idempotency_header": "Idempotency-Key",
                **self.settings,
            },
            **{**usual, **self.values},
        )

    def delivery(self, request_map: dict[str, Any] | None = None, **form: Any) -> Delivery:
        receipt = f"FRY-{uuid4().hex[:12].upper()}"
        return Delivery(
            backend=self.backend,
            receipt=receipt,
            function="td-note",
            request_map=request_map or {"path": "v1/td-note", "body": {"details": {"note": "=form.note"}}},
            answer_map=defaults.answer_map("rest", "apply"),
            context={"form": form, "files": {FILE_ID: FILE}, "receipt": receipt, "function": "td-note"},
            traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        )

    def send(self, request_map: dict[str, Any] | None = None, **form: Any) -> tuple[Outcome, str]:
        """The outcome, and the receipt."""
        delivery = self.delivery(request_map, **form)
        if request_map is not None:
            self.connector.check_request(request_map)
        return self.connector.send(delivery), delivery.receipt

    def ask_for(self, scheme: str, **values: Any) -> None:
        """From now on the twin wants this credential."""
        address = self.twins.address(f"_twins/{self.code}/access")
        requests.post(address, json={"scheme": scheme, **values}, timeout=TIMEOUT_SECONDS).raise_for_status()

    def tokens_issued(self) -> int:
        issued: int = self.twins.get(f"_twins/{self.code}/access").json()["tokens_issued"]
        return issued

    def last_request(self) -> dict[str, Any]:
        """Method, target, headers and status of what came last."""
        last: dict[str, Any] = self.twins.get(f"_twins/{self.code}/requests").json()["requests"][-1]
        return last

    def statuses(self) -> list[int]:
        return [each["status"] for each in self.twins.get(f"_twins/{self.code}/requests").json()["requests"]]

    def filed(self, receipt: str) -> Any:
        """The one application that the ledger has under the receipt, as it was written down."""
        (entry,) = self.twins.get(f"_twins/{self.code}/ledger", receipt=receipt).json()["entries"]
        assert entry["effect"] == "filed"
        try:
            return json.loads(entry["body"])
        except ValueError:
            return entry["body"]
