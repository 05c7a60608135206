"""REST: JSON over HTTP."""

import json
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from services.gateway import mapping
from services.gateway.connectors import http
from services.gateway.connectors.base import Connector, Delivery, Outcome, Probe
from services.gateway.errors import MappingError
from services.registry.models import Backend

METHODS = ("GET", "POST", "PUT", "PATCH")
BUSY = {429, 503}


class RestConnector(Connector):
    key = "rest"
    label = "REST"
    settings_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {
            "health_path": {"type": "string"},
            "lookup_path": {"type": "string", "description": "with {receipt} in it"},
            "idempotency_header": {"type": "string"},
            "credential_header": {"type": "string"},
        },
        "additionalProperties": False,
    }

    def send(self, delivery: Delivery) -> Outcome:
        try:
            request = mapping.compose(dict(delivery.request_map), delivery.context)
            url = self._url(delivery, request)
        except (MappingError, ValueError) as error:
            return Outcome(Outcome.UNSENDABLE, detail=str(error))
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        headers |= {str(name): str(value) for name, value in request.get("headers", {}).items()}
        if name := delivery.backend.settings.get("idempotency_header"):
            headers[name] = delivery.receipt
        method = request.get("method", "POST")
        body = None if method == "GET" else json.dumps(request.get("body", {}), ensure_ascii=False).encode()
        return self._exchange(delivery, method, url, headers, body)

    def lookup(self, delivery: Delivery) -> Outcome:
        path = delivery.backend.settings.get("lookup_path", "")
        if not path:
            return Outcome(Outcome.AMBIGUOUS, detail="this backend has no look-up")
        url = http.address(delivery.backend, path.replace("{receipt}", quote(delivery.receipt, safe="")))
        outcome = self._exchange(delivery, "GET", url, {"Accept": "application/json"}, None)
        if outcome.kind != Outcome.ANSWERED and outcome.exchange.get("status") == 404:
            return Outcome(Outcome.UNKNOWN_RECEIPT, detail="HTTP 404", exchange=outcome.exchange)
        return outcome

    def probe(self, backend: Backend) -> Probe:
        try:
            reply = http.exchange(backend, "GET", http.address(backend, backend.settings.get("health_path", "")))
        except (http.Unreached, http.Ambiguous, ValueError) as error:
            return Probe(False, str(error))
        return Probe(reply.status < 400, f"HTTP {reply.status}")

    def check_request(self, request_map: Any) -> None:
        if not isinstance(request_map, dict):
            raise ValueError("/: give an object with method, path and body")
        if unknown := request_map.keys() - {"method", "path", "query", "headers", "body"}:
            raise ValueError(f"/{min(unknown)}: use method, path, query, headers and body")
        if request_map.get("method", "POST") not in METHODS:
            raise ValueError(f"/method: use one of {', '.join(METHODS)}")
        if not isinstance(request_map.get("path"), str) or not request_map["path"]:
            raise ValueError("/path: say where below the backend's address the request goes")
        for part in ("query", "headers"):
            if not isinstance(request_map.get(part, {}), dict):
                raise ValueError(f"/{part}: give an object")

    @staticmethod
    def _url(delivery: Delivery, request: dict[str, Any]) -> str:
        url = http.address(delivery.backend, str(request["path"]))
        return f"{url}?{urlencode(request['query'])}" if request.get("query") else url

    @staticmethod
    def _exchange(delivery: Delivery, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Outcome:
        shown: dict[str, Any] = {"method": method, "url": url, "sent": (body or b"").decode()}
        if delivery.traceparent:
            headers["traceparent"] = delivery.traceparent
        try:
            reply = http.exchange(delivery.backend, method, url, headers=headers, body=body)
        except http.Unreached as error:
            return Outcome(Outcome.UNREACHED, detail=str(error), exchange=shown)
        except http.Ambiguous as error:
            return Outcome(Outcome.AMBIGUOUS, detail=str(error), exchange=shown)
        shown |= {"status": reply.status, "received": reply.content.decode("utf-8", "replace")}
        try:
            decoded = json.loads(reply.content)
        except (ValueError, RecursionError):  # HTML, nothing at all, or half an answer
            decoded = None
        reading = (
            mapping.read(delivery.answer_map, mapping.Reply(reply.status, decoded)) if decoded is not None else None
        )
        if reading is not None and reading.outcome != "retry":
            return Outcome(Outcome.ANSWERED, reading, f"HTTP {reply.status}", exchange=shown)
        if reading is not None or reply.status in BUSY:
            return Outcome(Outcome.BUSY, None, f"HTTP {reply.status}", reply.retry_after_seconds, exchange=shown)
        why = f"HTTP {reply.status}, " + ("no JSON" if decoded is None else "not understood")
        return Outcome(Outcome.AMBIGUOUS, detail=why, exchange=shown)
