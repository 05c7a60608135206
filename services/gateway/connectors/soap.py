"""SOAP 1.1 and 1.2 by zeep; the wire itself is http.py, so that time, size and doubt are bounded the same way."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import requests
import zeep
from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.exceptions import Fault
from zeep.helpers import serialize_object
from zeep.transports import Transport

from services.gateway import mapping
from services.gateway.connectors import http, http_auth
from services.gateway.connectors.base import Connector, Delivery, Outcome, Probe
from services.gateway.errors import MappingError
from services.registry.models import Backend

STRICT = zeep.Settings(strict=True, xml_huge_tree=False, forbid_dtd=True, forbid_entities=True, forbid_external=True)


class _Wire(Transport):
    """zeep's transport over http.exchange; keeps the last exchange for the officer's try."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(session=requests.Session())  # type: ignore[no-untyped-call]
        self.backend = backend
        self.traceparent = ""
        self.shown: dict[str, Any] = {}
        self.reply: http.HttpReply | None = None

    def load(self, url: str) -> bytes:
        """Fetch a WSDL or XSD, from the backend's own address only."""
        if not url.startswith(self.backend.address):
            raise http.Unreached(f"{url} is not at the backend's address")
        reply = http.exchange(self.backend, "GET", url)
        if reply.status != 200:
            raise http.Unreached(f"HTTP {reply.status} instead of the WSDL")
        return reply.content

    def post(self, address: str, message: str | bytes, headers: dict[str, str]) -> requests.Response:
        body = message.encode() if isinstance(message, str) else message
        self.shown = {"method": "POST", "url": address, "sent": body.decode("utf-8", "replace")}
        self.reply = None
        if self.traceparent:
            headers = {**headers, "traceparent": self.traceparent}
        self.reply = http.exchange(self.backend, "POST", address, headers=headers, body=body)
        self.shown |= {"status": self.reply.status, "received": self.reply.content.decode("utf-8", "replace")}
        response = requests.Response()
        response.status_code = self.reply.status
        response.headers.update(self.reply.headers)
        response._content = self.reply.content
        return response


class _Clients:
    """zeep clients are not promised to be safe for threads: each is used by one at a time, and kept for the next."""

    def __init__(self) -> None:
        self._idle: dict[str, queue.LifoQueue[zeep.Client]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def one(self, backend: Backend) -> Iterator[zeep.Client]:
        """A client for the backend, freshly made from its WSDL if none is idle. Raises Unreached if that fails."""
        wsdl = http.address(backend, backend.settings.get("wsdl", "?wsdl"))
        with self._lock:
            idle = self._idle.setdefault(f"{wsdl} {backend.timeout_seconds}", queue.LifoQueue(64))
        try:
            client = idle.get_nowait()
        except queue.Empty:
            client = self._make(wsdl, backend)
        client.transport.backend, client.transport.traceparent = backend, ""
        yield client
        if not idle.full():
            idle.put_nowait(client)

    @staticmethod
    def _make(wsdl: str, backend: Backend) -> zeep.Client:
        try:
            return zeep.Client(wsdl, transport=_Wire(backend), settings=STRICT)
        except (http.Ambiguous, ZeepError, etree.XMLSyntaxError, ValueError, KeyError) as error:
            raise http.Unreached(f"the WSDL cannot be read: {type(error).__name__}") from error


class SoapConnector(Connector):
    key = "soap"
    label = "SOAP"
    settings_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {
            "wsdl": {"type": "string"},
            "lookup_operation": {"type": "string"},
            "probe_operation": {"type": "string"},
            **http_auth.SETTINGS,
        },
        "required": ["wsdl"],
        "additionalProperties": False,
    }

    def __init__(self) -> None:
        self._clients = _Clients()

    def send(self, delivery: Delivery) -> Outcome:
        try:
            request = mapping.compose(dict(delivery.request_map), delivery.context)
        except MappingError as error:
            return Outcome(Outcome.UNSENDABLE, detail=str(error))
        return self._call(delivery, str(request.get("operation", "")), request.get("body", {}))

    def lookup(self, delivery: Delivery) -> Outcome:
        operation = delivery.backend.settings.get("lookup_operation", "")
        if not operation:
            return Outcome(Outcome.AMBIGUOUS, detail="this backend has no look-up")
        return self._call(delivery, operation, {"ReceiptNo": delivery.receipt}, is_lookup=True)

    def probe(self, backend: Backend) -> Probe:
        try:
            with self._clients.one(backend) as client:
                client.service[backend.settings.get("probe_operation", "Ping")]()
        except (
            http.Unreached,
            http.Ambiguous,
            ZeepError,
            etree.XMLSyntaxError,
            AttributeError,
            ValueError,
        ) as error:
            return Probe(False, f"{type(error).__name__}: {error}"[:200])
        return Probe(True, "answered")

    def check_request(self, request_map: Any) -> None:
        if not isinstance(request_map, dict) or request_map.keys() - {"operation", "body"}:
            raise ValueError("/: give an object with operation and body")
        if not isinstance(request_map.get("operation"), str) or not request_map["operation"]:
            raise ValueError("/operation: name the operation of the WSDL")
        if not isinstance(request_map.get("body", {}), dict):
            raise ValueError("/body: give an object of the operation's arguments")

    def check_backend(self, backend: Backend) -> None:
        http_auth.check(backend)

    def _call(
        self, delivery: Delivery, operation: str, arguments: dict[str, Any], *, is_lookup: bool = False
    ) -> Outcome:
        try:
            with self._clients.one(delivery.backend) as client:
                return self._speak(client, delivery, operation, arguments, is_lookup=is_lookup)
        except http.Unreached as error:  # the WSDL, so nothing was sent
            return Outcome(error.kind, detail=str(error))

    def _speak(
        self,
        client: zeep.Client,
        delivery: Delivery,
        operation: str,
        arguments: dict[str, Any],
        *,
        is_lookup: bool,
    ) -> Outcome:
        wire: _Wire = client.transport
        wire.traceparent = delivery.traceparent
        try:
            client.create_message(client.service, operation, **arguments)
        except (ZeepError, TypeError, AttributeError) as error:  # names of elements, never their values
            return Outcome(Outcome.UNSENDABLE, detail=f"{operation}: {type(error).__name__}: {error}"[:200])
        except ValueError as error:
            return Outcome(Outcome.UNSENDABLE, detail=f"{operation}: {type(error).__name__}")
        try:
            result = client.service[operation](**arguments)
        except http.Unreached as error:
            return Outcome(error.kind, detail=str(error), exchange=wire.shown)
        except http.Ambiguous as error:
            return Outcome(Outcome.AMBIGUOUS, detail=str(error), exchange=wire.shown)
        except Fault as fault:
            detail = {
                "code": str(fault.code or ""),
                "text": str(fault.message or ""),
                "detail": _plain(fault.detail) if fault.detail is not None else None,
            }
            reply = mapping.Reply(wire.reply.status if wire.reply else 500, None, detail)
        except (ZeepError, etree.XMLSyntaxError, ValueError, TypeError, AttributeError) as error:
            return self._unreadable(wire, type(error).__name__)
        else:
            reply = mapping.Reply(200, _texts(serialize_object(result, dict)))
            if is_lookup and isinstance(reply.body, dict) and reply.body.get("Found") is False:
                return Outcome(Outcome.UNKNOWN_RECEIPT, detail="not found", exchange=wire.shown)
        return self._understand(delivery, reply, wire)

    @staticmethod
    def _understand(delivery: Delivery, reply: mapping.Reply, wire: _Wire) -> Outcome:
        reading = mapping.read(delivery.answer_map, reply)
        said = f"fault {reply.fault['code']}" if reply.fault else "answered"
        if reading is None:
            return Outcome(Outcome.AMBIGUOUS, detail=f"{said}, not understood", exchange=wire.shown)
        if reading.outcome == "retry":
            return Outcome(Outcome.BUSY, detail=said, exchange=wire.shown)
        return Outcome(Outcome.ANSWERED, reading, said, exchange=wire.shown)

    @staticmethod
    def _unreadable(wire: _Wire, why: str) -> Outcome:
        status = wire.reply.status if wire.reply else None
        if wire.reply and (kind := http.unfiled(wire.reply.status)):
            return Outcome(kind, None, f"HTTP {status}", wire.reply.retry_after_seconds, exchange=wire.shown)
        return Outcome(Outcome.AMBIGUOUS, detail=f"HTTP {status}, {why}", exchange=wire.shown)


def _texts(value: Any) -> Any:
    """Dates, times and decimals of a typed WSDL as text, so that an answer is plain JSON."""
    if isinstance(value, dict):
        return {name: _texts(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in value]
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    return str(value) if isinstance(value, Decimal | timedelta) else value


def _plain(element: Any) -> Any:
    """An element as nested dictionaries by local name, the first child of a name winning."""
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        return element.text or ""
    plain: dict[str, Any] = {}
    for child in children:
        plain.setdefault(etree.QName(child).localname, _plain(child))
    return plain
