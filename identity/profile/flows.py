"""Reading and keeping a person's own data."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from django.db import connection

from identity import statements
from identity.accounts.models import User
from identity.profile.models import ProfileField


def read(person: User, *, only: Collection[str] | None = None) -> dict[str, ProfileField]:
    """What is known of the person, by field name; of `only` these fields if given. One query, or none for none."""
    if only is not None and not only:
        return {}
    found = statements.rows(_QUERY, [person.pk, sorted(only or ()), only is None])
    fields = [ProfileField.from_db(connection.alias, _NAMES, _opened(values)) for values in found]
    return {field.name: field for field in fields}


_NAMES = [field.attname for field in ProfileField._meta.concrete_fields]
_SEALED = _NAMES.index("value")
_QUERY = f"""
    SELECT {", ".join(_NAMES)} FROM {ProfileField._meta.db_table}
    WHERE person_id = %s AND (name = ANY(%s) OR %s)"""  # noqa: S608 (names of our own)


def _opened(values: Sequence[Any]) -> list[Any]:
    """The row with its value decrypted, as the ORM would give it."""
    return [_READ(value) if place == _SEALED else value for place, value in enumerate(values)]


_READ = ProfileField._meta.get_field("value").from_db_value


def store(person: User, name: str, value: Any, *, source: str, checked_on: date) -> ProfileField:
    """Keep one field, replacing what stood there."""
    field, _ = ProfileField.objects.update_or_create(
        person=person, name=name, defaults={"value": value, "source": source, "checked_on": checked_on}
    )
    return field


def forget(person: User, name: str) -> None:
    """Take back one field; nothing happens if it is not known."""
    ProfileField.objects.filter(person=person, name=name).delete()
