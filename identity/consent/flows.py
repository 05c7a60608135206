"""Noting that a person's data leaves or is looked at; giving, asking for and withdrawing a consent."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from identity import statements
from identity.accounts.models import User
from identity.consent import ledger
from identity.consent.models import Consent, Disclosure

Names = dict[str, str]


def disclose(
    *,
    person: User | None,
    recipient: str,
    recipient_names: Names,
    purpose_names: Names,
    fields: Iterable[str],
    kind: str = Disclosure.Kind.CALL,
    reference: str = "",
    ground: str = "",
    actor: User | None = None,
    for_person: User | None = None,
    at: datetime,
    purpose: str = "",
    visible_from: datetime | None = None,
    along: models.Model | None = None,
) -> Disclosure:
    """Write the log's line; call it in the transaction of the act, so that neither stands without the other.

    Or let its one statement write the new row that the act is: `along`.

    `person` acted or was looked at; `for_person` is whose data it is where they acted by a mandate, and the line stands
    in that one's chain. `actor` is the officer who looked. One statement. The person reads it from `visible_from` on.
    """
    line = Disclosure(
        kind=kind, person=person, for_person=for_person, actor=actor, recipient=recipient,
        recipient_names=recipient_names, purpose=purpose, purpose_names=purpose_names, fields=sorted(fields),
        ground=ground, reference=reference, at=at, visible_from=visible_from or at,
    )  # fmt: skip
    ledger.append(line, along=along)
    return line


@transaction.atomic
def give(
    person: User,
    *,
    recipient: str,
    purpose: str,
    fields: Iterable[str],
    until: datetime | None = None,
    recipient_names: Names | None = None,
    purpose_names: Names | None = None,
    wording: dict[str, Any] | None = None,
) -> Consent:
    """Note what the person allows, as it was worded to them; an earlier one for the same purpose ends with it."""
    User.objects.select_for_update(no_key=True, of=("self",)).get(pk=person.pk)  # one at a time for each person
    now = timezone.now()
    earlier = Consent.objects.filter(person=person, recipient=recipient, purpose=purpose, ended_at=None)
    earlier.update(ended_at=now, ended_by=Consent.End.REPLACED)
    return Consent.objects.create(
        person=person, recipient=recipient, recipient_names=recipient_names or {}, purpose=purpose,
        purpose_names=purpose_names or {}, wording=wording or {}, fields=sorted(set(fields)), given_at=now, until=until,
    )  # fmt: skip


_IN_FORCE = """
    it.person_id = %s AND it.recipient = %s AND it.purpose = %s
    AND it.ended_at IS NULL AND (it.until IS NULL OR it.until > %s)"""


def in_force(person: User, *, recipient: str, purpose: str) -> Consent | None:
    """The consent that holds now. Whoever relies on it asks at each use."""
    return statements.find(Consent, _IN_FORCE, [person.pk, recipient, purpose, timezone.now()])


def withdraw(consent: Consent) -> Consent:
    """End it at once. A second time, or one that was replaced, changes nothing."""
    open_one = Consent.objects.filter(pk=consent.pk, ended_at=None)
    open_one.update(ended_at=timezone.now(), ended_by=Consent.End.WITHDRAWN)
    consent.refresh_from_db()
    return consent
