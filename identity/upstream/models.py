"""What Ferry keeps of the way to a national identity: the link of an account, each request, and nonces seen."""

import uuid
from datetime import datetime
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.encryption import EncryptedJSONField
from identity.upstream.wire.codes import identification_code


class Connection(models.Model):
    """The identity app that an account is linked to, and the right to ask it for more, for a while."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.OneToOneField(SocialAccount, on_delete=models.CASCADE, related_name="upstream")
    access_token: Any = EncryptedJSONField()
    scope = ArrayField(models.CharField(max_length=50), default=list)
    expires_at = models.DateTimeField(_("the token ends"))
    linked_at = models.DateTimeField(_("linked at"), default=timezone.now)

    def __str__(self) -> str:
        return f"connection {self.pk}"

    @property
    def can_sign(self) -> bool:
        """Whether it is a "+" account."""
        return "eidapi_sign" in self.scope


class TransactionQuerySet(models.QuerySet["Transaction"]):
    def ready(self, now: datetime) -> "TransactionQuerySet":
        """Approved, not used yet, and not too old."""
        return self.filter(status=Transaction.Status.APPROVED, used_at=None, expires_at__gt=now)


class Transaction(models.Model):
    """One thing that we ask of a person's identity app. Its key is the businessID; it is answered and used once."""

    class Kind(models.TextChoices):
        SIGN_IN = "sign_in", _("signing in")
        CONNECT = "connect", _("linking the app to an account")
        REAUTHENTICATE = "reauthenticate", _("proving once more who it is")
        PROFILE = "profile", _("name and identity card from the app")
        FORM_FILLING = "form_filling", _("contact details from the app")
        STEP_UP = "step_up", _("proving more")
        SIGNATURE = "signature", _("signing a document")

    class Status(models.TextChoices):
        OPEN = "open", _("waiting for the person")
        APPROVED = "approved", _("approved in the app")
        DONE = "done", _("used")
        CANCELLED = "cancelled", _("cancelled in the app")
        REJECTED = "rejected", _("refused in the app")
        TIMED_OUT = "timed_out", _("nobody answered in time")
        FAILED = "failed", _("the provider failed")
        DISOWNED = "disowned", _("approved by somebody else")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=Kind)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    state_digest = models.CharField(max_length=64, unique=True)  # SHA-256, hexadecimal
    ticket_digest = models.CharField(max_length=64, unique=True, null=True, blank=True)
    browser_digest = models.CharField(max_length=64, blank=True, default="")  # of the browser that began
    is_here = models.BooleanField(_("the app is on the same device"), default=False)
    next = models.CharField(max_length=2000, blank=True, default="")
    language = models.CharField(max_length=10, default="en")
    asked: Any = EncryptedJSONField()  # what we must send again or compare: state, ticket, what is to be signed
    answer: Any = EncryptedJSONField(null=True)  # what the provider said
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    objects = TransactionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(used_at=None) | models.Q(answered_at__isnull=False),
                name="upstream_used_only_when_answered",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="sign_in") | models.Q(person__isnull=False),
                name="upstream_only_signing_in_is_nobodys",
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="upstream_by_end")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_by_code(self) -> bool:
        """The answer comes by the browser, as an authorization code; of all others by the provider's callback."""
        return self.kind in {self.Kind.SIGN_IN, self.Kind.CONNECT, self.Kind.REAUTHENTICATE}

    @property
    def is_over(self) -> bool:
        """Nobody can answer it any more."""
        return self.status == self.Status.OPEN and self.expires_at <= timezone.now()

    @property
    def outcome(self) -> str:
        """The status, where what nobody answered has timed out."""
        ended = self.is_over or (self.status == self.Status.APPROVED and self.expires_at <= timezone.now())
        return self.Status.TIMED_OUT if ended else self.status


class SignatureRequest(Transaction):
    """The same, of a document's hash that is to be signed."""

    class Meta:
        proxy = True

    @property
    def code(self) -> str:
        """The four digits that this screen and the app show alike."""
        return identification_code(bytes.fromhex(self.asked["document_sha256"]), self.asked["open_id"])


class SeenNonce(models.Model):
    """A nonce that came with a genuine callback, for as long as its timestamp would be believed."""

    digest = models.CharField(primary_key=True, max_length=64)  # SHA-256, hexadecimal
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.digest
