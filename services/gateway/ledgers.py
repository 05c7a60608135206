"""A department's ledger, read row by row: from a CSV file, or from the address that its backend's settings name."""

import csv
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from django.utils import timezone

from services.gateway import receipts
from services.gateway.errors import LedgerUnreadable
from services.registry.models import Backend

COLUMNS = ("receipt", "at", "effect")
FILED, REFUSED, REPLAYED = EFFECTS = ("filed", "refused", "replayed")
MOST_ENTRIES = 5_000_000
LONGEST_LINE_BYTES = 65536
LONGEST_RECEIPT = 100
SILENCE_SECONDS = 60.0  # longest wait for the next part of a ledger
NDJSON = "application/x-ndjson"


@dataclass(frozen=True)
class Entry:
    """What a department did with one receipt, and when."""

    receipt: str
    at: datetime
    effect: str  # filed; refused; replayed: the same receipt came again and changed nothing


def settings_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A connector's schema of Backend.settings with what every backend may have beside it."""
    about = {"type": "string", "description": "address of the department's ledger, for the reconciliation"}
    return {**schema, "properties": {**schema.get("properties", {}), "ledger": {**about, "pattern": "^https?://"}}}


@contextmanager
def of_file(path: Path) -> Iterator[Iterator[Entry]]:
    """The rows of a CSV file in UTF-8 whose first line names the columns. Raises LedgerUnreadable, naming the line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield _bounded(_rows(file, path.name))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LedgerUnreadable(f"{path.name}: {type(error).__name__}") from error


def _rows(lines: Iterable[str], name: str) -> Iterator[Entry]:
    reader = csv.DictReader(lines)
    missing = {"receipt", "at"} - set(reader.fieldnames or [])
    if missing:
        raise LedgerUnreadable(f"{name}: no column {' and no column '.join(sorted(missing))}")
    for row in reader:
        yield _entry(row, f"{name}, line {reader.line_num}")


@contextmanager
def of_backend(backend: Backend, since: datetime, until: datetime) -> Iterator[Iterator[Entry]]:
    """What the department wrote down from `since` until before `until`, as JSON lines, asked of settings["ledger"].

    Raises LedgerUnreadable.
    """
    address = backend.settings["ledger"]
    query = urlencode({"since": since.isoformat(), "until": until.isoformat()})
    url = f"{address}{'&' if urlsplit(address).query else '?'}{query}"
    timeout = urllib3.Timeout(connect=backend.connect_timeout_seconds, read=SILENCE_SECONDS)
    with urllib3.PoolManager(retries=False) as pool:
        try:
            response = pool.request(
                "GET", url, headers={"Accept": NDJSON, **_credential(backend)}, timeout=timeout,
                preload_content=False, redirect=False,
            )  # fmt: skip
            if response.status != 200 or not response.headers.get("Content-Type", "").startswith(NDJSON):
                raise LedgerUnreadable(f"HTTP {response.status}, {response.headers.get('Content-Type', 'no type')}")
            yield _bounded(_documents(response))
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise LedgerUnreadable(type(error).__name__) from error


def _credential(backend: Backend) -> dict[str, str]:
    """The backend's secret goes to the machine that it is for, and to no other."""
    header, address = backend.settings.get("credential_header", ""), urlsplit(backend.address)
    ledger = urlsplit(backend.settings["ledger"])
    is_the_same = (ledger.scheme, ledger.netloc) == (address.scheme, address.netloc)
    return {header: os.environ.get(backend.credentials, "")} if header and backend.credentials and is_the_same else {}


def _documents(response: urllib3.BaseHTTPResponse) -> Iterator[Entry]:
    for number, line in enumerate(_lines(response), 1):
        try:
            document = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise LedgerUnreadable(f"line {number}: not JSON") from error
        if not isinstance(document, dict):
            raise LedgerUnreadable(f"line {number}: not an object")
        yield _entry(document, f"line {number}")


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    rest = b""
    for part in response.stream(65536):
        *whole, rest = (rest + part).split(b"\n")
        yield from (line for line in whole if line.strip())
        if len(rest) > LONGEST_LINE_BYTES:
            raise LedgerUnreadable(f"a line is longer than {LONGEST_LINE_BYTES} bytes")
    if rest.strip():
        yield rest


def _entry(row: dict[str, Any], where: str) -> Entry:
    receipt, effect = str(row.get("receipt") or "").strip(), str(row.get("effect") or FILED).strip().lower()
    if not 0 < len(receipt) <= LONGEST_RECEIPT or not receipt.isprintable():
        raise LedgerUnreadable(f"{where}: no receipt")
    if effect not in EFFECTS:
        raise LedgerUnreadable(f"{where}: effect must be one of {', '.join(EFFECTS)}")
    try:
        at = datetime.fromisoformat(str(row.get("at") or "").strip())
    except ValueError as error:
        raise LedgerUnreadable(f"{where}: `at` must be a time such as 2026-03-03T14:30:00+08:00") from error
    at = at if timezone.is_aware(at) else timezone.make_aware(at)  # a department's own clock is Hong Kong's
    return Entry(receipts.normalise(receipt) or receipt, at, effect)


def _bounded(entries: Iterator[Entry]) -> Iterator[Entry]:
    yield from islice(entries, MOST_ENTRIES)
    if next(entries, None) is not None:
        raise LedgerUnreadable(f"more than {MOST_ENTRIES} rows")
