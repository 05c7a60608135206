"""SOAP 1.1 and 1.2: envelopes by zeep (soap_wsdl.py), the wire by http.py, so that time, size and doubt are bounded."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import urlsplit

from lxml import etree

from services.gateway import mapping
from services.gateway.connectors import http, http_auth, soap_reply, soap_security
from services.gateway.connectors.base import Connector, Delivery, Outcome, Probe
from services.gateway.connectors.soap_descriptions import Descriptions
from services.gateway.connectors.soap_reply import Unreadable
from services.gateway.connectors.soap_security import MissingSecret
from services.gateway.connectors.soap_wsdl import UNREADABLE, Description, Unbuildable, wsdl_address
from services.gateway.errors import MappingError
from services.registry.models import Backend

UNKNOWN = "body.Found==`false`"  # what a look-up answers about a receipt that never came
PING = "Ping"
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
NAME = {"type": "string", "minLength": 1, "maxLength": 200}


@dataclass(frozen=True)
class _Request:
    """A request that is ready to leave."""

    description: Description
    operation: str
    headers: dict[str, str]
    body: bytes
    shown: dict[str, Any]  # for the officer's try: the exchange as it was, but for a password


class SoapConnector(Connector):
    key = "soap"
    label = "SOAP"
    settings_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {
            "wsdl": {"type": "string", "description": "where below the address; often ?wsdl"},
            "wsdl_fresh_seconds": {"type": "number", "minimum": 1, "maximum": 30 * 24 * 3600, "default": 3600},
            "service": {**NAME, "description": "of the WSDL; without it the first"},
            "port": {**NAME, "description": "of the service; without it the first that speaks SOAP"},
            "endpoint": {"type": "string", "description": "where calls go, if not where the WSDL says"},
            "lookup_operation": {"type": "string"},
            "lookup_body": {"type": "object", "description": 'its arguments, {"ReceiptNo": "=receipt"} without it'},
            "lookup_unknown": {"type": "string", "description": "JMESPath: true of an answer that says `not here`"},
            "probe_operation": {"type": "string"},
            "faults": soap_reply.FAULTS_SCHEMA,
            "wsse": soap_security.SCHEMA,
            **http_auth.SETTINGS,
        },
        "required": ["wsdl"],
        "additionalProperties": False,
    }

    def __init__(self) -> None:
        self._descriptions = Descriptions()

    def send(self, delivery: Delivery) -> Outcome:
        try:
            request = mapping.compose(dict(delivery.request_map), delivery.context)
        except MappingError as error:
            return Outcome(Outcome.UNSENDABLE, detail=str(error))
        return self._call(delivery, str(request.get("operation", "")), request.get("body", {}))

    def lookup(self, delivery: Delivery) -> Outcome:
        settings = delivery.backend.settings
        operation = settings.get("lookup_operation", "")
        if not operation:
            return Outcome(Outcome.AMBIGUOUS, detail="this backend has no look-up")
        try:
            body = mapping.compose(settings.get("lookup_body", {"ReceiptNo": "=receipt"}), delivery.context)
        except MappingError as error:
            return Outcome(Outcome.AMBIGUOUS, detail=f"lookup_body: {error}")
        return self._call(delivery, operation, body, unknown=settings.get("lookup_unknown", UNKNOWN))

    def probe(self, backend: Backend) -> Probe:
        """By the operation that the settings name, or by Ping; by the WSDL itself where there is no such operation."""
        operation = backend.settings.get("probe_operation", PING)
        try:
            description = self._descriptions.of(backend)
            if "probe_operation" not in backend.settings and PING not in description.operations:
                status = http.exchange(backend, "GET", wsdl_address(backend)).status
                return Probe(status == 200, f"HTTP {status} for the WSDL")
            request = self._built(backend, operation, {})
            reply = _read(backend, request, _posted(backend, request))
        except (http.Unreached, http.Ambiguous, Unbuildable, Unreadable, MissingSecret, ValueError) as error:
            return Probe(False, f"{type(error).__name__}: {error}"[:200])
        if reply.fault is not None:
            return Probe(False, f"fault {soap_reply.code_shown(reply.fault)}")
        return Probe(True, "answered")

    def check_request(self, request_map: Any) -> None:
        if not isinstance(request_map, dict) or request_map.keys() - {"operation", "body"}:
            raise ValueError("/: give an object with operation and body")
        if not isinstance(request_map.get("operation"), str) or not request_map["operation"]:
            raise ValueError("/operation: name the operation of the WSDL")
        if not isinstance(request_map.get("body", {}), dict):
            raise ValueError("/body: give an object of the operation's arguments")

    def check_request_to(self, backend: Backend, request_map: Any) -> None:
        """Names of the operation and its arguments too, if the WSDL is at hand."""
        self.check_request(request_map)
        operation = request_map["operation"]
        description = self._descriptions.at_hand(backend)
        if description is None or operation.startswith("="):
            return
        try:
            description.check(operation, request_map.get("body", {}))
        except ValueError as error:
            try:
                renewed = self._descriptions.renewed(backend)  # the department may have changed it since
            except http.Unreached:
                raise error from None
            renewed.check(operation, request_map.get("body", {}))

    def check_backend(self, backend: Backend) -> None:
        http_auth.check(backend)
        settings = backend.settings
        for name in ("wsdl", "endpoint"):
            _check_at(f"/{name}", http.address, backend, settings.get(name, ""))
        _check_at("/lookup_unknown", mapping.names_in, f"={settings.get('lookup_unknown', UNKNOWN)}")
        _check_at("/lookup_body", mapping.check_template, settings.get("lookup_body", {}), set())
        if token := settings.get("wsse", {}).get("username_token"):
            _check_token(backend, token)
        description = self._descriptions.at_hand(backend)
        for name in ("lookup_operation", "probe_operation"):
            operation = settings.get(name)
            if description is not None and operation and operation not in description.operations:
                raise ValueError(f"/{name}: the WSDL has no {operation}; it has {', '.join(description.operations)}")

    def _call(self, delivery: Delivery, operation: str, arguments: Any, *, unknown: str = "") -> Outcome:
        """`unknown` is given for a look-up: the expression that is true where the receipt is not known."""
        try:
            request = self._built(delivery.backend, operation, arguments, delivery.traceparent)
        except http.Unreached as error:  # the WSDL, so nothing was sent
            return Outcome(error.kind, detail=str(error))
        except (Unbuildable, MissingSecret, ValueError) as error:
            return Outcome(Outcome.UNSENDABLE, detail=str(error))
        try:
            answer = _posted(delivery.backend, request)
        except http.Unreached as error:
            return Outcome(error.kind, detail=str(error), exchange=request.shown)
        except http.Ambiguous as error:
            return Outcome(Outcome.AMBIGUOUS, detail=str(error), exchange=request.shown)
        try:
            reply = _read(delivery.backend, request, answer)
        except (Unreadable, MissingSecret) as error:
            return _unknown(f"HTTP {answer.status}, {error}", request, answer)
        if unknown and _is_true(unknown, reply):
            return Outcome(Outcome.UNKNOWN_RECEIPT, detail="not found", exchange=request.shown)
        return _understood(delivery, request, reply, answer, is_lookup=bool(unknown))

    def _built(self, backend: Backend, operation: str, arguments: Any, traceparent: str = "") -> _Request:
        """Raises Unreached, Unbuildable, MissingSecret, or ValueError for an address that leads away."""
        description = self._descriptions.of(backend)
        try:
            message = description.build(operation, arguments)
        except Unbuildable:
            description = self._descriptions.renewed(backend)  # the department may have changed it since
            message = description.build(operation, arguments)
        soap_security.secure(backend, message.envelope)
        body = etree.tostring(message.envelope, encoding="utf-8", xml_declaration=True)
        soap_security.hide_password(message.envelope)
        shown = {
            "method": "POST",
            "url": message.address,
            "sent": etree.tostring(message.envelope, encoding="utf-8", xml_declaration=True).decode(),
            "sent_sha256": sha256(body).hexdigest(),  # of what went out, password and all
        }
        headers = {**message.headers, **({"traceparent": traceparent} if traceparent else {})}
        return _Request(description, operation, headers, body, shown)


def _posted(backend: Backend, request: _Request) -> http.HttpReply:
    reply = http.exchange(backend, "POST", request.shown["url"], headers=request.headers, body=request.body)
    request.shown.update(
        status=reply.status,
        received=reply.content.decode("utf-8", "replace"),
        received_sha256=sha256(reply.content).hexdigest(),
    )
    return reply


def _read(backend: Backend, request: _Request, answer: http.HttpReply) -> mapping.Reply:
    """What an answer map is applied to; raises Unreadable."""
    if not answer.content.strip() and _may_be_empty(request, answer.status):
        return mapping.Reply(answer.status)
    envelope = soap_security.verified(backend, soap_reply.parse(answer.content))
    if (fault := soap_reply.fault_in(envelope)) is not None:
        return mapping.Reply(answer.status, None, fault)
    if answer.status != 200:
        raise Unreadable("no fault")
    soap_reply.only_child(envelope)
    try:
        return mapping.Reply(200, request.description.read(request.operation, envelope))
    except UNREADABLE as error:
        raise Unreadable(type(error).__name__) from error


def _may_be_empty(request: _Request, status: int) -> bool:
    return status in {201, 202} or (status in {200, 204} and request.description.answers_nothing(request.operation))


def _understood(
    delivery: Delivery, request: _Request, reply: mapping.Reply, answer: http.HttpReply, *, is_lookup: bool
) -> Outcome:
    """By the answer map; a fault that it is not about by the backend's table, and then by its HTTP status."""
    said = f"fault {soap_reply.code_shown(reply.fault)}" if reply.fault else "answered"
    reading = mapping.read(delivery.answer_map, reply)
    if reading is None and reply.fault:
        reading = soap_reply.judge(delivery.backend.settings.get("faults", []), reply.fault)
        if is_lookup and reading is not None and reading.outcome == "rejected":
            reading = None  # it is about the asking, not about what was filed
    if reading is None:
        return _unknown(f"{said}, not understood", request, answer)
    if reading.outcome == soap_reply.IN_DOUBT:
        return Outcome(Outcome.AMBIGUOUS, detail=said, exchange=request.shown)
    if reading.outcome == "retry":
        return Outcome(Outcome.BUSY, None, said, answer.retry_after_seconds, exchange=request.shown)
    return Outcome(Outcome.ANSWERED, reading, said, exchange=request.shown)


def _unknown(detail: str, request: _Request, answer: http.HttpReply) -> Outcome:
    """What nothing else could tell: some statuses say that nothing was filed, all others leave a doubt."""
    kind = http.unfiled(answer.status) or Outcome.AMBIGUOUS
    wait = answer.retry_after_seconds if kind == Outcome.BUSY else None
    return Outcome(kind, None, detail, wait, exchange=request.shown)


def _is_true(expression: str, reply: mapping.Reply) -> bool:
    try:
        return bool(mapping.evaluate(expression, reply.context()))
    except MappingError:  # written for another shape of answer
        return False


def _check_at(where: str, check: Callable[..., Any], *given: Any) -> None:
    try:
        check(*given)
    except (MappingError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error


def _check_token(backend: Backend, token: dict[str, str]) -> None:
    parts = urlsplit(backend.address)
    if "password" not in token and not backend.credentials:
        raise ValueError("/wsse/username_token: its password is the credentials: name their environment variable")
    if "password" not in token and http_auth.auth_of(backend):
        raise ValueError("/wsse/username_token: the credentials are the secret of auth; name another as password")
    is_open = parts.scheme == "http" and parts.hostname not in LOOPBACK
    if token.get("password_type") == "text" and is_open:
        raise ValueError("/wsse/username_token/password_type: text needs https, or everybody on the way can read it")
