"""Personal data at rest: values encrypted with the first of settings.FERRY_DATA_KEYS, readable with any of them."""

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(plain: bytes) -> bytes:
    """A Fernet token (AES-128-CBC, HMAC-SHA256) under the newest key."""
    return _box(tuple(settings.FERRY_DATA_KEYS)).encrypt(plain)


def decrypt(token: bytes) -> bytes:
    """The plain bytes; raises cryptography.fernet.InvalidToken if no key fits or a byte was changed."""
    return _box(tuple(settings.FERRY_DATA_KEYS)).decrypt(token)


def rotate(token: bytes) -> bytes:
    """The same secret under the newest key."""
    return _box(tuple(settings.FERRY_DATA_KEYS)).rotate(token)


if TYPE_CHECKING:  # Django's fields take type arguments only in the eyes of a type checker
    _BinaryField = models.BinaryField[Any, Any]
else:
    _BinaryField = models.BinaryField


class EncryptedJSONField(_BinaryField):
    """A JSON value that stands encrypted in the database; it can be stored and read, not searched."""

    def get_prep_value(self, value: Any) -> bytes | None:
        if value is None:
            return None
        return encrypt(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        token = value if prepared else self.get_prep_value(value)
        return None if token is None else connection.Database.Binary(token)

    def from_db_value(self, value: bytes | memoryview | None, *_: Any) -> Any:
        return None if value is None else json.loads(decrypt(bytes(value)))

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        raise FieldError(f"{self.name} is encrypted and leaves the database only through its model")

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted and cannot be searched")
        return super().get_lookup(lookup_name)
