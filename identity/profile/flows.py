"""Reading and keeping a person's own data."""

from collections.abc import Collection
from datetime import date
from typing import Any

from identity.accounts.models import User
from identity.profile.models import ProfileField


def read(person: User, *, only: Collection[str] | None = None) -> dict[str, ProfileField]:
    """What is known of the person, by field name; of `only` these fields if given. One query, or none for none."""
    if only is not None and not only:
        return {}
    fields = ProfileField.objects.filter(person=person)
    return {field.name: field for field in (fields if only is None else fields.filter(name__in=only))}


def store(person: User, name: str, value: Any, *, source: str, checked_on: date) -> ProfileField:
    """Keep one field, replacing what stood there."""
    field, _ = ProfileField.objects.update_or_create(
        person=person, name=name, defaults={"value": value, "source": source, "checked_on": checked_on}
    )
    return field


def forget(person: User, name: str) -> None:
    """Take back one field; nothing happens if it is not known."""
    ProfileField.objects.filter(person=person, name=name).delete()
