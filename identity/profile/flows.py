"""Reading and keeping a person's own data."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from django.db import connection, transaction

from identity import security, statements
from identity.accounts.models import User
from identity.formats import is_hkid, normal_hkid
from identity.profile import index, values
from identity.profile.models import BlindIndex, ProfileField

LAWS = {  # by which a source vouches, unless it says another
    ProfileField.Source.IMMIGRATION: ProfileField.Law.REGISTRATION,
    ProfileField.Source.PERSON: ProfileField.Law.NONE,
}


def read(person: User, *, only: Collection[str] | None = None) -> dict[str, ProfileField]:
    """What is known of the person, by field name; of `only` these fields if given. One query, or none for none."""
    if only is not None and not only:
        return {}
    found = statements.rows(_QUERY, [person.pk, sorted(only or ()), only is None])
    fields = [ProfileField.from_db(connection.alias, _NAMES, _opened(row)) for row in found]
    return {field.name: field for field in fields}


_NAMES = [field.attname for field in ProfileField._meta.concrete_fields]
_SEALED = _NAMES.index("value")
_QUERY = f"""
    SELECT {", ".join(_NAMES)} FROM {ProfileField._meta.db_table}
    WHERE person_id = %s AND (name = ANY(%s) OR %s)"""  # noqa: S608 (names of our own)


def _opened(row: Sequence[Any]) -> list[Any]:
    """The row with its value decrypted, as the ORM would give it."""
    return [_READ(value) if place == _SEALED else value for place, value in enumerate(row)]


_READ = ProfileField._meta.get_field("value").from_db_value


@transaction.atomic
def store(
    person: User, name: str, value: Any, *, source: str, checked_on: date, law: str | None = None
) -> ProfileField:
    """Keep one field, replacing what stood there. `law`: by which the source vouches, its usual one unless given.

    Raises Unusable for what is no value of the field, and AlreadyKnown if another person has the number.
    """
    if name == ProfileField.Name.HKID and isinstance(value, str):
        value = normal_hkid(value)
    values.check(name, value)
    law = LAWS[ProfileField.Source(source)] if law is None else law
    kept = {"value": value, "source": source, "checked_on": checked_on, "law": law}
    field, _ = ProfileField.objects.update_or_create(person=person, name=name, defaults=kept)
    if name in index.INDEXED:
        index.put(person, name, value)
    return field


@transaction.atomic
def forget(person: User, name: str) -> None:
    """Take back one field; nothing happens if it is not known."""
    ProfileField.objects.filter(person=person, name=name).delete()
    BlindIndex.objects.filter(person=person, name=name).delete()


def find_by_hkid(text: str, *, by: User | None = None) -> User | None:
    """Whose identity card number it is, however it is written. Each search is in the security log, without the number.

    `by`: the officer who searches; nobody while a machine does, such as an identity app's sign-in.
    """
    found = index.find(ProfileField.Name.HKID, text) if is_hkid(normal_hkid(text)) else None
    outcome = "found" if found else "not_found"
    security.logger.info("hkid_searched", person=security.pseudonym(by), outcome=outcome)
    return found
