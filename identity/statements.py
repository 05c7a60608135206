"""The few queries that every request or delivery makes, written by hand and prepared once a connection.

Writing such a query costs the ORM, and planning it costs PostgreSQL, more than carrying it out: see
docs/decisions/0009. A pooler in front of PostgreSQL has to know prepared statements (PgBouncer 1.21 and later does).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.expressions import Col

_Row = TypeVar("_Row", bound=models.Model)
_Part = tuple[str, type[models.Model], list[str], list[tuple[int, Callable[[Any], Any]]]]
_Reading = tuple[str, list[_Part]]


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


def find(
    kind: type[_Row], where: str, values: Sequence[Any] | Mapping[str, Any], *, along: Sequence[str] = ()
) -> _Row | None:
    """The first row of a model for which `where` holds, which calls its table `it`; None if there is none.

    `along` names the foreign keys whose rows come with it, `family.client` after `family`; they must not be null.
    Raises django.db.Error.
    """
    key = (kind, where, tuple(along))
    if key not in _readings:
        _readings[key] = _reading(kind, where, along)
    statement, parts = _readings[key]
    row = first_row(statement, values)
    if row is None:
        return None
    made: dict[str, models.Model] = {}
    start = 0
    for path, model, names, converters in parts:
        cells = list(row[start : start + len(names)])
        start += len(names)
        for number, convert in converters:
            cells[number] = convert(cells[number])
        made[path] = model.from_db(connection.alias, names, cells)
        if path:
            owner, _, name = path.rpartition(".")
            setattr(made[owner], name, made[path])
    return made[""]  # type: ignore[return-value]


def _reading(kind: type[models.Model], where: str, along: Sequence[str]) -> _Reading:
    """The statement, and how its columns become rows of models."""
    parts: list[_Part] = [("", kind, *_columns(kind))]
    joins, aliases = [], {"": "it"}
    for number, path in enumerate(along):
        owner, _, name = path.rpartition(".")
        key = next(model for found, model, *_ in parts if found == owner)._meta.get_field(name)
        target = key.related_model
        assert isinstance(key, models.ForeignKey)
        assert isinstance(target, type)
        aliases[path] = f"j{number}"
        joins.append(
            f'JOIN "{target._meta.db_table}" j{number} ON j{number}."{target._meta.pk.column}" = '
            f'{aliases[owner]}."{key.column}"'
        )
        parts.append((path, target, *_columns(target)))
    columns = [
        f'{aliases[path]}."{field.column}"' for path, model, *_ in parts for field in model._meta.concrete_fields
    ]
    statement = f'SELECT {", ".join(columns)} FROM "{kind._meta.db_table}" it {" ".join(joins)} WHERE {where} LIMIT 1'  # noqa: S608 (names of our own)
    return statement, parts


def _columns(kind: type[models.Model]) -> tuple[list[str], list[tuple[int, Callable[[Any], Any]]]]:
    """The names of a model's values, and what makes a value of a column, where it is not one already."""
    fields = kind._meta.concrete_fields
    converters: list[tuple[int, Callable[[Any], Any]]] = [
        (number, partial(_converted, field, convert))
        for number, field in enumerate(fields)
        for convert in [
            *connection.ops.get_db_converters(Col("it", field)),
            *field.get_db_converters(connection),
        ]
    ]
    return [field.attname for field in fields], converters


def _converted(field: Any, convert: Callable[..., Any], value: Any) -> Any:
    return convert(value, Col("it", field), connection)


_inserts: dict[type[models.Model], tuple[list[Any], str]] = {}
_readings: dict[tuple[type[models.Model], str, tuple[str, ...]], _Reading] = {}


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
