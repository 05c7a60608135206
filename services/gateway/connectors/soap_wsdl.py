"""What a department's WSDL says: fetched from its own address, kept, and asked for envelopes and their meaning.

zeep works here, and only between the wires: a description is shared by all threads of a process, its lock is held
while an envelope is built or read, never while the department is thinking.
"""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import zeep
from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.helpers import serialize_object
from zeep.wsa import WsAddressingPlugin
from zeep.wsdl import Document
from zeep.wsdl.bindings.soap import Soap12Binding, SoapBinding
from zeep.xsd import ComplexType, Element

from services.gateway.connectors import http
from services.registry.models import Backend

MAX_DOCUMENTS = 60  # a WSDL with everything that it imports
MAX_BYTES = 8 * 1024 * 1024  # of them all
DOCUMENTS = zeep.Settings(strict=True, xml_huge_tree=False, forbid_dtd=True, forbid_entities=True)
DEFAULT_PORTS = {"http": 80, "https": 443}
# Whatever zeep may raise over a document or an answer that is not what it should be.
UNREADABLE = (
    ZeepError, etree.LxmlError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError,
    NotImplementedError,
)  # fmt: skip


class Unbuildable(Exception):
    """The request cannot be put into the WSDL's words. The message names elements, never values."""


@dataclass(frozen=True)
class Message:
    """An envelope before security and wire."""

    address: str
    headers: dict[str, str]
    envelope: etree._Element


class Loader:
    """What zeep loads documents through: the backend's own address, or those that were kept."""

    def __init__(self, backend: Backend, kept: Mapping[str, bytes] | None = None) -> None:
        self.documents: dict[str, bytes] = {}
        self._backend = backend
        self._kept = kept

    def load(self, url: str) -> bytes:
        """A WSDL or XSD; raises Unreached, also for one that lies elsewhere."""
        if not is_own(self._backend, url):
            raise http.Unreached(f"the WSDL imports {url[:120]}, which is not at the backend's address")
        if len(self.documents) >= MAX_DOCUMENTS:
            raise http.Unreached("the WSDL imports too many documents")
        self.documents[url] = self._fetch(url) if self._kept is None else self._kept[url]
        if sum(map(len, self.documents.values())) > MAX_BYTES:
            raise http.Unreached("the WSDL and its imports are too large")
        return self.documents[url]

    def _fetch(self, url: str) -> bytes:
        try:
            reply = http.exchange(self._backend, "GET", url)
        except http.Ambiguous as error:  # a document was asked for, so nothing can have been filed
            raise http.Unreached(f"the WSDL did not come: {error}") from error
        if reply.status != 200:
            raise http.Unreached(f"HTTP {reply.status} instead of the WSDL")
        return reply.content


class Description:
    """A WSDL that was understood, with the one port of it that the backend is spoken to through."""

    def __init__(self, backend: Backend, loader: Loader) -> None:
        """Raises Unreached if the documents do not come or cannot be understood."""
        self._lock = threading.Lock()
        try:
            document = Document(wsdl_address(backend), transport=loader, settings=DOCUMENTS)  # type: ignore[arg-type]
            self.address = self._choose(document, backend)
        except UNREADABLE as error:
            why = f": {error}" if type(error) is ValueError else ""
            raise http.Unreached(f"the WSDL cannot be read: {type(error).__name__}{why}"[:200]) from error

    def _choose(self, document: Document, backend: Backend) -> str:
        wanted = backend.settings
        service = _named("service", document.services, wanted.get("service"))
        ports = {name: port for name, port in service.ports.items() if isinstance(port.binding, SoapBinding)}
        port = _named("port", ports, wanted.get("port"))
        self._binding = port.binding
        if "endpoint" in wanted:
            return http.address(backend, wanted["endpoint"])
        address = str(port.binding_options["address"])
        if not is_own(backend, address):
            raise ValueError(f"its port leads to {address[:80]}, away from the backend: set endpoint")
        return address

    @property
    def is_soap_12(self) -> bool:
        return isinstance(self._binding, Soap12Binding)

    @property
    def operations(self) -> list[str]:
        return sorted(self._binding.all())

    def build(self, operation: str, arguments: Any) -> Message:
        """The envelope of a request; raises Unbuildable."""
        with self._lock:
            try:
                found = self._operation(operation)
                args, kwargs = _arguments(found, arguments)
                envelope, headers = found.create(*args, **kwargs).content, self._headers(found.soapaction or "")
                if found.abstract.wsa_action:
                    options = {"address": self.address}
                    envelope, headers = WsAddressingPlugin().egress(envelope, headers, found, options)
            except ValueError as error:  # a value that does not fit its type: not to be repeated
                raise Unbuildable(f"{operation}: {type(error).__name__}"[:200]) from error
            except UNREADABLE as error:
                raise Unbuildable(f"{operation}: {type(error).__name__}: {error}"[:200]) from error
        return Message(self.address, headers, envelope)

    def read(self, operation: str, envelope: etree._Element) -> Any:
        """What the answer's body says, as plain JSON; raises one of UNREADABLE."""
        with self._lock:
            return _texts(serialize_object(self._operation(operation).process_reply(envelope), dict))

    def answers_nothing(self, operation: str) -> bool:
        """The operation is one-way: an empty answer is the whole answer (WSDL 1.1 section 2.4.1)."""
        return self._operation(operation).output is None

    def check(self, operation: str, body: Any) -> None:
        """Raise ValueError, with a JSON pointer into a request map, for names that the WSDL does not have."""
        if operation not in self._binding.all():
            raise ValueError(f"/operation: the WSDL has no {operation}; it has {', '.join(self.operations)[:300]}")
        element = self._operation(operation).input.body
        if element is None:
            if body:
                raise ValueError(f"/body: {operation} takes no arguments")
        elif isinstance(element.type, ComplexType):
            _check(element.type, body, "/body")
        elif isinstance(body, dict) and set(body) != {element.name}:
            raise ValueError(f"/body: {operation} takes {element.name} alone")

    def _headers(self, action: str) -> dict[str, str]:
        """SOAP 1.1 section 6.1.1; SOAP 1.2 part 2 section 6.5.3 and RFC 3902, where the action is optional."""
        if not self.is_soap_12:
            return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}
        named = f'; action="{action}"' if action else ""
        return {"Content-Type": f"application/soap+xml; charset=utf-8{named}"}

    def _operation(self, name: str) -> Any:
        try:
            return self._binding.all()[name]
        except KeyError:
            raise Unbuildable(f"the WSDL has no operation {name}"[:200]) from None


def wsdl_address(backend: Backend) -> str:
    """Raises ValueError if it leads away from the backend."""
    return http.address(backend, backend.settings.get("wsdl", "?wsdl"))


def fingerprint(backend: Backend) -> str:
    """The same for backends whose documents, and what is chosen from them, are the same."""
    chosen = [str(backend.settings.get(name, "")) for name in ("service", "port", "endpoint")]
    return hashlib.sha256("\n".join([backend.code, wsdl_address(backend), *chosen]).encode()).hexdigest()


def is_own(backend: Backend, url: str) -> bool:
    """Whether the URL lies at the backend's own address or below it."""
    try:
        own, other = urlsplit(backend.address), urlsplit(url)
        same_place = _origin(own) == _origin(other)
    except ValueError:
        return False
    stem = own.path.rstrip("/")
    below = other.path == stem or other.path.startswith(stem + "/")
    return same_place and below and ".." not in unquote(other.path).split("/")


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    return parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme)


def _named(kind: str, those: Mapping[str, Any], name: str | None) -> Any:
    if name is None and those:
        return next(iter(those.values()))
    if name is None or name not in those:
        there = ", ".join(sorted(those))[:120] or "none for SOAP"
        raise ValueError(f"there is no {kind} {name or ''}, only {there}")
    return those[name]


def _arguments(operation: Any, given: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """As zeep wants them: by name, or as the one value of an element of simple type (document/literal bare)."""
    element = operation.input.body
    if element is None:
        if given:
            raise Unbuildable(f"{operation.name} takes no arguments")
        return (), {}
    if isinstance(element.type, ComplexType):
        if not isinstance(given, dict):
            raise Unbuildable(f"{operation.name} takes arguments by name")
        return (), given
    if isinstance(given, dict):
        if set(given) != {element.name}:
            raise Unbuildable(f"{operation.name} takes {element.name} alone")
        given = given[element.name]
    return (given,), {}


def _check(kind: ComplexType, body: Any, where: str) -> None:
    if isinstance(body, list):
        for number, item in enumerate(body):
            _check(kind, item, f"{where}/{number}")
    if not isinstance(body, dict):
        return  # an expression, or a value that only the call itself can judge
    elements = {name: element for name, element in kind.elements if isinstance(element, Element)}
    names = {*elements, *(name for name, _ in kind.attributes), "_soapheaders"}
    is_open = len(elements) < len(kind.elements)  # there is an xsd:any
    for name, value in body.items():
        pointer = f"{where}/{name.replace('~', '~0').replace('/', '~1')}"
        if name not in names and not is_open:
            raise ValueError(f"{pointer}: the WSDL has no such element here; it has {', '.join(elements)[:300]}")
        if name in elements and isinstance(elements[name].type, ComplexType):
            _check(elements[name].type, value, pointer)
    for name in _needed(kind):
        if name not in body:
            raise ValueError(f"{where}: the WSDL asks for {name} too")


def _needed(kind: ComplexType) -> Iterator[str]:
    """Of elements that stand in a plain sequence: what a choice asks for, only the call itself can tell."""
    for _, group in kind.elements_nested:
        if type(group).__name__ in {"Sequence", "All"} and not group.is_optional:
            for element in group:
                if isinstance(element, Element) and not element.is_optional and element.default is None:
                    yield element.attr_name


def _texts(value: Any) -> Any:
    """Dates, times and decimals of a typed WSDL as text, so that an answer is plain JSON."""
    if isinstance(value, dict):
        return {name: _texts(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in value]
    if isinstance(value, date | time_of_day):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, bytes | etree._Element):  # base64Binary has no place in an answer; xsd:any neither
        return None
    return str(value) if isinstance(value, Decimal | timedelta) else value
