"""The aim, what stands in an app's way, and one reading a day of how far it is."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from services.registry.models import LegacyApp


class Aim(models.Model):
    """How many apps may be left by when, and how many functions the portal is to carry. The newest counts."""

    set_at = models.DateTimeField(default=timezone.now)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    apps_at_start = models.PositiveIntegerField()  # not retired on the day it was set
    apps = models.PositiveIntegerField()
    functions = models.PositiveIntegerField()
    due_on = models.DateField()

    class Meta:
        get_latest_by = ["set_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(apps__lte=F("apps_at_start")), name="aim_is_no_more_than_at_its_start"),
        ]

    def __str__(self) -> str:
        return f"{self.apps} apps by {self.due_on}"


class BlockerQuerySet(models.QuerySet["Blocker"]):
    def open(self) -> BlockerQuerySet:
        """Those that still stand in the way, oldest first."""
        return self.filter(closed_at=None).order_by("opened_at", "pk")


class Blocker(models.Model):
    """Something that must be out of the way before an app can be switched off."""

    app = models.ForeignKey(LegacyApp, on_delete=models.CASCADE, related_name="blockers")
    what = models.CharField(_("what is in the way"), max_length=300)
    owner = models.CharField(_("who clears it"), max_length=100)  # a team or an office
    opened_at = models.DateTimeField(default=timezone.now)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=300, blank=True, default="")  # how it was cleared

    objects = BlockerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(what="") & ~Q(owner=""), name="blocker_says_what_and_whose"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by__isnull=True, outcome="")
                | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="blocker_closed_says_how",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("opened_at")),
                name="blocker_closes_after_it_opened",
            ),
        ]
        indexes = [models.Index(fields=["app"], condition=Q(closed_at=None), name="blocker_open_of_app")]

    def __str__(self) -> str:
        return self.what

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class Reading(models.Model):
    """How far consolidation was on one day (Hong Kong time)."""

    on = models.DateField(unique=True)
    apps_live = models.PositiveIntegerField()
    apps_consolidating = models.PositiveIntegerField()
    apps_retired = models.PositiveIntegerField()
    functions_published = models.PositiveIntegerField()

    class Meta:
        ordering = ["on"]
        get_latest_by = "on"

    def __str__(self) -> str:
        return f"{self.on}: {self.apps_live + self.apps_consolidating} apps"
