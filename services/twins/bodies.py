"""The bodies that a REST department reads: JSON, forms and uploads, with the same fields in each."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import MultipartReader, StreamReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.multipart import BodyPartReader

MOST_FIELDS = 1000
DETAILS = "details."


class Unreadable(ValueError):
    """The request's body is not what the contract asks for; the message says why."""


@dataclass(frozen=True)
class Application:
    """An application as it was written: its receipt, if it holds one, its details, and what the ledger keeps of it."""

    receipt: str
    details: Mapping[str, object]
    written: bytes


async def read(body: bytes, media_type: str, headers: Mapping[str, str]) -> Application:
    """Raises Unreadable."""
    if media_type == "application/x-www-form-urlencoded":
        return read_form(body)
    if media_type == "multipart/form-data":
        return await read_multipart(body, headers)
    return read_json(body)


def read_json(body: bytes) -> Application:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("The body must be JSON.") from None
    if not isinstance(document, dict):
        raise Unreadable("The body must be a JSON object.")
    details = document.get("details", {})
    if not isinstance(details, dict):
        raise Unreadable("details must be a JSON object.")
    return Application(str(document.get("receiptNo", "")), details, body)


def read_form(body: bytes) -> Application:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise Unreadable("The body must be a form in UTF-8.") from None
    return from_pairs(pairs, body)


async def read_multipart(body: bytes, headers: Mapping[str, str]) -> Application:
    """RFC 7578. Of a file the ledger keeps its name, type, size and SHA-256."""
    pairs: list[tuple[str, str]] = []
    files: list[dict[str, object]] = []
    try:
        async for part in MultipartReader(headers, stream_of(body)):
            if not isinstance(part, BodyPartReader) or part.name is None or len(pairs) + len(files) >= MOST_FIELDS:
                raise Unreadable("Each part must be a named field or file.")
            content = bytes(await part.read())
            if part.filename is None:
                pairs.append((part.name, content.decode()))
            else:
                pairs.append((part.name, part.filename))
                files.append(described(part, content))
    except (ValueError, AssertionError, RuntimeError, EOFError):
        raise Unreadable("The body must be multipart/form-data.") from None
    written = json.dumps({"fields": pairs, "files": files}, ensure_ascii=False).encode()
    return from_pairs(pairs, written)


def described(part: BodyPartReader, content: bytes) -> dict[str, object]:
    return {
        "part": part.name,
        "name": part.filename,
        "type": part.headers.get("Content-Type", ""),
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def stream_of(body: bytes) -> StreamReader:
    """The body once more as a stream: the fault modes have read the request's own."""
    loop = asyncio.get_running_loop()
    stream = StreamReader(BaseProtocol(loop), limit=2**16, loop=loop)
    stream.feed_data(body)
    stream.feed_eof()
    return stream


def from_pairs(pairs: list[tuple[str, str]], written: bytes) -> Application:
    """Fields as `details.licenceNo`, or by the bare name; a name that comes twice is a list, as in JSON."""
    details: dict[str, object] = {}
    receipt = ""
    for name, value in pairs:
        if name == "receiptNo":
            receipt = value
        elif not name.startswith("applicant.") and name not in {"serviceCode", "submittedAt"}:
            add(details, name.removeprefix(DETAILS), value)
    return Application(receipt, details, written)


def add(details: dict[str, object], name: str, value: str) -> None:
    known = details.get(name)
    if known is None:
        details[name] = value
    elif isinstance(known, list):
        known.append(value)
    else:
        details[name] = [known, value]
