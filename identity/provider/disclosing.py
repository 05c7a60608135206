"""Telling the disclosure log what an ID token or a userinfo answer carried."""

from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone

from identity.consent import flows
from identity.provider.models import TokenFamily

ALWAYS = {"sub", "updated_at", "email_verified", "phone_number_verified"}  # say nothing of the person by themselves


def disclosed(family: TokenFamily, names: Iterable[str], *, kind: str, consent: UUID | None = None) -> None:
    """One line if anything personal left; call it in the transaction of the answer. The ground is their consent."""
    fields = [name for name in names if name not in ALWAYS]
    if not fields:
        return
    client = family.client
    flows.disclose(
        kind=kind,
        person=family.person,
        recipient=client.department,
        recipient_names=client.words("department_name"),
        purpose_names=client.words("purpose"),
        fields=fields,
        ground=f"consent {consent or family.consent_id}",
        reference=str(family.pk),
        at=timezone.now(),
    )
