"""The disclosure log (every time a person's data left or was looked at), its seals, and what a person allowed."""

import uuid
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.encryption import EncryptedJSONField

ASSISTED = "assisted session"  # a ground begins so where an officer at a counter acted for the citizen
OPERATIONS = "operations"  # recipient of lines about those who run the portal; no department has this code


class Chain(models.Model):
    """The end of one person's chain of lines. Only `ledger.append` writes it, and a trigger lets it only grow."""

    id = models.UUIDField(primary_key=True, editable=False)  # the person's key, or one of ledger.LANES for nobody's
    bucket = models.PositiveSmallIntegerField()  # where its seal stands in a checkpoint: see checkpoints.py
    sequence = models.PositiveIntegerField()
    previous = models.CharField(max_length=64)
    head = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.id} at {self.sequence}"


class DisclosureQuerySet(models.QuerySet["Disclosure"]):
    def of(self, person: Any) -> "DisclosureQuerySet":
        """The person's own, and those of what they did for another or another for them; newest first.

        What an officer did at a counter is the citizen's alone.
        """
        own = Q(person=person) & ~Q(ground__startswith=ASSISTED)
        return self.filter(own | Q(for_person=person)).order_by("-at", "-id")

    def visible(self, now: datetime | None = None) -> "DisclosureQuerySet":
        """Those that the person may read already."""
        return self.filter(visible_from__lte=now or timezone.now())


class Disclosure(models.Model):
    """One time that data left or was looked at: which fields, by whom, for whom, why, when. Never changed."""

    class Kind(models.TextChoices):
        CALL = "call", _("Sent with a form")
        USERINFO = "userinfo", _("Asked for by a department's site")
        TOKEN = "token", _("Signed in to a department's site")
        OFFICER = "officer", _("Looked at by staff")
        EXPORT = "export", _("Taken out in a file")

    chain = models.UUIDField()  # of the person whose data it is: for_person, else person, else one of ledger.LANES
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CALL)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    for_person = models.ForeignKey(  # in whose name `person` acted, by a mandate
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    actor = models.ForeignKey(  # the officer who looked
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    recipient = models.CharField(max_length=30)  # department code, or OPERATIONS
    recipient_names = models.JSONField()  # as they were then, by language code
    purpose = models.CharField(max_length=80, default="")  # code of the function, where there is one
    purpose_names = models.JSONField()  # the function's name as it was then, by language code
    fields = ArrayField(models.CharField(max_length=100))
    ground = models.CharField(max_length=300, default="")  # such as `consent <id>`, or a section of an ordinance
    reference = models.CharField(max_length=100, default="")  # the receipt of a call, the id of a token
    at = models.DateTimeField()
    visible_from = models.DateTimeField()  # later than `at` only by a HidingRule
    salt = models.CharField(max_length=32)  # so that nobody guesses a hidden line from its digest
    digest = models.CharField(max_length=64)  # SHA-256 of the facts: ledger.facts
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)  # ledger.link(digest, previous, sequence)

    objects = DisclosureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["chain", "sequence"], name="disclosure_once_in_its_place"),
            models.CheckConstraint(
                condition=~Q(kind="officer") | Q(actor__isnull=False), name="disclosure_names_who_looked"
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-at"], name="disclosure_of_person"),
            models.Index(
                fields=["for_person", "-at"], condition=Q(for_person__isnull=False), name="disclosure_for_person"
            ),
            models.Index(fields=["actor", "-at"], condition=Q(actor__isnull=False), name="disclosure_of_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} to {self.recipient}"

    def save(self, *args: object, **kwargs: object) -> None:
        raise PermissionDenied("A disclosure is written by flows.disclose and never changed.")

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        raise PermissionDenied("A disclosure is never deleted.")


class HidingRule(models.Model):
    """A department's rule that looks at calls of one function are shown to the person later, and why."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recipient = models.CharField(max_length=30)
    purpose = models.CharField(max_length=80)
    days = models.PositiveSmallIntegerField()  # after the look
    latest_on = models.DateField()  # whatever the days say, everything is shown from here on
    reason = models.CharField(max_length=300)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recipient", "purpose"], name="hiding_rule_one_per_function"),
            models.CheckConstraint(condition=~Q(reason=""), name="hiding_rule_has_a_reason"),
            models.CheckConstraint(condition=Q(days__gte=1, days__lte=365), name="hiding_rule_at_most_a_year"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient} {self.purpose}: {self.days} days"


class Checkpoint(models.Model):
    """Once a day: a signed Merkle root over the heads of all chains, chained to the one before. Never changed."""

    number = models.PositiveIntegerField(primary_key=True)
    at = models.DateTimeField()
    root = models.CharField(max_length=64)
    previous = models.CharField(max_length=64)  # SHA-256 of the payload of the one before
    chains = models.PositiveBigIntegerField()
    entries = models.PositiveBigIntegerField()
    bucket_roots = models.BinaryField()  # checkpoints.BUCKETS times 32 bytes
    protected = models.TextField()  # with the two below a JWS in flattened form (RFC 7515 section 7.2.2)
    payload = models.TextField()
    signature = models.TextField()

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"checkpoint {self.number}"


class Seal(models.Model):
    """How far a chain had come at a checkpoint; written only for those that grew since the one before."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="seals", db_index=False)
    chain = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    head = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "checkpoint"], name="seal_once_per_checkpoint")]
        indexes = [models.Index(fields=["bucket", "chain", "-checkpoint"], name="seal_of_bucket")]

    def __str__(self) -> str:
        return f"{self.chain} at {self.sequence} in {self.checkpoint_id}"


class QuestionQuerySet(models.QuerySet["Question"]):
    def open(self) -> "QuestionQuerySet":
        """Not answered yet, the one that is due first in front."""
        return self.filter(answered_at=None).order_by("due_at", "asked_at")


class Question(models.Model):
    """A person's "why?" about one line; the department owes an answer by a date."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    disclosure = models.ForeignKey(Disclosure, on_delete=models.PROTECT, related_name="questions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recipient = models.CharField(max_length=30)  # the line's: who has to answer
    text: Any = EncryptedJSONField()  # in the person's own words, may be empty
    asked_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()  # the end of a working day
    answer: Any = EncryptedJSONField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = QuestionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["disclosure", "person"], name="question_once_about_a_line"),
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None, answer__isnull=True)
                | Q(answered_at__isnull=False, answered_by__isnull=False, answer__isnull=False),
                name="question_answered_by_someone",
            ),
        ]
        indexes = [models.Index(fields=["recipient", "due_at"], name="question_of_recipient")]

    def __str__(self) -> str:
        return f"question {self.id} for {self.recipient}"

    @property
    def due_on(self) -> date:
        """The last day on which an answer is in time, in Hong Kong."""
        return timezone.localdate(self.due_at - timedelta(seconds=1))

    def is_overdue(self, now: datetime) -> bool:
        """It should have been answered by now, or was answered too late."""
        return (self.answered_at or now) > self.due_at


class News(models.Model):
    """How much a person has not seen yet: looks at their data, and answers. No row, or 0, is nothing."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.count} for {self.person_id}"


class ConsentQuerySet(models.QuerySet["Consent"]):
    def of(self, person: Any) -> "ConsentQuerySet":
        """The person's own, newest first."""
        return self.filter(person=person).order_by("-given_at")

    def in_force(self, now: datetime | None = None) -> "ConsentQuerySet":
        """Neither withdrawn nor replaced nor run out."""
        return self.filter(Q(until=None) | Q(until__gt=now or timezone.now()), ended_at=None)


class Consent(models.Model):
    """What one person allowed one recipient to get for one purpose, field by field, until when."""

    class End(models.TextChoices):
        NONE = "", _("in force")
        WITHDRAWN = "withdrawn", _("withdrawn")
        REPLACED = "replaced", _("replaced by a newer one")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="consents")
    recipient = models.CharField(max_length=30)  # department code
    recipient_names = models.JSONField(default=dict)  # by language code, as they were shown
    purpose = models.CharField(max_length=80)  # code of what it is for, such as that of a client
    purpose_names = models.JSONField(default=dict)
    wording = models.JSONField(default=dict)  # {"why": {language: text}, "fields": {name: {language: title}}}, as shown
    fields = ArrayField(models.CharField(max_length=100))
    given_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=10, choices=End, default=End.NONE, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "recipient", "purpose"],
                condition=Q(ended_at=None),
                name="consent_one_open_per_purpose",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("given_at")), name="consent_runs_out_after_it_was_given"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by="") | (Q(ended_at__isnull=False) & ~Q(ended_by="")),
                name="consent_ended_in_some_way",
            ),
        ]
        indexes = [models.Index(fields=["person", "-given_at"], name="consent_of_person")]

    def __str__(self) -> str:
        return f"{self.recipient} {self.purpose}"

    def is_in_force(self, now: datetime) -> bool:
        """As ConsentQuerySet.in_force says of a row."""
        return self.ended_at is None and (self.until is None or self.until > now)
