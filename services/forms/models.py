"""What a person is filling in: drafts of forms and the files for them."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils import timezone

from identity.encryption import EncryptedBinaryField, EncryptedJSONField
from services.registry.models import FunctionVersion


class OfCallerQuerySet(models.QuerySet[Any]):
    def of(self, caller: str) -> OfCallerQuerySet:
        """The caller's own."""
        return self.filter(caller=caller)


class Draft(models.Model):
    """A form on its way: kept from the first press of a button until it is submitted. Its id is the idempotency key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(FunctionVersion, on_delete=models.CASCADE, related_name="+")
    caller = models.CharField(max_length=70, db_index=True)
    data: Any = EncryptedJSONField()
    updated_at = models.DateTimeField(default=timezone.now)

    objects = OfCallerQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.id)


class StoredFile(models.Model):
    """One file that a person sent, encrypted; a form's file field holds its id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    caller = models.CharField(max_length=70, db_index=True)
    name: Any = EncryptedJSONField()  # people put names and numbers into file names
    type = models.CharField(max_length=100)  # found in the bytes, not taken from the sender
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    content: Any = EncryptedBinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    objects = OfCallerQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.id)
