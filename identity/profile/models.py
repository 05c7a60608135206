"""e-ME: the person's own data, each field with its source."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from identity.encryption import EncryptedJSONField


class ProfileField(models.Model):
    """One thing known of a person. Values are JSON: text, or an object for an address."""

    class Name(models.TextChoices):
        NAME_EN = "name_en", _("English name")
        NAME_ZH = "name_zh", _("Chinese name")
        HKID = "hkid", _("Identity card number")
        DATE_OF_BIRTH = "date_of_birth", _("Date of birth")
        PHONE = "phone", _("Phone number")
        EMAIL = "email", _("Email address")
        ADDRESS = "address", _("Address")

    class Source(models.TextChoices):
        IMMIGRATION = "immd", _("Immigration Department, identity card record")
        PERSON = "person", _("you told us")

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profile_fields")
    name = models.CharField(max_length=30, choices=Name)
    value: Any = EncryptedJSONField()
    source = models.CharField(max_length=20, choices=Source)
    checked_on = models.DateField(_("checked on"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "name"], name="profile_field_once_per_person"),
            models.CheckConstraint(
                condition=~models.Q(name__in=["hkid", "date_of_birth"]) | ~models.Q(source="person"),
                name="profile_identity_never_self_declared",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.source})"

    @property
    def is_verified(self) -> bool:
        """An authority vouches for it, so a form shows it and does not let it be changed."""
        return self.source != self.Source.PERSON
