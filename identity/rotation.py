"""Bringing everything that stands encrypted under the newest key, while people work.

Rows that somebody else holds are passed over and looked at again, so that rotation waits for nobody and cannot be in
a deadlock. A value is replaced only as long as it is the one that was read. Each batch is a transaction of its own, and
what is under the newest key already is left alone: broken off anywhere, the next run goes on.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db import connection, transaction
from psycopg import sql

from identity.encryption import EncryptedBinaryField, is_current, rotate

BATCH = 200  # rows
BATCH_BYTES = 16 * 1024 * 1024
ROUNDS = 20  # so often rows are looked at again that somebody held


@dataclass(frozen=True)
class Count:
    """What was found in one place, for the one who waits."""

    place: str
    seen: int = 0
    stale: int = 0  # still under an older key, after the run if it writes
    renewed: int = 0
    unreadable: int = 0  # no key fits

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.place,
            self.seen + other.seen,
            self.stale + other.stale,
            self.renewed + other.renewed,
            self.unreadable + other.unreadable,
        )


Holder = Callable[[bool], Count]  # looks at all of its secrets; renews them if it is given True
_holders: list[Holder] = []


def register(holder: Holder) -> None:
    """Add a place where secrets stand otherwise than in an EncryptedBinaryField. Called in AppConfig.ready."""
    _holders.append(holder)


def run(*, write: bool) -> Iterator[Count]:
    """Look at every place, one after another; raises nothing for a value that no key fits, but counts it."""
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, EncryptedBinaryField):
                primary = model._meta.pk
                assert primary is not None
                assert primary.column is not None
                assert field.column is not None
                column = _Column(
                    f"{model._meta.label}.{field.name}", model._meta.db_table, primary.column, field.column
                )
                yield column.renewed() if write else column.looked_at()
    for holder in _holders:
        yield holder(write)


@dataclass(frozen=True)
class _Column:
    """Straight on the column, so that neither rules for rows nor their models stand in the way."""

    label: str
    table: str
    primary: str
    column: str

    def looked_at(self) -> Count:
        found = Count(self.label)
        for keys in self._batches():
            for _key, token in self._read(keys):
                found += _judged(self.label, token)
        return found

    def renewed(self) -> Count:
        """Everything under the newest key, but for what stays locked or unreadable."""
        found, held = Count(self.label), []
        for keys in self._batches():
            for key, token in self._read(keys):
                one = _judged(self.label, token)
                found += Count(self.label, seen=one.seen, unreadable=one.unreadable)
                held += [key] if one.stale else []
            done = self._renew(held)
            found += Count(self.label, renewed=len(done))
            held = [key for key in held if key not in done]
        for _round in range(ROUNDS):
            if not held:
                break
            done = self._renew(held)
            found += Count(self.label, renewed=len(done))
            held = [key for key in held if key not in done]
        return found + Count(self.label, stale=len(held))

    def _batches(self) -> Iterator[list[Any]]:
        """Keys of rows, in order: few enough for one batch, by number and by size."""
        last: Any = None
        while rows := self._sizes(last):
            batch: list[Any] = []
            size = 0
            for key, length in rows:
                if batch and size + length > BATCH_BYTES:
                    yield batch
                    batch, size = [], 0
                batch.append(key)
                size += length
            yield batch
            last = rows[-1][0]

    def _sizes(self, last: Any) -> list[tuple[Any, int]]:
        beyond = sql.SQL("") if last is None else sql.SQL("AND {primary} > %s").format(**self._names)
        query = sql.SQL(
            "SELECT {primary}, octet_length({column}) FROM {table} WHERE {column} IS NOT NULL {beyond}"
            " ORDER BY {primary} LIMIT %s"
        ).format(beyond=beyond, **self._names)
        return self._rows(query, [BATCH] if last is None else [last, BATCH])

    def _read(self, keys: Sequence[Any]) -> list[tuple[Any, bytes]]:
        query = sql.SQL("SELECT {primary}, {column} FROM {table} WHERE {primary} = ANY(%s) AND {column} IS NOT NULL")
        return [(key, bytes(token)) for key, token in self._rows(query.format(**self._names), [list(keys)])]

    @transaction.atomic
    def _renew(self, keys: Sequence[Any]) -> set[Any]:
        """Those that are under the newest key now. Rows that are held, or gone, are not among them or done."""
        if not keys:
            return set()
        query = sql.SQL(
            "SELECT {primary}, {column} FROM {table} WHERE {primary} = ANY(%s) ORDER BY {primary}"
            " FOR NO KEY UPDATE SKIP LOCKED"
        )
        rows = self._rows(query.format(**self._names), [list(keys)])
        stale = [(rotate(bytes(token)), key) for key, token in rows if token and not is_current(bytes(token))]
        change = sql.SQL("UPDATE {table} SET {column} = %s WHERE {primary} = %s").format(**self._names)
        with connection.cursor() as cursor:
            cursor.executemany(change, stale)
        gone = set(keys) - {key for (key,) in self._rows(self._existing, [list(keys)])}
        return {key for key, _token in rows} | gone

    @property
    def _existing(self) -> sql.Composed:
        return sql.SQL("SELECT {primary} FROM {table} WHERE {primary} = ANY(%s)").format(**self._names)

    @property
    def _names(self) -> dict[str, sql.Composable]:
        return {
            "table": sql.Identifier(self.table),
            "primary": sql.Identifier(self.primary),
            "column": sql.Identifier(self.column),
        }

    def _rows(self, query: sql.Composed, values: list[Any]) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(query, values)
            found: list[Any] = cursor.fetchall()
            return found


def _judged(place: str, token: bytes) -> Count:
    if is_current(token):
        return Count(place, seen=1)
    try:
        rotate(token)
    except InvalidToken:
        return Count(place, seen=1, unreadable=1)
    return Count(place, seen=1, stale=1)
