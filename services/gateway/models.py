"""Calls, their attempts, and the lane that leads to each backend. The database is the truth about a call."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.encryption import EncryptedJSONField
from identity.mandates.models import Mandate, Organisation
from services.registry.models import Backend, Department, FunctionVersion, ServiceFunction


class ServiceCallQuerySet(models.QuerySet["ServiceCall"]):
    def of(self, caller: str) -> ServiceCallQuerySet:
        """The caller's own, newest first."""
        return self.filter(caller=caller).order_by("-accepted_at")

    def due(self, now: datetime) -> ServiceCallQuerySet:
        """Those that could be delivered now: where a person waits first, then the oldest."""
        return self.filter(status="accepted", due_at__lte=now).order_by("priority", "accepted_at")

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
        WITHDRAWN = "withdrawn", _("Taken back")

    class Priority(models.IntegerChoices):
        WAITED_FOR = 0, _("a person waits for it")
        BACKGROUND = 1, _("nobody waits on the page")

    FINAL = (Status.COMPLETED, Status.REJECTED, Status.FAILED, Status.WITHDRAWN)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    receipt = models.CharField(max_length=20, unique=True)
    function = models.ForeignKey(ServiceFunction, on_delete=models.PROTECT, related_name="calls")
    version = models.ForeignKey(FunctionVersion, on_delete=models.PROTECT, related_name="calls")
    backend = models.ForeignKey(Backend, on_delete=models.PROTECT, related_name="calls")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="calls")
    caller = models.CharField(max_length=70)  # "user:<id>", "session:<digest>", or acting.owner() of a mandate
    mandate = models.ForeignKey(  # under which `person` acted for somebody else: for one of the two below
        Mandate, on_delete=models.PROTECT, null=True, related_name="+"
    )
    for_person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    for_organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    idempotency_key = models.CharField(max_length=255)
    language = models.CharField(max_length=10, default="en")

    payload: Any = EncryptedJSONField()  # {"form": {...}, "files": {id: {name,type,size,sha256}}}
    sent_sha256 = models.CharField(max_length=64)  # of the canonical JSON that the receipt shows
    answer: Any = EncryptedJSONField(null=True)  # {"rule": n, "values": {...}}, read with the version's answer_map

    status = models.CharField(max_length=20, choices=Status, default=Status.ACCEPTED)
    trouble = models.CharField(max_length=40, blank=True, default="")  # why it is not done yet: see story.py
    accepted_at = models.DateTimeField(default=timezone.now)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.WAITED_FOR)
    traceparent = models.CharField(max_length=55, blank=True, default="")  # W3C Trace Context, of the request
    due_at = models.DateTimeField(  # next delivery; next look-up while in doubt; while waiting, when more is expected
        default=timezone.now
    )
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempt_count = models.PositiveSmallIntegerField(default=0)
    lookup_count = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    blanked_at = models.DateTimeField(null=True)  # payload and answer were deleted, as promised: see retention.py
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
                condition=Q(status__in=["completed", "rejected", "failed", "withdrawn"], finished_at__isnull=False)
                | (~Q(status__in=["completed", "rejected", "failed", "withdrawn"]) & Q(finished_at__isnull=True)),
                name="call_finished_exactly_when_final",
            ),
            models.CheckConstraint(
                condition=Q(mandate=None, for_person=None, for_organisation=None)
                | Q(mandate__isnull=False, for_person__isnull=False, for_organisation=None)
                | Q(mandate__isnull=False, for_person=None, for_organisation__isnull=False),
                name="call_for_one_other_exactly_under_a_mandate",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status="accepted"), name="call_due"),
            models.Index(
                fields=["backend", "priority", "accepted_at"], condition=Q(status="accepted"), name="call_queue"
            ),
            models.Index(
                fields=["backend", "due_at"], condition=Q(status__in=["waiting", "in_doubt"]), name="call_awaited"
            ),
            models.Index(fields=["backend", "accepted_at"], name="call_of_backend"),
            models.Index(fields=["backend", "lease_until"], condition=Q(status="delivering"), name="call_in_flight"),
            models.Index(fields=["caller", "-accepted_at"], name="call_of_caller"),
            models.Index(
                fields=["finished_at"],
                condition=Q(blanked_at=None, finished_at__isnull=False),
                name="call_to_blank",
            ),
            models.Index(
                fields=["for_person", "-accepted_at"], condition=Q(for_person__isnull=False), name="call_for_person"
            ),
            models.Index(
                fields=["for_organisation", "-accepted_at"],
                condition=Q(for_organisation__isnull=False),
                name="call_for_organisation",
            ),
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

    def get_status_display(self) -> str:  # type: ignore[no-redef]  # in the place of Django's own
        """In words; a call that waits for its batch is not with the department yet."""
        if self.status == self.Status.WAITING and self.trouble == "batch":
            return str(_("Waiting for the next batch"))
        return str(self.Status(self.status).label)


class Attempt(models.Model):
    """One exchange about a call with its department. Holds facts and fingerprints, never contents."""

    class Kind(models.TextChoices):
        SEND = "send", _("delivery")
        LOOKUP = "lookup", _("look-up")
        BATCH = "batch", _("left with a batch")
        ANSWER = "answer", _("answer that came later")

    call = models.ForeignKey(ServiceCall, on_delete=models.CASCADE, related_name="attempts")
    backend = models.ForeignKey(Backend, on_delete=models.PROTECT, related_name="attempts")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SEND)
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    outcome = models.CharField(max_length=20)  # an Outcome.kind of the connectors
    detail = models.CharField(max_length=300, blank=True, default="")  # technical, without personal data
    sent_sha256 = models.CharField(max_length=64, blank=True, default="")  # of the bytes on the wire; of both ways
    received_sha256 = models.CharField(max_length=64, blank=True, default="")

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
        ARRIVED = "arrived", _("found to have arrived")
        NOT_ARRIVED = "not_arrived", _("found not to have arrived, and sent again")
        TAKEN_BACK = "taken_back", _("taken back before it was sent again")

    call = models.ForeignKey(ServiceCall, on_delete=models.CASCADE, related_name="settlements")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verb = models.CharField(max_length=20, choices=Verb)
    reason = models.CharField(max_length=300)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="settlement_has_a_reason")]

    def __str__(self) -> str:
        return f"{self.verb} {self.call_id}"


class Replay(models.Model):
    """Many undelivered calls sent again by one decision: in order, and not faster than the department bears."""

    backend = models.ForeignKey(Backend, on_delete=models.PROTECT, related_name="replays", null=True)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="replays", null=True)
    per_minute = models.PositiveIntegerField()
    uses_published = models.BooleanField(default=False)  # what could not be sent goes with the mapping of today
    reason = models.CharField(max_length=300)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    stopped_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="replay_has_a_reason"),
            models.CheckConstraint(condition=Q(per_minute__gt=0), name="replay_rate_is_above_zero"),
            models.CheckConstraint(
                condition=Q(stopped_at=None, stopped_by=None) | Q(stopped_at__isnull=False, stopped_by__isnull=False),
                name="replay_stopped_by_someone",
            ),
        ]

    def __str__(self) -> str:
        return f"replay {self.pk}"


class ReplayedCall(models.Model):
    """A call's place in a replay, and how it stood before."""

    replay = models.ForeignKey(Replay, on_delete=models.CASCADE, related_name="calls")
    call = models.ForeignKey(ServiceCall, on_delete=models.CASCADE, related_name="replayed")
    before = models.JSONField()  # the columns that the replay changed, as replaying.BEFORE names them
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["replay", "call"], name="replayed_once_in_a_replay")]

    def __str__(self) -> str:
        return f"{self.call_id} in {self.replay_id}"


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
    free_at = models.DateTimeField(null=True)  # of a backend with a rate limit: when the next delivery may leave

    def __str__(self) -> str:
        return f"lane of {self.backend_id}"

    def breaker(self, now: datetime) -> str:
        """`closed`, `open` or `half-open`."""
        if self.open_until is None:
            return "closed"
        return "open" if now < self.open_until else "half-open"


class Incident(models.Model):
    """One trouble from beginning to end: a backend that does not answer, or the portal itself (no backend).

    However many calls it holds up, there is one of it: one message, one all-clear.
    """

    backend = models.ForeignKey(Backend, on_delete=models.CASCADE, null=True, related_name="incidents")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    cause = models.CharField(max_length=300, blank=True, default="")  # technical, without personal data

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["backend"],
                condition=Q(ended_at=None),
                nulls_distinct=False,
                name="incident_one_open_per_backend",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="incident_ends_after_it_starts"
            ),
        ]
        indexes = [
            models.Index(fields=["backend", "-started_at"], name="incident_of_backend"),
            models.Index(fields=["ended_at"], name="incident_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.backend_id or 'portal'} {self.started_at:%Y-%m-%d %H:%M}"


class Heartbeat(models.Model):
    """When the portal's own clockwork (beat, broker, chores worker, database) last ran as a whole. One row."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="heartbeat_is_one")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"


class HookEvent(models.Model):
    """A message that a department sent by webhook. The same one twice changes nothing."""

    backend = models.ForeignKey(Backend, on_delete=models.CASCADE, related_name="hook_events")
    event_id = models.CharField(max_length=255)
    call = models.ForeignKey(ServiceCall, on_delete=models.CASCADE, null=True, related_name="hook_events")
    received_at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=20)  # what it changed, such as completed or progress
    words: Any = EncryptedJSONField(null=True)  # of progress: one line for the person, by language code

    class Meta:
        ordering = ["received_at"]
        constraints = [models.UniqueConstraint(fields=["backend", "event_id"], name="hook_event_once")]

    def __str__(self) -> str:
        return f"{self.backend_id} {self.event_id}"


class Batch(models.Model):
    """One file of records for a batch backend, and the department's answer file to it."""

    class State(models.TextChoices):
        SEALED = "sealed", _("ready to leave")  # its records are fixed; the file may be on its way
        SENT = "sent", _("with the department")
        ANSWERED = "answered", _("answered in full")

    backend = models.ForeignKey(Backend, on_delete=models.PROTECT, related_name="batches")
    number = models.PositiveIntegerField()  # counts up by one for each backend
    file_name = models.CharField(max_length=120)
    state = models.CharField(max_length=20, choices=State, default=State.SEALED)
    record_count = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)  # of the file
    sealed_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True, default="")  # technical: what was wrong with an answer file

    class Meta:
        ordering = ["backend", "number"]
        constraints = [
            models.UniqueConstraint(fields=["backend", "number"], name="batch_number_once"),
            models.CheckConstraint(
                condition=Q(state="sealed", sent_at__isnull=True) | (~Q(state="sealed") & Q(sent_at__isnull=False)),
                name="batch_sent_exactly_when_it_left",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class BatchRecord(models.Model):
    """A call's place in a batch: without one yet, it leaves with the next."""

    call = models.OneToOneField(ServiceCall, on_delete=models.CASCADE, related_name="batch_record")
    backend = models.ForeignKey(Backend, on_delete=models.PROTECT, related_name="batch_records")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="records")
    line = models.PositiveIntegerField(null=True)  # in the file, from 1
    content: Any = EncryptedJSONField()  # the record's fields, as the layout names them
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["added_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "line"], name="batch_line_once"),
            models.CheckConstraint(
                condition=Q(batch__isnull=True, line__isnull=True) | Q(batch__isnull=False, line__isnull=False),
                name="batch_record_has_a_line_exactly_in_a_batch",
            ),
        ]
        indexes = [models.Index(fields=["backend"], condition=Q(batch=None), name="batch_record_collected")]

    def __str__(self) -> str:
        return f"{self.call_id} in {self.batch_id}"
