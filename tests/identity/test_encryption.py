from datetime import date

import pytest
from cryptography.fernet import InvalidToken
from django.core.exceptions import FieldError
from django.db import connection

from identity.profile import flows as profile
from identity.profile.models import ProfileField
from tests.factories import UserFactory

HKID = "A123456(3)"


def keep() -> ProfileField:
    return profile.store(UserFactory(), "hkid", HKID, source="immd", checked_on=date(2026, 1, 1))


def stored(row: ProfileField) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM profile_profilefield WHERE id = %s", [row.pk])
        return bytes(cursor.fetchone()[0])


def test_personal_data_does_not_stand_readable_in_the_database(db: None) -> None:
    assert HKID.encode() not in stored(keep())


def test_what_was_kept_is_read_back(db: None) -> None:
    assert ProfileField.objects.get(pk=keep().pk).value == HKID


def test_an_encrypted_value_cannot_be_searched(db: None) -> None:
    with pytest.raises(FieldError):
        ProfileField.objects.filter(value=HKID).exists()


def test_a_changed_byte_is_noticed(db: None) -> None:
    row = keep()
    token = bytearray(stored(row))
    token[-5] ^= 1
    with connection.cursor() as cursor:
        cursor.execute("UPDATE profile_profilefield SET value = %s WHERE id = %s", [bytes(token), row.pk])
    with pytest.raises(InvalidToken):
        ProfileField.objects.get(pk=row.pk)
