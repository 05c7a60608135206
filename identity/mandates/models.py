"""Who may act for whom: asked by one side, accepted by the other, limited by task and date, and journalled."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.encryption import EncryptedJSONField

ASSISTED_FOR = timedelta(minutes=30)  # so long an officer at a counter may act for a citizen
LONGEST = timedelta(days=5 * 366)  # of any mandate; a longer one is given anew


class Act(models.TextChoices):
    """What a mandate may allow. Each is allowed for itself: none includes another."""

    READ = "read", _("see calls and answers")
    PREPARE = "prepare", _("fill in forms, with what is in the profile")
    SUBMIT = "submit", _("send forms")
    SIGN = "sign", _("sign")


class Organisation(models.Model):
    """A company, as the Business Registration Office knows it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    registration_number = models.CharField(max_length=8, unique=True)  # Business Registration number
    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200, blank=True, default="")
    managers = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="managed_organisations")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(registration_number__regex=r"^\d{8}$"), name="organisation_number_has_eight_digits"
            ),
            models.CheckConstraint(condition=~Q(name_en=""), name="organisation_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name_en

    @property
    def names(self) -> dict[str, str]:
        """By `en` and `zh`."""
        return {"en": self.name_en, "zh": self.name_zh or self.name_en}


class MandateQuerySet(models.QuerySet["Mandate"]):
    def in_force(self, now: datetime) -> MandateQuerySet:
        return self.filter(state=Mandate.State.ACCEPTED, valid_from__lte=now, valid_until__gt=now)

    def touching(self, person: Any) -> MandateQuerySet:
        """Those in which the person is a side, or manages the company that is one; newest first."""
        managed = Q(principal_organisation__managers=person)
        return self.filter(Q(agent=person) | Q(principal_person=person) | managed | Q(asked_by=person)).distinct()


class Mandate(models.Model):
    """One side's right to act for another. While it is asked, the side that was asked may not be known yet."""

    class Kind(models.TextChoices):
        PARENT = "parent", _("a parent")
        CHILD = "child", _("a child")
        COMPANY = "company", _("a company")
        OTHER = "other", _("somebody else")
        ASSISTED = "assisted", _("a citizen at a counter")

    class State(models.TextChoices):
        ASKED = "asked", _("waiting for the other side")
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("taken back before it was answered")
        ENDED = "ended", _("ended")

    OPEN = (State.ASKED, State.ACCEPTED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    principal_person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="mandates_given"
    )
    principal_organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, related_name="mandates_given"
    )
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="mandates_held"
    )
    kind = models.CharField(max_length=10, choices=Kind)  # who the principal is to the agent

    acts = ArrayField(models.CharField(max_length=10, choices=Act))
    functions = ArrayField(models.CharField(max_length=100), default=list, blank=True)  # codes; whose they are
    categories = ArrayField(models.CharField(max_length=100), default=list, blank=True)  # is not known here
    valid_from = models.DateTimeField(default=timezone.now)
    valid_until = models.DateTimeField()

    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    addressed_to: Any = EncryptedJSONField(null=True)  # as the asker typed it; nobody is told whether it exists
    address_digest = models.CharField(max_length=64, blank=True, default="")
    reference = models.CharField(max_length=12, unique=True)  # to name it at a counter
    invitation_sha256 = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 (unique among those that have one)
    invited_until = models.DateTimeField(null=True)

    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField(null=True)
    document_reference: Any = EncryptedJSONField(null=True)  # what the officer saw, if one accepted it at a counter
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    names: Any = EncryptedJSONField(null=True)  # {"agent": {"en", "zh"}, "principal": …} as accepted: no query later
    department = models.CharField(max_length=30, blank=True, default="")  # of the officer who assists: code and
    department_names = models.JSONField(default=dict, blank=True)  # names, by language code

    objects = MandateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(principal_person__isnull=True) | Q(agent__isnull=True) | ~Q(principal_person=F("agent")),
                name="mandate_never_for_oneself",
            ),
            models.CheckConstraint(
                condition=Q(principal_person__isnull=True) | Q(principal_organisation__isnull=True),
                name="mandate_has_one_principal",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "withdrawn", "refused"])
                | (
                    Q(agent__isnull=False, accepted_by__isnull=False, accepted_at__isnull=False, names__isnull=False)
                    & (Q(principal_person__isnull=False) | Q(principal_organisation__isnull=False))
                ),
                name="mandate_accepted_has_both_sides",
            ),
            models.CheckConstraint(
                condition=Q(kind="company", principal_person__isnull=True)
                | (~Q(kind="company") & Q(principal_organisation__isnull=True)),
                name="mandate_of_company_for_an_organisation",
            ),
            models.CheckConstraint(condition=Q(valid_until__gt=F("valid_from")), name="mandate_ends_after_it_begins"),
            models.CheckConstraint(
                condition=~Q(kind="assisted") | Q(valid_until__lte=F("valid_from") + ASSISTED_FOR),
                name="mandate_assisted_is_short",
            ),
            models.CheckConstraint(
                condition=~Q(kind="assisted") | (Q(functions__len__gt=0) & ~Q(department="")),
                name="mandate_assisted_is_for_named_functions",
            ),
            models.CheckConstraint(condition=Q(acts__len__gt=0), name="mandate_allows_something"),
            models.CheckConstraint(
                condition=Q(state="ended", ended_at__isnull=False, ended_by__isnull=False)
                | (~Q(state="ended") & Q(ended_at__isnull=True)),
                name="mandate_ended_exactly_when_over",
            ),
            models.UniqueConstraint(
                fields=["principal_person", "agent", "kind"],
                condition=Q(state="asked"),
                name="mandate_one_open_ask_of_a_kind",
            ),
            models.UniqueConstraint(
                fields=["principal_organisation", "agent"],
                condition=Q(state="asked"),
                name="mandate_one_open_ask_of_a_company",
            ),
            models.UniqueConstraint(
                fields=["asked_by", "kind", "address_digest"],
                condition=Q(state="asked") & ~Q(address_digest=""),
                name="mandate_one_open_ask_of_an_address",
            ),
        ]
        indexes = [models.Index(fields=["agent", "state"], name="mandate_of_agent")]
        ordering = ["-asked_at"]
        permissions = [("serve_at_counter", "Can assist citizens at a counter and accept mandates with a document")]

    def __str__(self) -> str:
        return f"mandate {self.reference}"

    @property
    def principal_id(self) -> uuid.UUID | None:
        return self.principal_person_id or self.principal_organisation_id

    @property
    def is_assisted(self) -> bool:
        return self.kind == self.Kind.ASSISTED

    def allows(self, act: str, *, function: str, category: str = "") -> bool:
        """By task: whether this act is allowed for this function. Naming no function and no category names all."""
        return act in self.acts and self.covers(function, category)

    def covers(self, function: str, category: str = "") -> bool:
        is_for_all = not self.functions and not self.categories
        return is_for_all or function in self.functions or (bool(category) and category in self.categories)

    def obstacle(self, now: datetime) -> str:
        """Why it is not in force: one of errors.REASONS; empty if it is."""
        if self.state == self.State.ENDED:
            return "ended"
        if self.state != self.State.ACCEPTED:
            return "not_accepted"
        if self.valid_until <= now:
            return "expired"
        return "" if self.valid_from <= now else "not_yet"


class Entry(models.Model):
    """One line of a mandate's journal: who did what, when. Written once, never changed; the database sees to it."""

    class Verb(models.TextChoices):
        ASKED = "asked", _("asked")
        OFFERED = "offered", _("offered")
        FOUND = "found", _("used the invitation")
        ACCEPTED = "accepted", _("accepted")
        ACCEPTED_AT_COUNTER = "counter", _("accepted at a counter")
        CONFIRMED = "confirmed", _("confirmed at a counter")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("took back")
        LIMITED = "limited", _("changed what it allows")
        ENDED = "ended", _("ended")

    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="journal")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    actor_names: Any = EncryptedJSONField()
    verb = models.CharField(max_length=12, choices=Verb)
    details = models.JSONField(default=dict, blank=True)  # limits from then on; nothing personal
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.verb} {self.mandate_id}"

    def save(self, *args: object, **kwargs: object) -> None:
        if not self._state.adding:
            raise PermissionDenied("A line of the journal is never changed.")
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        raise PermissionDenied("A line of the journal is never deleted.")


class Confirmation(models.Model):
    """How a citizen says yes to an officer at a counter. A code is kept as its digest and works once."""

    class Method(models.TextChoices):
        PHONE = "phone", _("in the citizen's own account, with the code on the counter's screen")
        CONTACT = "contact", _("with a code sent to the citizen's confirmed e-mail address")
        DOCUMENT = "document", _("with a document, and a second officer")

    MOST_TRIES = 5

    mandate = models.OneToOneField(Mandate, on_delete=models.PROTECT, primary_key=True, related_name="confirmation")
    method = models.CharField(max_length=10, choices=Method)
    code_sha256 = models.CharField(max_length=64, blank=True, default="")
    tries = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    second_officer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(method="document", code_sha256="") | (~Q(method="document") & ~Q(code_sha256="")),
                name="confirmation_has_a_code_or_a_document",
            ),
            models.CheckConstraint(
                condition=~Q(method="document") | Q(used_at__isnull=True) | Q(second_officer__isnull=False),
                name="confirmation_by_document_takes_two_officers",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} for {self.mandate_id}"


def scope_of(mandate: Mandate) -> dict[str, Any]:
    """The limits as the journal keeps them."""
    return {
        "acts": list(mandate.acts),
        "functions": list(mandate.functions),
        "categories": list(mandate.categories),
        "until": mandate.valid_until.isoformat(timespec="seconds"),
    }


def is_narrower(mandate: Mandate, acts: Collection[str], functions: Collection[str], categories: Collection[str],
                until: datetime) -> bool:  # fmt: skip
    """Whether these limits allow nothing that the mandate does not allow already."""
    is_for_all = not mandate.functions and not mandate.categories
    names_some = bool(functions or categories)
    is_inside = is_for_all or (
        names_some and set(functions) <= set(mandate.functions) and set(categories) <= set(mandate.categories)
    )
    return is_inside and set(acts) <= set(mandate.acts) and until <= mandate.valid_until
