"""Staff who look at a person's data: each look is a line that the person reads at once, or when a rule says so."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from identity import statements
from identity.accounts.models import User
from identity.consent import flows, news
from identity.consent.models import Disclosure, HidingRule

AGAIN_AFTER = timedelta(hours=1)


@transaction.atomic
def note(
    *,
    person: User | None,
    for_person: User | None = None,
    actor: User,
    recipient: str,
    recipient_names: dict[str, str],
    purpose: str,
    purpose_names: dict[str, str],
    reference: str,
    fields: Iterable[str] = (),
    at: datetime,
) -> Disclosure | None:
    """Write that the officer looked at what the reference names; without fields, at its record alone.

    Once an hour for the same officer, reference and kind of look: then None. Call it before the page is shown.
    """
    names = sorted(fields)
    statements.first_row("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{actor.pk} {reference}"])
    lately = Disclosure.objects.filter(
        actor=actor, kind=Disclosure.Kind.OFFICER, reference=reference, fields=names, at__gt=at - AGAIN_AFTER
    )
    if lately.exists():
        return None
    rule = HidingRule.objects.filter(recipient=recipient, purpose=purpose).first()
    visible_from = shown_from(rule, at)
    line = flows.disclose(
        person=person, for_person=for_person, actor=actor, kind=Disclosure.Kind.OFFICER, recipient=recipient,
        recipient_names=recipient_names, purpose=purpose, purpose_names=purpose_names, fields=names,
        reference=reference, ground=rule.reason if rule and visible_from > at else "", at=at, visible_from=visible_from,
    )  # fmt: skip
    if visible_from <= at:
        news.tell(person, for_person)
    return line


def shown_from(rule: HidingRule | None, at: datetime) -> datetime:
    """When the person may read of a look at that moment: at once without a rule, and never after its latest day."""
    if rule is None:
        return at
    latest = datetime.combine(rule.latest_on, time(), tzinfo=timezone.get_default_timezone())
    return max(at, min(at + timedelta(days=rule.days), latest))
