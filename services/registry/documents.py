"""JSON documents that people read and edit, kept as they were written."""

import json
from functools import partial
from typing import Any

from django.db import models
from psycopg.types.json import Json

_dumps = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))


class DocumentField(models.JSONField):
    """JSON in PostgreSQL's `json` type, because `jsonb` forgets the order of keys: in a form, that of its questions.

    The price: a query cannot compare such columns, so no DISTINCT over rows that hold one.
    """

    def db_type(self, connection: Any) -> str:
        return "json"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return value if hasattr(value, "as_sql") else Json(value, dumps=_dumps)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """psycopg has decoded a `json` column already."""
        return super().from_db_value(value, expression, connection) if isinstance(value, str) else value
