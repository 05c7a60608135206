"""A person's calls, a page at a time: people come to look again and again, so the query is written by hand.

The ORM takes longer to write this query and its count than the database takes to answer both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from services.languages import CODES, column

_NAMES = [column("name", code) for code in CODES]
_COLUMNS = ", ".join(f"{table}.{name}" for table in ("version", "department") for name in _NAMES)
_QUERY = f"""
    SELECT count(*) OVER (), call.receipt, call.status, call.accepted_at, {_COLUMNS}
    FROM gateway_servicecall call
    JOIN registry_functionversion version ON version.id = call.version_id
    JOIN registry_servicefunction function ON function.id = call.function_id
    JOIN registry_department department ON department.id = function.department_id
    WHERE call.caller = ANY(%s)
    ORDER BY call.accepted_at DESC, call.id LIMIT %s OFFSET %s"""  # noqa: S608 (names of our own)


@dataclass(frozen=True, slots=True)
class Line:
    """What a list says of a call. Names are in the order of languages.CODES."""

    receipt: str
    status: str
    accepted_at: datetime
    names: tuple[str, ...]
    department: tuple[str, ...]


def page(callers: Sequence[str], *, offset: int, limit: int) -> tuple[int, list[Line]]:
    """How many calls there are in all (0 too if the offset lies behind the last one), and those of the page."""
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, [list(callers), limit, offset])
        rows = cursor.fetchall()
    first = 4 + len(CODES)
    return (rows[0][0] if rows else 0), [Line(row[1], row[2], row[3], row[4:first], row[first:]) for row in rows]
