"""Reading and keeping a person's own data."""

from datetime import date
from typing import Any

from identity.accounts.models import User
from identity.profile.models import ProfileField


def read(person: User) -> dict[str, ProfileField]:
    """What is known of the person, by field name. One query."""
    return {field.name: field for field in ProfileField.objects.filter(person=person)}


def store(person: User, name: str, value: Any, *, source: str, checked_on: date) -> ProfileField:
    """Keep one field, replacing what stood there."""
    field, _ = ProfileField.objects.update_or_create(
        person=person, name=name, defaults={"value": value, "source": source, "checked_on": checked_on}
    )
    return field


def forget(person: User, name: str) -> None:
    """Take back one field; nothing happens if it is not known."""
    ProfileField.objects.filter(person=person, name=name).delete()
