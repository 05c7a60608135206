"""What operations keeps of its own: what browsers report about pages that broke the content security policy."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class PolicyReport(models.Model):
    """One kind of violation, however often it was reported. It names nobody: no address, no browser, no contents."""

    digest = models.CharField(max_length=64, primary_key=True)  # SHA-256 of the three that follow
    view = models.CharField(max_length=100)  # the name of the page, as in our own addresses; "unknown" otherwise
    directive = models.CharField(max_length=40)
    blocked = models.CharField(max_length=120)  # inline, eval, data, or scheme and host
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-last_at"]
        indexes = [models.Index(fields=["last_at"], name="control_policyreport_last")]
        constraints = [
            models.CheckConstraint(condition=~Q(directive="") & ~Q(blocked=""), name="control_policyreport_says_what")
        ]

    def __str__(self) -> str:
        return f"{self.directive} {self.blocked}"
