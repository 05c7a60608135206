"""A person with a log-in."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """One person; citizens, officers and operations alike. What they may do is decided elsewhere."""

    class Assurance(models.TextChoices):
        NONE = "none", _("nobody has checked who this is")
        BASIC = "basic", _("identity verified")
        PLUS = "plus", _("identity verified, and signed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    news_count = 0  # looks and answers not seen yet, as AccountBackend read it with the person of a session

    assurance = models.CharField(max_length=10, choices=Assurance, default=Assurance.NONE)  # how far it was verified

    def __str__(self) -> str:
        return self.get_full_name() or self.username
