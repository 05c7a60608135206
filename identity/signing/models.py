"""Documents that a person signs with their identity app. What stands in one, and by whom it is signed, is encrypted."""

import json
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.encryption import EncryptedBinaryField, EncryptedJSONField
from identity.signatures import decode


class SignedDocument(models.Model):
    """One document for one signature of one person, used once: it is shown, signed, and then taken by what needs it."""

    class Kind(models.TextChoices):
        FORM = "form", _("a form")
        PDF = "pdf", _("a PDF")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=4, choices=Kind, default=Kind.FORM)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)  # of what is signed, hexadecimal
    content: Any = EncryptedBinaryField(null=True)  # the very bytes; gone once what they say may be kept no longer
    request = models.UUIDField(null=True, unique=True)  # the transaction of identity.upstream; that is forgotten sooner
    signature: Any = EncryptedBinaryField(null=True)  # as the identity app made it
    certificate: Any = EncryptedBinaryField(null=True)  # DER: it names the person
    jws: Any = EncryptedJSONField(null=True)  # all of this under the portal's seal: see jws.py
    made_at = models.DateTimeField(default=timezone.now)
    signed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()  # until then it has to be signed; and then, to be used
    used_at = models.DateTimeField(null=True)
    reference = models.CharField(max_length=64, blank=True, default="")  # what took it: the receipt of a call

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(used_at=None, reference="") | (Q(used_at__isnull=False) & ~Q(reference="")),
                name="signing_used_by_something",
            ),
            models.CheckConstraint(
                condition=Q(used_at=None) | Q(signed_at__isnull=False), name="signing_used_only_when_signed"
            ),
            models.UniqueConstraint(
                fields=["reference"], condition=~Q(reference=""), name="signing_one_for_each_reference"
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(used_at=None), name="signing_unused_by_end"),
        ]

    def __str__(self) -> str:
        return f"signed document {self.pk}"

    @property
    def text(self) -> str:
        """What is shown before it is signed: the JSON, character for character; empty once it is gone."""
        return bytes(self.content or b"").decode()

    @property
    def signer(self) -> str:
        """The name in the certificate; empty while nobody has signed, and once it is gone."""
        return str(json.loads(decode(self.jws["payload"]))["signer"]["name"]) if self.jws else ""
