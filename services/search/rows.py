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
# LIMIT 1 holds the planner to one look-up by key a row. By statistics from before a large load, it may else think a
# table empty and go through all of it for every row of another.
JOINS = """
    CROSS JOIN LATERAL (SELECT * FROM registry_servicefunction WHERE id = page.function_id LIMIT 1) function
    CROSS JOIN LATERAL (SELECT * FROM registry_department WHERE id = function.department_id LIMIT 1) department
    CROSS JOIN LATERAL (SELECT * FROM registry_functionversion WHERE id = function.published_id LIMIT 1) version
    CROSS JOIN LATERAL (SELECT * FROM registry_backend WHERE id = version.backend_id LIMIT 1) backend"""


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
    found, department, version, backend = _instances(values)
    version.backend = backend
    found.department, found.published = department, version
    assert isinstance(found, ServiceFunction)
    return found


def _instances(values: Sequence[Any]) -> Iterator[Any]:
    for model, names, start, end, converters in _plan():
        part = list(values[start:end])
        for place, convert in converters:
            part[place] = convert(part[place], None, connection)
        yield model.from_db(connection.alias, names, part)


@cache
def _plan() -> list[tuple[type[Model], list[str], int, int, list[tuple[int, Any]]]]:
    """For each part: its place in a row, and which of its values must be converted."""
    plan, start = [], 0
    for alias, model in PARTS:
        fields = _fields()[alias]
        converters = [
            (place, convert)
            for place, field in enumerate(fields)
            for convert in [
                *connection.ops.get_db_converters(field.get_col(alias, field)),
                *field.get_db_converters(connection),
            ]
        ]
        end = start + len(fields)
        plan.append((model, [field.attname for field in fields], start, end, converters))
        start = end
    return plan
