"""e-ME: the person's own data, each field with its source; what is asked to be corrected, taken along, or ended."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.encryption import EncryptedBinaryField, EncryptedJSONField


class ProfileField(models.Model):
    """One thing known of a person. Values are JSON, as values.py has them: text, or an object such as an address."""

    class Name(models.TextChoices):
        NAME_EN = "name_en", _("English name")
        NAME_ZH = "name_zh", _("Chinese name")
        HKID = "hkid", _("Identity card number")
        TRAVEL_DOCUMENT = "travel_document", _("Travel document")
        DATE_OF_BIRTH = "date_of_birth", _("Date of birth")
        SEX = "sex", _("Sex")
        PHONE = "phone", _("Phone number")
        EMAIL = "email", _("Email address")
        RESIDENTIAL_ADDRESS = "residential_address", _("Home address")
        ADDRESS = "address", _("Postal address")
        BANK_ACCOUNT = "bank_account", _("Bank account for refunds")

    class Source(models.TextChoices):
        IMMIGRATION = "immd", _("Immigration Department, identity card record")
        PERSON = "person", _("you told us")

    class Law(models.TextChoices):
        """By what an authority may vouch for it."""

        NONE = "", _("none: the person's own word")
        REGISTRATION = "cap177", _("Registration of Persons Ordinance (Cap. 177)")
        IMMIGRATION = "cap115", _("Immigration Ordinance (Cap. 115)")

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profile_fields")
    name = models.CharField(max_length=30, choices=Name)
    value: Any = EncryptedJSONField()
    source = models.CharField(max_length=20, choices=Source)
    checked_on = models.DateField(_("checked on"))
    law = models.CharField(max_length=20, choices=Law, default=Law.NONE, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "name"], name="profile_field_once_per_person"),
            models.CheckConstraint(
                condition=~Q(name__in=["hkid", "date_of_birth", "sex"]) | ~Q(source="person"),
                name="profile_identity_never_self_declared",
            ),
            models.CheckConstraint(
                condition=Q(source="person", law="") | (~Q(source="person") & ~Q(law="")),
                name="profile_authority_always_has_its_law",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.source})"

    @property
    def is_verified(self) -> bool:
        """An authority vouches for it, so a form shows it and does not let it be changed."""
        return self.source != self.Source.PERSON


class BlindIndex(models.Model):
    """By what a person is found without their number standing readable: its HMAC under one key of index.py."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=30, choices=ProfileField.Name)
    key = models.CharField(max_length=8)  # which key: the start of its own digest
    digest = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "digest"], name="blind_index_finds_one_person"),
            models.UniqueConstraint(fields=["person", "name", "key"], name="blind_index_once_per_key"),
        ]

    def __str__(self) -> str:
        return f"{self.name} under {self.key}"


class CorrectionQuerySet(models.QuerySet["CorrectionRequest"]):
    def of(self, person: Any) -> CorrectionQuerySet:
        """The person's own, newest first."""
        return self.filter(person=person).order_by("-asked_at")

    def open(self) -> CorrectionQuerySet:
        """Not answered yet, the oldest first."""
        return self.filter(state="open").order_by("asked_at")


class CorrectionRequest(models.Model):
    """A person's word that a value in a register is wrong, on its way to the register's owner and back."""

    class State(models.TextChoices):
        OPEN = "open", _("With the department")
        CORRECTED = "corrected", _("Corrected")
        CONFIRMED = "confirmed", _("Checked: it stays as it is")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ticket = models.CharField(max_length=14, unique=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=30, choices=ProfileField.Name)
    source = models.CharField(max_length=20, choices=ProfileField.Source)
    owner = models.CharField(max_length=20)  # department code: who keeps the register
    value: Any = EncryptedJSONField(null=True)  # as it stood when it was reported; null once the account is gone
    remark: Any = EncryptedJSONField(null=True)  # what would be right, in the person's own words
    seen_in = models.CharField(max_length=80, blank=True, default="")  # code of the function in whose form it appeared
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    asked_at = models.DateTimeField(default=timezone.now)
    answer: Any = EncryptedJSONField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "name"], condition=Q(state="open"), name="correction_one_open_per_field"
            ),
            models.CheckConstraint(
                condition=Q(state="open", answered_at=None, answered_by=None)
                | (~Q(state="open") & Q(answered_at__isnull=False, answered_by__isnull=False)),
                name="correction_answered_by_someone",
            ),
        ]
        indexes = [models.Index(fields=["owner", "asked_at"], condition=Q(state="open"), name="correction_of_owner")]

    def __str__(self) -> str:
        return self.ticket


class DataExport(models.Model):
    """All of a person's data in one archive, for a day."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    language = models.CharField(max_length=10)
    content: Any = EncryptedBinaryField(null=True)  # a ZIP; null until it is made
    asked_at = models.DateTimeField(default=timezone.now)
    made_at = models.DateTimeField(null=True)
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(content__isnull=True, made_at=None) | Q(content__isnull=False, made_at__isnull=False),
                name="export_made_exactly_when_there_is_one",
            ),
            models.CheckConstraint(condition=Q(until__gt=F("asked_at")), name="export_ends_after_it_was_asked_for"),
        ]
        indexes = [models.Index(fields=["until"], name="export_until")]

    def __str__(self) -> str:
        return str(self.id)


class Closing(models.Model):
    """A person's wish to delete their account, carried out when it is due unless they change their mind."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(cancelled_at=None, done_at=None), name="closing_one_open_per_person"
            ),
            models.CheckConstraint(condition=Q(due_at__gt=F("asked_at")), name="closing_leaves_time_to_think"),
            models.CheckConstraint(
                condition=Q(cancelled_at=None) | Q(done_at=None), name="closing_cancelled_is_never_done"
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(cancelled_at=None, done_at=None), name="closing_due")]

    def __str__(self) -> str:
        return str(self.id)
