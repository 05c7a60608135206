"""Whether a function can be done now, asked by its page at every visit: so the query is written by hand.

The ORM takes about ten times as long to write this query as the database takes to answer it.
"""

import json
from datetime import datetime
from typing import Any

from django.db import connection

from services.gateway.models import Lane
from services.registry.models import Backend, FilingPeriod, FunctionVersion, Maintenance, ServiceFunction

FUNCTION = [
    "id", "code", "state", "suspended_until",
    "suspended_reason_en", "suspended_reason_zh_hant", "suspended_reason_zh_hans",
]  # fmt: skip
VERSION = ["id", "assurance"]
BACKEND = ["id", "connector", "service_window"]
fromisoformat = datetime.fromisoformat
LANE = ["backend_id", "open_until"]
REASONS = ["reason_en", "reason_zh_hant", "reason_zh_hans"]
SHOWN = (("function", FUNCTION), ("version", VERSION), ("backend", BACKEND), ("lane", LANE))
CLOSURES = """(
        SELECT json_agg(json_build_array(starts_at, ends_at, reason_en, reason_zh_hant, reason_zh_hans))
        FROM registry_maintenance
        WHERE backend_id = backend.id AND ends_at > now()
    )"""
PERIODS = """(
        SELECT json_agg(json_build_array(opens_at, closes_at, rule, extend_days)) FROM registry_filingperiod
        WHERE function_id = function.id
    )"""
COLUMNS = ", ".join(f"{table}.{column}" for table, columns in SHOWN for column in columns)
QUERY = f"""
    SELECT {COLUMNS}, {CLOSURES}, {PERIODS}
    FROM registry_servicefunction function
    JOIN registry_functionversion version ON version.id = function.published_id
    JOIN registry_backend backend ON backend.id = version.backend_id
    LEFT JOIN gateway_lane lane ON lane.backend_id = backend.id
    WHERE function.code = %s AND function.state IN ('published', 'suspended')"""  # noqa: S608 (names of our own)


def find(code: str) -> ServiceFunction | None:
    """A function that citizens may see, with no more than `story.availability` asks for. One query.

    What is missing is asked by `availability` itself, of those few functions that have a filing period.
    """
    with connection.cursor() as cursor:
        cursor.execute(QUERY, [code])
        values = cursor.fetchone()
    return _function(list(values)) if values else None


def _function(values: list[Any]) -> ServiceFunction:
    def take(columns: list[str]) -> list[Any]:
        taken, values[:] = values[: len(columns)], values[len(columns) :]
        return taken

    function = ServiceFunction.from_db(connection.alias, FUNCTION, take(FUNCTION))
    version = FunctionVersion.from_db(connection.alias, VERSION, take(VERSION))
    identity, connector, window = take(BACKEND)
    backend = Backend.from_db(connection.alias, BACKEND, [identity, connector, window and json.loads(window)])
    lane, (closures, periods) = take(LANE), (found or [] for found in values)
    coming = [
        Maintenance(starts_at=fromisoformat(start), ends_at=fromisoformat(end), **dict(zip(REASONS, why, strict=True)))
        for start, end, *why in closures
    ]
    vars(backend)["_prefetched_objects_cache"] = {"maintenances": coming}
    backend._state.fields_cache["lane"] = Lane.from_db(connection.alias, LANE, lane) if lane[0] else None
    version.backend, function.published = backend, version
    vars(function)["_prefetched_objects_cache"] = {"filing_periods": [_period(*found) for found in periods]}
    return function


def _period(opens: str, closes: str, rule: str, extend_days: int) -> FilingPeriod:
    opens_at, closes_at = fromisoformat(opens), fromisoformat(closes)
    return FilingPeriod(opens_at=opens_at, closes_at=closes_at, rule=rule, extend_days=extend_days)
