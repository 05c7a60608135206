"""Records of fixed length over TCP, as the front end of a mainframe takes them; the wire itself is frames.py.

A frame is a header (system, transaction, sequence number, status), a record, and the documents that belong to it. The
layouts stand in the backend's settings; a version says which transaction it is and what goes into which field.
"""

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from services.gateway import mapping, records
from services.gateway.connectors import record_misfits
from services.gateway.connectors.base import Connector, Delivery, Misfit, Outcome, Probe
from services.gateway.connectors.frames import Line, Pool, Pools
from services.gateway.connectors.http import Ambiguous, Unreached
from services.gateway.errors import MappingError
from services.gateway.records import Layout, RecordMisfit, RecordUnreadable
from services.registry.models import Backend

Json = dict[str, Any]
STATUSES = {"ok": 0, "unknown_receipt": 8, "malformed": 12}
TRANSACTIONS = {"lookup": "FIND", "sign_of_life": "PING"}
HEADER_FIELDS = {"system", "transaction", "sequence", "status"}
REQUEST_KEYS = {"transaction", "layout", "answer", "record", "attach"}
MOST_CONNECTIONS = 4
IDLE_SECONDS = 120.0
TRUSTED_SECONDS = 20.0
LONGEST_ANSWER = 256 * 1024  # bytes

_STATUS = {"type": "integer", "minimum": 0, "maximum": 9999}
_CODE = {"type": "string", "minLength": 1, "maxLength": 20}


@dataclass(frozen=True)
class _Said:
    """An answer frame, taken apart."""

    status: int
    record: bytes


class FixedWidthConnector(Connector):
    key = "fixed-width"
    label = _("Fixed-width records over TCP")
    schemes = ("tcp",)
    settings_schema: ClassVar[Json] = {
        "type": "object",
        "properties": {
            "system": _CODE,
            "layouts": {
                "type": "object",
                "additionalProperties": {"type": "object"},
                "required": ["header", "request", "answer", "lookup"],
                "maxProperties": 50,
            },
            "transactions": {
                "type": "object",
                "properties": {"lookup": _CODE, "sign_of_life": _CODE},
                "additionalProperties": False,
            },
            "statuses": {
                "type": "object",
                "properties": {"ok": _STATUS, "unknown_receipt": _STATUS, "malformed": _STATUS},
                "additionalProperties": False,
            },
            "connections": {"type": "integer", "minimum": 1, "maximum": 200},
            "idle_seconds": {"type": "number", "minimum": 1, "maximum": 3600},
            "trusted_seconds": {"type": "number", "minimum": 0, "maximum": 3600},
            "longest_answer": {"type": "integer", "minimum": 64, "maximum": 4 * 1024 * 1024},
        },
        "required": ["system", "layouts"],
        "additionalProperties": False,
    }

    def __init__(self) -> None:
        self._pools = Pools()

    def send(self, delivery: Delivery) -> Outcome:
        request = delivery.request_map
        settings = delivery.backend.settings
        shown: Json = {"method": str(request.get("transaction", "")), "url": delivery.backend.address}
        try:
            values = mapping.compose(request.get("record", {}), delivery.context)
            shown["sent"] = json.dumps(values, ensure_ascii=False)
            body = records.encode(_layout(settings, request.get("layout", "request")), values)
            attached = mapping.compose(request.get("attach"), delivery.context) or {}
            documents = _documents(settings, attached)
            _header(settings, shown["method"], number=1, documents=len(attached))
        except (MappingError, RecordMisfit, ValueError) as error:  # they name fields, never values
            return Outcome(Outcome.UNSENDABLE, detail=str(error)[:200], exchange=shown)
        return self._exchange(delivery, shown, body + documents, documents=len(attached))

    def lookup(self, delivery: Delivery) -> Outcome:
        settings = delivery.backend.settings
        transaction = _named(settings, "transactions", TRANSACTIONS, "lookup")
        shown: Json = {"method": transaction, "url": delivery.backend.address, "sent": delivery.receipt}
        try:
            layout = _layout(settings, "lookup")
            receipt = layout.named("receipt")
            body = records.encode(layout, {receipt.name: delivery.receipt} if receipt else {})
        except ValueError as error:
            return Outcome(Outcome.AMBIGUOUS, detail=str(error)[:200], exchange=shown)
        return self._exchange(delivery, shown, body, is_lookup=True)

    def probe(self, backend: Backend) -> Probe:
        transaction = _named(backend.settings, "transactions", TRANSACTIONS, "sign_of_life")
        try:
            said = self._ask(backend, transaction, b"")
        except (Unreached, Ambiguous, ValueError) as error:
            return Probe(False, f"{type(error).__name__}: {error}"[:200])
        is_up = said.status == _named(backend.settings, "statuses", STATUSES, "ok")
        return Probe(is_up, f"status {said.status}")

    def check_request(self, request_map: Any) -> None:
        if not isinstance(request_map, dict) or request_map.keys() - REQUEST_KEYS:
            raise ValueError(f"/: give an object with {', '.join(sorted(REQUEST_KEYS))}")
        if not isinstance(request_map.get("transaction"), str) or not request_map["transaction"]:
            raise ValueError("/transaction: name the transaction")
        for key in ("layout", "answer"):
            if not isinstance(request_map.get(key, "x"), str):
                raise ValueError(f"/{key}: name a layout of the backend")
        if not isinstance(request_map.get("record"), dict):
            raise ValueError("/record: give an object of the record's fields")
        if not isinstance(request_map.get("attach", ""), str):
            raise ValueError("/attach: give an expression, such as =files")

    def check_backend(self, backend: Backend) -> None:
        parts = urlsplit(backend.address)
        if not parts.port:
            raise ValueError("/: the address needs a port, such as tcp://host:3000")
        for name, declared in backend.settings["layouts"].items():
            try:
                records.load(declared)
            except ValueError as error:
                raise ValueError(f"/layouts/{name}{error}") from error
        header = _layout(backend.settings, "header")
        missing = HEADER_FIELDS - {field.name for field in header.fields}
        if missing:
            raise ValueError(f"/layouts/header/fields: there is no {', '.join(sorted(missing))}")
        number = header.named("sequence")
        if number is None or number.name != "sequence":
            raise ValueError("/layouts/header/fields: the field `sequence` must be of type sequence")
        if _layout(backend.settings, "lookup").named("receipt") is None:
            raise ValueError("/layouts/lookup/fields: there is no field of type receipt")
        for transaction in ("lookup", "sign_of_life"):
            name = _named(backend.settings, "transactions", TRANSACTIONS, transaction)
            try:
                _header(backend.settings, name, number=1, documents=0)
            except RecordMisfit as misfit:
                raise ValueError(f"/layouts/header/fields: {misfit}") from misfit

    def check_request_to(self, backend: Backend, request_map: Any) -> None:
        self.check_request(request_map)
        layout = _layout(backend.settings, request_map.get("layout", "request"), where="/layout")
        _layout(backend.settings, request_map.get("answer", "answer"), where="/answer")
        if request_map.get("attach"):
            _layout(backend.settings, "document", where="/attach")
        try:
            _header(backend.settings, request_map["transaction"], number=1, documents=0)
        except RecordMisfit as misfit:
            raise ValueError("/transaction: it does not fit the header") from misfit
        known = {field.name: field for field in layout.fields}
        for name, template in request_map["record"].items():
            if name not in known:
                raise ValueError(f"/record/{name}: the record has no such field")
            if (known[name].type == "group") != isinstance(template, list) and not _is_expression(template):
                raise ValueError(f"/record/{name}: give a list for a group, and one value for anything else")
            if isinstance(template, list) and len(template) > known[name].occurs:
                raise ValueError(f"/record/{name}: the record has room for {known[name].occurs}")
        for name, field in known.items():
            if field.required and name not in request_map["record"]:
                raise ValueError(f"/record/{name}: the record needs it")

    def misfits(self, delivery: Delivery) -> list[Misfit]:
        try:
            layout = _layout(delivery.backend.settings, delivery.request_map.get("layout", "request"))
        except ValueError:  # it will be found unsendable
            return []
        return record_misfits.find(layout, delivery.request_map.get("record", {}), delivery.context)

    def _exchange(
        self, delivery: Delivery, shown: Json, body: bytes, *, documents: int = 0, is_lookup: bool = False
    ) -> Outcome:
        settings = delivery.backend.settings
        shown["sent_sha256"] = hashlib.sha256(body).hexdigest()  # of the record and its documents
        try:
            said = self._ask(
                delivery.backend, shown["method"], body, documents=documents, traceparent=delivery.traceparent
            )
        except Unreached as error:
            return Outcome(Outcome.UNREACHED, detail=str(error), exchange=shown)
        except Ambiguous as error:
            return Outcome(Outcome.AMBIGUOUS, detail=str(error), exchange=shown)
        except ValueError as error:
            return Outcome(Outcome.UNSENDABLE, detail=str(error)[:200], exchange=shown)
        shown["status"], detail = said.status, f"status {said.status}"
        shown["received_sha256"] = hashlib.sha256(said.record).hexdigest()
        if is_lookup and said.status == _named(settings, "statuses", STATUSES, "unknown_receipt"):
            return Outcome(Outcome.UNKNOWN_RECEIPT, detail=detail, exchange=shown)
        if said.status == _named(settings, "statuses", STATUSES, "malformed"):
            kind = Outcome.AMBIGUOUS if is_lookup else Outcome.UNSENDABLE
            return Outcome(kind, detail=f"{detail}, our frame was malformed", exchange=shown)
        return _understand(delivery, shown, said, detail)

    def _ask(
        self, backend: Backend, transaction: str, body: bytes, *, documents: int = 0, traceparent: str = ""
    ) -> _Said:
        """Raises Unreached, Ambiguous, or ValueError for settings that cannot be used."""
        settings = backend.settings
        answer = self._pool(backend).ask(
            lambda number: (
                _header(settings, transaction, number=number, documents=documents, traceparent=traceparent) + body
            ),
            until=time.monotonic() + backend.timeout_seconds,
            silence_seconds=backend.read_timeout_seconds,
        )
        layout = _layout(settings, "header")
        header = records.decode(layout, answer[: layout.length])
        return _Said(header["status"] or 0, answer[layout.length :])

    def _pool(self, backend: Backend) -> Pool:
        settings = backend.settings
        described = [backend.address, backend.connect_timeout_seconds, backend.max_concurrency, settings]
        return self._pools.of(backend.code, json.dumps(described, sort_keys=True), lambda: _line(backend))


def _line(backend: Backend) -> Line:
    settings, parts = backend.settings, urlsplit(backend.address)
    header = _layout(settings, "header")
    number = header.named("sequence")
    if number is None or not parts.hostname or not parts.port:
        raise ValueError("the backend's address or header cannot be used")
    beat = _named(settings, "transactions", TRANSACTIONS, "sign_of_life")

    def number_of(frame: bytes) -> int | None:
        try:
            said = records.decode(header, frame[: header.length])
        except RecordUnreadable:
            return None
        found: int | None = said[number.name] if said["system"] == settings["system"] else None
        return found

    return Line(
        host=parts.hostname,
        port=parts.port,
        connect_seconds=backend.connect_timeout_seconds,
        most_connections=min(settings.get("connections", MOST_CONNECTIONS), backend.max_concurrency),
        idle_seconds=settings.get("idle_seconds", IDLE_SECONDS),
        trusted_seconds=settings.get("trusted_seconds", TRUSTED_SECONDS),
        longest_frame=settings.get("longest_answer", LONGEST_ANSWER),
        last_number=10**number.length - 1,
        number_of=number_of,
        sign_of_life=lambda found: _header(settings, beat, number=found, documents=0),
    )


def _understand(delivery: Delivery, shown: Json, said: _Said, detail: str) -> Outcome:
    """What the answer's record means, by the version's rules."""
    body: Json | None = None
    if said.record:
        try:
            layout = _layout(delivery.backend.settings, delivery.request_map.get("answer", "answer"))
            body = records.decode(layout, said.record)
        except ValueError as error:  # RecordUnreadable is one; it names a field and never its contents
            return Outcome(Outcome.AMBIGUOUS, detail=f"{detail}, {error}"[:200], exchange=shown)
        shown["received"] = json.dumps(body, ensure_ascii=False)
        receipt = layout.named("receipt")
        if receipt is not None and body[receipt.name] not in {None, delivery.receipt}:
            return Outcome(Outcome.AMBIGUOUS, detail="the answer names another receipt", exchange=shown)
    reading = mapping.read(delivery.answer_map, mapping.Reply(said.status, body))
    if reading is None:
        return Outcome(Outcome.AMBIGUOUS, detail=f"{detail}, not understood", exchange=shown)
    if reading.outcome == "retry":
        return Outcome(Outcome.BUSY, detail=detail, exchange=shown)
    return Outcome(Outcome.ANSWERED, reading, detail, exchange=shown)


def _layout(settings: Mapping[str, Any], name: str, *, where: str = "") -> Layout:
    """Raises ValueError if there is none of that name, or it cannot be used."""
    declared = settings.get("layouts", {}).get(name)
    if declared is None:
        raise ValueError(f"{where or '/layouts'}: the backend has no layout {name}")
    return records.load(declared)


def _named(settings: Mapping[str, Any], group: str, standard: Mapping[str, Any], name: str) -> Any:
    return settings.get(group, {}).get(name, standard[name])


def _header(
    settings: Mapping[str, Any], transaction: str, *, number: int, documents: int, traceparent: str = ""
) -> bytes:
    """Raises RecordMisfit."""
    layout = _layout(settings, "header")
    values = {"system": settings["system"], "transaction": transaction, "sequence": number, "status": 0}
    known = {field.name for field in layout.fields}
    if documents or "documents" in known:
        values["documents"] = documents
    if "traceparent" in known:
        values["traceparent"] = traceparent
    return records.encode(layout, values)


def _documents(settings: Mapping[str, Any], attached: Mapping[str, Any]) -> bytes:
    """Each document as a record about it and its bytes. Raises RecordMisfit, or ValueError without a layout."""
    whole = b""
    for key, about in attached.items():
        layout = _layout(settings, "document")
        content = base64.b64decode(about.get("content", ""))
        digest = hashlib.sha256(content).hexdigest()
        facts = {"id": key, "type": about["type"], "size": len(content), "sha256": digest}
        whole += records.encode(layout, facts) + content
    return whole


def _is_expression(template: Any) -> bool:
    return isinstance(template, str) and template.startswith("=") and not template.startswith("==")
