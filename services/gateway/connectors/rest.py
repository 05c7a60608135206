"""REST: JSON, forms and uploads over HTTP, as a version's request map says."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from django.utils.translation import gettext as _
from urllib3.fields import RequestField
from urllib3.filepost import encode_multipart_formdata

from services.gateway import mapping
from services.gateway.connectors import http, http_auth, http_wire
from services.gateway.connectors.base import Connector, Delivery, Misfit, Outcome, Probe
from services.gateway.errors import MappingError
from services.registry.models import Backend

METHODS = ("GET", "POST", "PUT", "PATCH")
PARTS = ("method", "path", "path_values", "query", "headers", "encode", "body", "files")
OWN_HEADERS = {"host", "content-length", "transfer-encoding", "connection", "authorization", "cookie", "traceparent"}
PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
MEDIA_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9.+-]+")
MAX_BODY_BYTES = 64 * 1024 * 1024


class _Unfit(ValueError):
    """A composed value that cannot travel where the map puts it; says where, never what."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")


@dataclass(frozen=True)
class _Body:
    media_type: str
    content: bytes
    shown: str  # to the officer who tries it


class RestConnector(Connector):
    key = "rest"
    label = "REST"
    settings_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {
            "health_path": {"type": "string"},
            "lookup_path": {"type": "string", "description": "with {receipt} in it"},
            "idempotency_header": http_auth.HEADER_NAME,
            **http_auth.SETTINGS,
        },
        "additionalProperties": False,
    }

    def send(self, delivery: Delivery) -> Outcome:
        try:
            request = mapping.compose(dict(delivery.request_map), delivery.context)
            method = request.get("method", "POST")
            url = _url(delivery.backend, request)
            headers = {"Accept": "application/json"}
            body = None if method == "GET" else _body(request, delivery.context.get("files", {}))
            if body is not None:
                headers["Content-Type"] = body.media_type
            _put_headers(headers, request.get("headers", {}))
        except (MappingError, ValueError) as error:
            return Outcome(Outcome.UNSENDABLE, detail=_detail(error))
        if name := delivery.backend.settings.get("idempotency_header"):
            _put_headers(headers, {name: delivery.receipt})
        return self._exchange(delivery, method, url, headers, body)

    def lookup(self, delivery: Delivery) -> Outcome:
        path = delivery.backend.settings.get("lookup_path", "")
        if not path:
            return Outcome(Outcome.AMBIGUOUS, detail="this backend has no look-up")
        try:
            url = http.address(delivery.backend, path.replace("{receipt}", quote(delivery.receipt, safe="")))
        except ValueError as error:
            return Outcome(Outcome.AMBIGUOUS, detail=f"lookup_path: {error}")
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
        if unknown := request_map.keys() - set(PARTS):
            raise ValueError(f"/{min(unknown)}: use {', '.join(PARTS)}")
        if request_map.get("method", "POST") not in METHODS:
            raise ValueError(f"/method: use one of {', '.join(METHODS)}")
        for part in ("path_values", "query", "headers", "files"):
            if not isinstance(request_map.get(part, {}), dict):
                raise ValueError(f"/{part}: give an object")
        _check_path(request_map)
        _check_headers(request_map)
        _check_encode(request_map)

    def check_backend(self, backend: Backend) -> None:
        http_auth.check(backend)
        for name in ("health_path", "lookup_path"):
            try:
                http.address(backend, backend.settings.get(name, "").replace("{receipt}", "FRY-0000-0000-0000"))
            except ValueError as error:
                raise ValueError(f"$.{name}: " + _("Give a path below the backend's address.")) from error
        lookup_path = backend.settings.get("lookup_path")
        if lookup_path and "{receipt}" not in lookup_path:
            raise ValueError("$.lookup_path: " + _("Write {receipt} where the receipt number goes."))

    def misfits(self, delivery: Delivery) -> list[Misfit]:
        """A path and a header bear less than a form does: told while the person can still change it."""
        request = delivery.request_map
        found = []
        checks: dict[str, tuple[Callable[[str, Any], Any], str]] = {
            "path_values": (
                _segment,
                _("The department needs this to find the right record. Fill it in with letters or numbers."),
            ),
            "headers": (_header_value, _("Write this on one line, in English letters, numbers and common signs.")),
        }
        for part, (fit, message) in checks.items():
            for name, template in request.get(part, {}).items():
                try:
                    value = mapping.compose(template, delivery.context)
                    if part == "path_values" or value is not None:  # a header without a value is left out
                        fit(name, value)
                except MappingError:  # send says so
                    continue
                except _Unfit:
                    if names := mapping.names_in(template):
                        found.append(Misfit(frozenset(names), message))
        return found

    @staticmethod
    def _exchange(delivery: Delivery, method: str, url: str, headers: dict[str, str], body: _Body | None) -> Outcome:
        shown: dict[str, Any] = {"method": method, "url": url, "sent": body.shown if body else ""}
        if body is not None:
            shown["sent_sha256"] = hashlib.sha256(body.content).hexdigest()
        if delivery.traceparent:
            headers["traceparent"] = delivery.traceparent
        try:
            reply = http.exchange(delivery.backend, method, url, headers=headers, body=body.content if body else None)
        except http.Unreached as error:
            return Outcome(error.kind, detail=str(error), exchange=shown)
        except http.Ambiguous as error:
            return Outcome(Outcome.AMBIGUOUS, detail=str(error), exchange=shown)
        shown |= {
            "status": reply.status,
            "received": reply.content.decode("utf-8", "replace"),
            "received_sha256": hashlib.sha256(reply.content).hexdigest(),
        }
        return _understand(delivery, reply, shown)


def _understand(delivery: Delivery, reply: http.HttpReply, shown: dict[str, Any]) -> Outcome:
    try:
        decoded = json.loads(reply.content)
    except (ValueError, RecursionError):  # HTML, nothing at all, or half an answer
        decoded = None
    reading = mapping.read(delivery.answer_map, mapping.Reply(reply.status, decoded)) if decoded is not None else None
    if reading is not None and reading.outcome != "retry":
        return Outcome(Outcome.ANSWERED, reading, f"HTTP {reply.status}", exchange=shown)
    kind = Outcome.BUSY if reading is not None else http.unfiled(reply.status)
    if kind is not None:
        return Outcome(kind, None, f"HTTP {reply.status}", reply.retry_after_seconds, exchange=shown)
    why = f"HTTP {reply.status}, " + ("no JSON" if decoded is None else "not understood")
    return Outcome(Outcome.AMBIGUOUS, detail=why, exchange=shown)


# --- Composing --------------------------------------------------------------------------------------


def _detail(error: Exception) -> str:
    """An error's text, unless Python put the value itself into it."""
    return str(error) if isinstance(error, MappingError | _Unfit) else f"{type(error).__name__} in the request map"


def _text(where: str, value: Any) -> str:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _Unfit(where, "it holds half a letter") from None
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise _Unfit(where, "one text, number or yes/no is needed")


def _segment(name: str, value: Any) -> str:
    """One segment of a path, whatever is in the value: no slash of it divides, no dots of it climb."""
    text = _text(f"/path_values/{name}", value)
    if text.strip() in {"", ".", ".."}:  # RFC 3986 section 3.3: dots mean the same when they are percent-encoded
        raise _Unfit(f"/path_values/{name}", "it is empty or only dots")
    return quote(text, safe="")


def _header_value(name: str, value: Any) -> str:
    text = _text(f"/headers/{name}", value).strip()
    if not http_wire.FIELD_VALUE.fullmatch(text):
        raise _Unfit(f"/headers/{name}", "it holds letters that no header may hold")
    return text


def _put_headers(headers: dict[str, str], given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        for same in [known for known in headers if known.lower() == name.lower()]:
            del headers[same]
        headers[name] = _header_value(name, value)


def _url(backend: Backend, request: dict[str, Any]) -> str:
    path = _text("/path", request.get("path"))
    if {".", ".."} & set(path.split("/")):
        raise _Unfit("/path", "it has . or .. in it")
    if "path_values" in request:
        values = request["path_values"]
        path = PLACE.sub(lambda place: _segment(place[1], values.get(place[1])), path)
    try:
        url = http.address(backend, path)
    except ValueError as error:  # which may hold a value
        raise _Unfit("/path", "it leads away from the backend's address") from error
    pairs = list(_pairs("/query", request.get("query", {})))
    return url + ("&" if "?" in url else "?") + urlencode(pairs) if pairs else url


def _pairs(where: str, value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Names and texts, as a query or a form has them: `address.line_1` for what is inside, a list's name repeated."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _pairs(f"{where}/{key}", inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            nested = isinstance(inner, dict | list)
            yield from _pairs(f"{where}/{number}", inner, f"{name}.{number}" if nested else name)
    elif value is not None:
        yield name, _text(where, value)


def _body(request: dict[str, Any], files: Mapping[str, Any]) -> _Body:
    made = _ENCODINGS[request.get("encode", "json")](request, files)
    if len(made.content) > MAX_BODY_BYTES:
        raise _Unfit("/body", "it is larger than 64 MiB")
    return made


def _json(request: dict[str, Any], files: Mapping[str, Any]) -> _Body:
    try:
        content = json.dumps(request.get("body", {}), ensure_ascii=False, allow_nan=False).encode()
    except ValueError:  # half a letter, or a number that JSON does not have
        raise _Unfit("/body", "it cannot be written as JSON") from None
    return _Body("application/json", content, content.decode())


def _form(request: dict[str, Any], files: Mapping[str, Any]) -> _Body:
    content = urlencode(list(_pairs("/body", request.get("body", {}))))
    return _Body("application/x-www-form-urlencoded", content.encode(), content)


def _multipart(request: dict[str, Any], files: Mapping[str, Any]) -> _Body:
    """RFC 7578; names of files are in UTF-8, as browsers write them."""
    parts = []
    shown: dict[str, Any] = {}
    for name, text in _pairs("/body", request.get("body", {})):
        part = RequestField(name, text.encode())
        part.make_multipart()
        parts.append(part)
        shown.setdefault(name, []).append(text)
    for name, wanted in request.get("files", {}).items():
        for number, key in enumerate(wanted if isinstance(wanted, list) else [wanted]):
            about, content = _file(f"/files/{name}/{number}", key, files)
            part = RequestField(name, content, filename=about["name"])
            part.make_multipart(content_type=about["type"])
            parts.append(part)
            shown.setdefault(name, []).append({**about, "sha256": hashlib.sha256(content).hexdigest()})
    content, media_type = encode_multipart_formdata(parts)
    return _Body(media_type, content, json.dumps({"multipart": shown}, ensure_ascii=False))


def _file(where: str, key: Any, files: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    kept = files.get(key) if isinstance(key, str) else None
    if kept is None:
        raise _Unfit(where, "there is no such file")
    try:
        content = base64.b64decode(kept.get("content", ""), validate=True)
    except binascii.Error:
        raise _Unfit(where, "the file cannot be read") from None
    if not content:
        raise _Unfit(where, "the file's content is not at hand")
    media_type = str(kept.get("type", ""))
    if not MEDIA_TYPE.fullmatch(media_type):
        media_type = "application/octet-stream"
    return {"name": _text(where, kept.get("name", "file")), "type": media_type, "size": len(content)}, content


_ENCODINGS: dict[str, Callable[[dict[str, Any], Mapping[str, Any]], _Body]] = {
    "json": _json,
    "form": _form,
    "multipart": _multipart,
}

# --- Checking ---------------------------------------------------------------------------------------


def _check_path(request_map: dict[str, Any]) -> None:
    path = request_map.get("path")
    if not isinstance(path, str) or not path:
        raise ValueError("/path: say where below the backend's address the request goes")
    is_expression = path.startswith("=") and not path.startswith("==")
    try:
        if is_expression and mapping.names_in(path):
            raise ValueError("/path: what people fill in goes into path_values, and {name} into the path")
    except MappingError as error:
        raise ValueError(f"/path: {error}") from error
    places, values = set(PLACE.findall(path)), request_map.get("path_values", {})
    if not is_expression and (without := places - values.keys()):
        raise ValueError(f"/path: give {{{min(without)}}} a value in path_values")
    for name in sorted(values.keys() - places):
        raise ValueError(f"/path_values/{name}: the path has no {{{name}}}")
    if not is_expression and {".", ".."} & set(path.split("?")[0].split("/")):
        raise ValueError("/path: write it without . and ..")


def _check_headers(request_map: dict[str, Any]) -> None:
    for name, value in request_map.get("headers", {}).items():
        where = f"/headers/{name}"
        if not http_wire.TOKEN.fullmatch(name):
            raise ValueError(f"{where}: no header can be called so")
        if name.lower() in OWN_HEADERS:
            raise ValueError(
                f"{where}: this header is not for a mapping; credentials belong into the backend's settings"
            )
        if name.lower() == "content-type" and request_map.get("encode", "json") != "json":
            raise ValueError(f"{where}: encode says it already")
        if not isinstance(value, str | bool | int | float):
            raise ValueError(f"{where}: give one text or one expression")
        if not (isinstance(value, str) and value.startswith("=")):
            _header_value(name, value)


def _check_encode(request_map: dict[str, Any]) -> None:
    encode = request_map.get("encode", "json")
    if encode not in _ENCODINGS:
        raise ValueError(f"/encode: use one of {', '.join(_ENCODINGS)}")
    if request_map.get("method", "POST") == "GET" and "encode" in request_map:
        raise ValueError("/encode: a GET has no body")
    if encode != "json" and not isinstance(request_map.get("body", {}), dict):
        raise ValueError("/body: give an object, each of its names a field")
    if "files" in request_map and encode != "multipart":
        raise ValueError('/files: they need "encode": "multipart"')
    for name, wanted in request_map.get("files", {}).items():
        if not isinstance(wanted, str) or not wanted.startswith("="):
            raise ValueError(
                f'/files/{name}: give an expression for a file or a list of files, such as "=form.licence"'
            )
