"""Calls, their attempts, and the lane that leads to each backend. The database is the truth about a call."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.encryption import EncryptedJSONField
from services.registry.models import Backend, FunctionVersion, ServiceFunction


class ServiceCallQuerySet(models.QuerySet["ServiceCall"]):
    def of(self, caller: str) -> ServiceCallQuerySet:
        """The caller's own, newest first."""
        return self.filter(caller=caller).order_by("-accepted_at")

    def due(self, now: datetime) -> ServiceCallQuerySet:
        """Those that could be delivered now, oldest first."""
        return self.filter(status="accepted", due_at__lte=now).order_by("accepted_at")

    def undelivered(self) -> ServiceCallQuerySet:
        """Those that need a human: dead letters and calls in doubt."""
        return self.filter(status__in=["failed", "in_doubt"], closed_at=None).order_by("accepted_at")

    def visible_to(self, user: Any) -> ServiceCallQuerySet:
        """For staff: calls of the officer's own departments; all for operations."""
        if user.is_superuser or user.has_perm("gateway.settle_calls"):
            return self
        return self.filter(backend__department__memberships__user=user)


class ServiceCall(models.Model):
    """One execution of a function by a person."""

    class Status(models.TextChoices):
        ACCEPTED = "accepted", _("Received")
        DELIVERING = "delivering", _("Being delivered")
        WAITING = "waiting", _("With the department")
        COMPLETED = "completed", _("Done")
        REJECTED = "rejected", _("Refused by the department")
        FAILED = "failed", _("Not delivered")
        IN_DOUBT = "in_doubt", _("Being checked")

    FINAL = (Status.COMPLETED, Status.REJECTED, Status.FAILED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    receipt = models.CharField(max_length=20, unique=True)
    function = models.ForeignKey(ServiceFunction, on_delete=models.PROTECT, related_name="calls")
    version = models.ForeignKey(FunctionVersion, on_delete=models.PROTECT, related_name="calls")
    backend = models.ForeignKey(Backend, on_delete=models.PROTECT, related_name="calls")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="calls")
    caller = models.CharField(max_length=70)  # "user:<id>", or "session:<digest>" of someone not signed in
    idempotency_key = models.CharField(max_length=255)
    language = models.CharField(max_length=10, default="en")

    payload: Any = EncryptedJSONField()  # {"form": {...}, "files": {id: {name,type,size,sha256}}}
    sent_sha256 = models.CharField(max_length=64)  # of the canonical JSON that the receipt shows
    answer: Any = EncryptedJSONField(null=True)  # {"rule": n, "values": {...}}, read with the version's answer_map

    status = models.CharField(max_length=20, choices=Status, default=Status.ACCEPTED)
    trouble = models.CharField(max_length=40, blank=True, default="")  # why it is not done yet: see story.py
    accepted_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)  # next delivery, or next lookup while in doubt
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempt_count = models.PositiveSmallIntegerField(default=0)
    lookup_count = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)  # a human took it off the list of undelivered calls

    objects = ServiceCallQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["caller", "idempotency_key"], name="call_once_per_idempotency_key"),
            models.CheckConstraint(
                condition=Q(status="delivering", lease__isnull=False, lease_until__isnull=False)
                | (~Q(status="delivering") & Q(lease__isnull=True, lease_until__isnull=True)),
                name="call_leased_exactly_while_delivering",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["completed", "rejected", "failed"], finished_at__isnull=False)
                | (~Q(status__in=["completed", "rejected", "failed"]) & Q(finished_at__isnull=True)),
                name="call_finished_exactly_when_final",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status="accepted"), name="call_due"),
            models.Index(fields=["backend", "lease_until"], condition=Q(status="delivering"), name="call_in_flight"),
            models.Index(fields=["caller", "-accepted_at"], name="call_of_caller"),
            models.Index(
                fields=["accepted_at"],
                condition=Q(status__in=["failed", "in_doubt"]),
                name="call_undelivered",
            ),
        ]
        permissions = [("settle_calls", "Can retry and close undelivered calls of every department")]

    def __str__(self) -> str:
        return self.receipt

    @property
    def is_final(self) -> bool:
        return self.status in self.FINAL


class Attempt(models.Model):
    """One try at delivering a call, or at finding out what became of it. Holds facts, never contents."""

    class Kind(models.TextChoices):
        SEND = "send", _("delivery")
        LOOKUP = "lookup", _("look-up")

    call = models.ForeignKey(ServiceCall, on_delete=models.CASCADE, related_name="attempts")
    backend = models.ForeignKey(Backend, on_delete=models.PROTECT, related_name="attempts")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SEND)
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    outcome = models.CharField(max_length=20)  # an Outcome.kind of the connectors
    detail = models.CharField(max_length=300, blank=True, default="")  # technical, without personal data

    class Meta:
        ordering = ["started_at"]
        indexes = [models.Index(fields=["backend", "-started_at"], name="attempt_of_backend")]

    def __str__(self) -> str:
        return f"{self.call_id} {self.kind} {self.number}: {self.outcome}"


class Settlement(models.Model):
    """A human's decision about a call: who, what, why, when."""

    class Verb(models.TextChoices):
        RETRY = "retry", _("sent again")
        CLOSE = "close", _("closed")

    call = models.ForeignKey(ServiceCall, on_delete=models.CASCADE, related_name="settlements")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verb = models.CharField(max_length=10, choices=Verb)
    reason = models.CharField(max_length=300)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="settlement_has_a_reason")]

    def __str__(self) -> str:
        return f"{self.verb} {self.call_id}"


class Lane(models.Model):
    """The way to one backend: its breaker and its health, shared by all workers."""

    backend = models.OneToOneField(Backend, on_delete=models.CASCADE, primary_key=True, related_name="lane")
    failures = models.PositiveIntegerField(default=0)  # in a row
    open_until = models.DateTimeField(null=True)  # breaker: null closed; in the future open; past half-open
    last_success_at = models.DateTimeField(null=True)
    last_failure_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True, default="")
    probed_at = models.DateTimeField(null=True)
    probe_ok = models.BooleanField(null=True)

    def __str__(self) -> str:
        return f"lane of {self.backend_id}"

    def breaker(self, now: datetime) -> str:
        """`closed`, `open` or `half-open`."""
        if self.open_until is None:
            return "closed"
        return "open" if now < self.open_until else "half-open"
