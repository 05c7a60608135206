"""The few queries that every request or delivery makes, written by hand and prepared once a connection.

Writing such a query costs the ORM, and planning it costs PostgreSQL, more than carrying it out: see
docs/decisions/0009. A pooler in front of PostgreSQL has to know prepared statements (PgBouncer 1.21 and later does).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections, models


def first_row(statement: str, values: Sequence[Any] | Mapping[str, Any]) -> Any:
    """The first row that a statement gives, or None; it has to be one that gives rows. Raises django.db.Error."""
    with _run(statement, values) as cursor:
        return cursor.fetchone()


def execute(statement: str, values: Sequence[Any]) -> int:
    """Carry out a statement; how many rows it changed. Raises django.db.Error."""
    with _run(statement, values) as cursor:
        changed: int = cursor.rowcount
        return changed


def rows(statement: str, values: Sequence[Any]) -> list[Any]:
    """Every row that a statement gives. Raises django.db.Error."""
    with _run(statement, values) as cursor:
        found: list[Any] = cursor.fetchall()
        return found


def clock() -> datetime:
    """The database's time: the one clock that all processes on all machines share."""
    moment: datetime = first_row("SELECT clock_timestamp()", [])[0]
    return moment


def insert(row: models.Model) -> None:
    """Write a new row with the columns as they stand, and note its key. Raises django.db.Error, IntegrityError too."""
    statement, values = insertion(row)
    (row.pk,) = first_row(statement, values)
    stands(row)


def insertion(row: models.Model) -> tuple[str, list[Any]]:
    """The statement that writes a new row and gives its key, with its values."""
    kind = type(row)
    if kind not in _inserts:
        fields = [field for field in kind._meta.concrete_fields if not isinstance(field, models.AutoField)]
        names = ", ".join(f'"{field.column}"' for field in fields)
        places = ", ".join(["%s"] * len(fields))
        _inserts[kind] = (
            fields,
            f'INSERT INTO "{kind._meta.db_table}" ({names}) VALUES ({places}) '  # noqa: S608 (names of our own)
            f'RETURNING "{kind._meta.pk.column}"',
        )
    fields, statement = _inserts[kind]
    return statement, [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]


def stands(row: models.Model) -> None:
    """Note that the row is in the database."""
    row._state.adding, row._state.db = False, connection.alias


_inserts: dict[type[models.Model], tuple[list[Any], str]] = {}


class _Prepared(psycopg.Cursor[Any]):
    """A cursor that prepares whatever it executes."""

    def execute(self, query: Any, params: Any = None, **_: Any) -> Any:
        return super().execute(query, params, prepare=True)


def _run(statement: str, values: Sequence[Any] | Mapping[str, Any]) -> Any:
    """A Django cursor that has executed it, so that query logs and counts know of it."""
    wrapper = connections[DEFAULT_DB_ALIAS]  # once: each use of `django.db.connection` looks it up anew
    wrapper.ensure_connection()
    plain = _Prepared(wrapper.connection)
    make = wrapper.make_debug_cursor if wrapper.queries_logged else wrapper.make_cursor
    cursor = make(plain)  # type: ignore[arg-type]
    cursor.execute(statement, values)
    return cursor
