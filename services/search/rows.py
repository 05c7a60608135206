"""Functions with all that a list shows of them, made from rows of one hand-written query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model

from services.registry.models import Backend, Department, FunctionVersion, ServiceFunction

# Large and not shown in a list; read from the database when asked for.
LEFT_OUT = {"form", "request_map", "answer_map"}
PARTS: tuple[tuple[str, type[Model]], ...] = (
    ("function", ServiceFunction),
    ("department", Department),
    ("version", FunctionVersion),
    ("backend", Backend),
)
JOINS = """
    JOIN registry_servicefunction function ON function.id = page.function_id
    JOIN registry_department department ON department.id = function.department_id
    JOIN registry_functionversion version ON version.id = function.published_id
    JOIN registry_backend backend ON backend.id = version.backend_id"""


@cache
def _fields() -> dict[str, list[Field[Any, Any]]]:
    return {
        alias: [field for field in model._meta.concrete_fields if field.name not in LEFT_OUT] for alias, model in PARTS
    }


@cache
def columns() -> str:
    """Of all parts, for a SELECT with JOINS."""
    return ", ".join(f'{alias}."{field.column}"' for alias, fields in _fields().items() for field in fields)


def function(values: Sequence[Any]) -> ServiceFunction:
    """From the values of `columns()`: the function with its department, published version and backend."""
    made = dict(_instances(values))
    found, version = made["function"], made["version"]
    assert isinstance(found, ServiceFunction) and isinstance(version, FunctionVersion)
    found.department, found.published, version.backend = made["department"], version, made["backend"]
    return found


def _instances(values: Sequence[Any]) -> Iterator[tuple[str, Model]]:
    start = 0
    for alias, model in PARTS:
        fields = _fields()[alias]
        part = list(values[start : start + len(fields)])
        start += len(fields)
        for number, field in enumerate(fields):
            for convert in field.get_db_converters(connection):
                part[number] = convert(part[number], None, connection)
        yield alias, model.from_db(connection.alias, [field.attname for field in fields], part)
