"""`manage.py rotate_data_keys`: bring every encrypted value under the newest key, so that old keys can go."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction
from psycopg import sql

from identity.encryption import EncryptedBinaryField, rotate

BATCH = 500  # rows in one transaction


class Command(BaseCommand):
    help = "Re-encrypt all personal data under the first of FERRY_DATA_KEYS. Can be run again and while people work."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--wet-run", action="store_true", help="write; without it the values are only counted")

    def handle(self, *args: Any, wet_run: bool, **options: Any) -> None:
        for model in apps.get_models():
            for field in model._meta.local_fields:
                if isinstance(field, EncryptedBinaryField):
                    primary = model._meta.pk
                    assert primary is not None
                    assert field.column is not None
                    assert primary.column is not None
                    count = _rotate(model._meta.db_table, primary.column, field.column, write=wet_run)
                    self.stdout.write(f"{model._meta.label}.{field.name}: {count} values")
        self.stdout.write("Done." if wet_run else "Nothing was written. Add --wet-run to do it.")


def _rotate(table: str, primary: str, column: str, *, write: bool) -> int:
    """Straight on the column, so that neither rules for rows nor their models stand in the way."""
    names = {"table": sql.Identifier(table), "pk": sql.Identifier(primary), "column": sql.Identifier(column)}
    read = sql.SQL("SELECT {pk}, {column} FROM {table} WHERE {column} IS NOT NULL AND {pk} > %s ORDER BY {pk} LIMIT %s")
    first = sql.SQL("SELECT {pk}, {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY {pk} LIMIT %s")
    change = sql.SQL("UPDATE {table} SET {column} = %s WHERE {pk} = %s AND {column} = %s")
    count, last = 0, None
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            query = (first if last is None else read).format(**names)
            cursor.execute(query, [BATCH] if last is None else [last, BATCH])
            rows = cursor.fetchall()
            if write:  # a value that changed meanwhile is under the newest key already
                fresh = [(rotate(bytes(token)), key, token) for key, token in rows]
                cursor.executemany(change.format(**names), fresh)
        count += len(rows)
        if len(rows) < BATCH:
            return count
        last = rows[-1][0]
