"""Lines of the disclosure log for tests."""

from typing import Any

from django.utils import timezone

from identity.accounts.models import User
from identity.consent.flows import disclose
from identity.consent.models import Disclosure


def note(person: User | None, **facts: Any) -> Disclosure:
    """A line about a call to the Transport Department."""
    names = {"en": "Transport Department", "zh-hant": "運輸署"}
    given: dict[str, Any] = {"recipient_names": names, "purpose_names": names, "at": timezone.now()}
    given |= {"recipient": "td", "fields": ["name_en", "phone"], "reference": "FRY-1"}
    return disclose(person=person, **{**given, **facts})
