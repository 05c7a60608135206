"""The book of what reached the departments: their own, so it is no part of the portal's database.

SQLite in WAL mode. Every entry is its own transaction and is committed before the caller goes on, so it
outlives a kill -9 of the process; `synchronous=NORMAL` gives up only what a power cut would take, and saves
the fsync on each answer. That leaves a write of some tens of microseconds, less than handing it to a thread
would cost, so writes happen on the event loop itself: nothing comes between reading the book and writing it.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from services.twins.answers import HONG_KONG, Answer

SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    id INTEGER PRIMARY KEY,
    backend TEXT NOT NULL,
    receipt TEXT NOT NULL,
    operation TEXT NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('filed', 'replayed', 'refused')),
    at TEXT NOT NULL,
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    body TEXT NOT NULL,
    answer TEXT NOT NULL,
    traceparent TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS entry_by_receipt ON entry (backend, receipt, id);
CREATE INDEX IF NOT EXISTS entry_by_backend ON entry (backend, id);
"""
ADD_TRACEPARENT = "ALTER TABLE entry ADD COLUMN traceparent TEXT NOT NULL DEFAULT ''"  # to a book begun before
ENTRY_COLUMNS = ("receipt", "operation", "effect", "at", "sha256", "body", "traceparent")
NEWEST = """
SELECT receipt, operation, effect, at, sha256, body, traceparent FROM entry
WHERE backend = ? ORDER BY id DESC LIMIT ?
"""
NEWEST_OF_RECEIPT = """
SELECT receipt, operation, effect, at, sha256, body, traceparent FROM entry
WHERE backend = ? AND receipt = ? ORDER BY id DESC LIMIT ?
"""
SPAN = """
SELECT id, receipt, effect, at FROM entry
WHERE backend = ? AND id > ? AND at >= ? AND at < ? ORDER BY id LIMIT ?
"""
PAGE = 1000  # entries read at once


class Effect(StrEnum):
    FILED = "filed"
    REPLAYED = "replayed"
    REFUSED = "refused"


class Ledger:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._book = sqlite3.connect(path, isolation_level=None)  # autocommit: one entry, one transaction
        self._book.execute("PRAGMA journal_mode=WAL")
        self._book.execute("PRAGMA synchronous=NORMAL")
        self._book.execute("PRAGMA busy_timeout=2000")
        self._book.executescript(SCHEMA)
        if "traceparent" not in {row[1] for row in self._book.execute("PRAGMA table_info(entry)")}:
            self._book.execute(ADD_TRACEPARENT)

    def enter(
        self,
        *,
        backend: str,
        receipt: str,
        operation: str,
        effect: Effect,
        at: datetime,
        body: bytes,
        answer: Answer,
        shown: str | None = None,
        traceparent: str = "",
    ) -> None:
        """Write down what arrived, byte for byte where it is UTF-8. It is committed when this returns.

        The digest is of the bytes, also where the body is `shown` in other words.
        """
        self._book.execute(
            "INSERT INTO entry (backend, receipt, operation, effect, at, sha256, body, answer, traceparent)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                backend,
                receipt,
                operation,
                effect.value,
                _text(at),
                hashlib.sha256(body).hexdigest(),
                body.decode(errors="replace") if shown is None else shown,
                json.dumps(answer),
                traceparent,
            ),
        )

    @contextmanager
    def together(self) -> Iterator[None]:
        """Enter all of a file, or nothing of it."""
        self._book.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._book.execute("ROLLBACK")
            raise
        self._book.execute("COMMIT")

    def first_answer(self, backend: str, receipt: str) -> Answer | None:
        """What was first answered to a receipt; a filing counts before a refusal that preceded it."""
        row = self._book.execute(
            "SELECT answer FROM entry WHERE backend = ? AND receipt = ? AND effect <> 'replayed'"
            " ORDER BY effect = 'filed' DESC, id LIMIT 1",
            (backend, receipt),
        ).fetchone()
        if row is None:
            return None
        answer: Answer = json.loads(row[0])
        return answer

    def entries(self, backend: str, *, receipt: str | None, limit: int) -> list[dict[str, str]]:
        """The newest `limit` entries, oldest first."""
        if receipt is None:
            rows = self._book.execute(NEWEST, (backend, limit)).fetchall()
        else:
            rows = self._book.execute(NEWEST_OF_RECEIPT, (backend, receipt, limit)).fetchall()
        return [dict(zip(ENTRY_COLUMNS, row, strict=True)) for row in reversed(rows)]

    def span(self, backend: str, since: datetime, until: datetime) -> Iterator[list[dict[str, str]]]:
        """The receipts of a time in the order in which they came, page by page."""
        first, bounds = 0, [_text(since), _text(until)]
        while rows := self._book.execute(SPAN, (backend, first, *bounds, PAGE)).fetchall():
            yield [{"receipt": receipt, "effect": effect, "at": at} for _, receipt, effect, at in rows]
            first = rows[-1][0]

    def empty(self, backend: str, *, receipt: str | None) -> int:
        """Take entries out of the book; returns how many."""
        if receipt is None:
            return self._book.execute("DELETE FROM entry WHERE backend = ?", (backend,)).rowcount
        sql = "DELETE FROM entry WHERE backend = ? AND receipt = ?"
        return self._book.execute(sql, (backend, receipt)).rowcount

    def close(self) -> None:
        self._book.close()


def _text(at: datetime) -> str:
    """Of Hong Kong, so that the texts are in the order of the moments."""
    return at.astimezone(HONG_KONG).isoformat(timespec="milliseconds")
