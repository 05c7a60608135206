"""Personal data at rest: values encrypted with the first of settings.FERRY_DATA_KEYS, readable with any of them."""

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
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


def is_current(token: bytes) -> bool:
    """It is under the newest key, so that older ones are not needed for it."""
    try:
        _box(tuple(settings.FERRY_DATA_KEYS[:1])).decrypt(token)
    except InvalidToken:
        return False
    return True


if TYPE_CHECKING:  # Django's fields take type arguments only in the eyes of a type checker
    _BinaryField = models.BinaryField[Any, Any]
else:
    _BinaryField = models.BinaryField


class EncryptedBinaryField(_BinaryField):
    """Bytes that stand encrypted in the database; they can be stored and read, not searched."""

    def seal(self, value: Any) -> bytes:
        """The plain bytes of a value."""
        return bytes(value)

    def open(self, plain: bytes) -> Any:
        """The value of its plain bytes."""
        return plain

    def get_prep_value(self, value: Any) -> bytes | None:
        return None if value is None else encrypt(self.seal(value))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        token = value if prepared else self.get_prep_value(value)
        return None if token is None else connection.Database.Binary(token)

    def from_db_value(self, value: bytes | memoryview | None, *_: Any) -> Any:
        return None if value is None else self.open(decrypt(bytes(value)))

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        raise FieldError(f"{self.name} is encrypted and leaves the database only through its model")

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted and cannot be searched")
        return super().get_lookup(lookup_name)


class EncryptedJSONField(EncryptedBinaryField):
    """A JSON value, encrypted the same way."""

    def seal(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    def open(self, plain: bytes) -> Any:
        return json.loads(plain)
