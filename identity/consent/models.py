"""The disclosure log: every time a person's data left for a department."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied
from django.db import models


class DisclosureQuerySet(models.QuerySet["Disclosure"]):
    def of(self, person: Any) -> "DisclosureQuerySet":
        """The person's own, newest first."""
        return self.filter(person=person).order_by("-at")


class Disclosure(models.Model):
    """One time that data left: which fields, to whom, why, when. Written once, never changed."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    recipient = models.CharField(max_length=30)  # department code
    recipient_names = models.JSONField()  # as they were then, by language code
    purpose_names = models.JSONField()  # the function's name as it was then, by language code
    fields = ArrayField(models.CharField(max_length=100))
    receipt = models.CharField(max_length=20)
    at = models.DateTimeField()

    objects = DisclosureQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["person", "-at"], name="disclosure_of_person")]

    def __str__(self) -> str:
        return f"{self.receipt} to {self.recipient}"

    def save(self, *args: object, **kwargs: object) -> None:
        if not self._state.adding:
            raise PermissionDenied("A disclosure is never changed.")
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        raise PermissionDenied("A disclosure is never deleted.")
