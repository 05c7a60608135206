"""A person's calls, a page at a time: people come to look again and again, so the query is written by hand.

The ORM takes longer to write this query and its count than the database takes to answer both.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from identity.mandates.models import Mandate
from services.gateway.reach import Reach
from services.languages import CODES, column

_NAMES = [column("name", code) for code in CODES]
_COLUMNS = ", ".join(f"{table}.{name}" for table in ("version", "department") for name in _NAMES)
_QUERY = f"""
    SELECT count(*) OVER (), call.receipt, call.status, call.accepted_at, call.mandate_id, {_COLUMNS}
    FROM gateway_servicecall call
    JOIN registry_functionversion version ON version.id = call.version_id
    JOIN registry_servicefunction function ON function.id = call.function_id
    JOIN registry_department department ON department.id = function.department_id
    WHERE call.caller = ANY(%s){{others}}
    ORDER BY call.accepted_at DESC, call.id LIMIT %s OFFSET %s"""  # noqa: S608 (names of our own)


@dataclass(frozen=True, slots=True)
class Line:
    """What a list says of a call. Names are in the order of languages.CODES."""

    receipt: str
    status: str
    accepted_at: datetime
    names: tuple[str, ...]
    department: tuple[str, ...]
    mandate: Mandate | None = None  # under which somebody else made it


def page(reach: Reach, *, offset: int, limit: int) -> tuple[int, list[Line]]:
    """How many calls there are in all (0 too if the offset lies behind the last one), and those of the page.

    One query; one more where somebody made a call for somebody else.
    """
    others, values = _others(reach)
    with connection.cursor() as cursor:
        cursor.execute(_QUERY.format(others=others), [list(reach.callers), *values, limit, offset])
        rows = cursor.fetchall()
    mandates = Mandate.objects.in_bulk({row[4] for row in rows if row[4]}) if any(row[4] for row in rows) else {}
    first = 5 + len(CODES)
    lines = [Line(row[1], row[2], row[3], row[5:first], row[first:], mandates.get(row[4])) for row in rows]
    return (rows[0][0] if rows else 0), lines


def _others(reach: Reach) -> tuple[str, list[Any]]:
    """What else is in reach: calls made for the person or company, and those an agent may read."""
    if not reach.person and not reach.organisation:
        return "", []
    column = "for_organisation_id" if reach.organisation else "for_person_id"
    found = f"call.{column} = %s"
    values: list[Any] = [reach.organisation or reach.person]
    if reach.own:
        found, values = f"({found} OR call.caller = %s)", [*values, reach.own]
    if reach.is_limited:
        found = f"({found} AND (function.code = ANY(%s) OR version.category = ANY(%s)))"
        values += [list(reach.functions), list(reach.categories)]
    return f" OR {found}", values
