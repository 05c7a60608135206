"""What a person allowed one client: given, asked for at each use, and withdrawn."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from identity.accounts.models import User
from identity.provider.models import Client, Grant


def in_force(client: Client, person: User) -> Grant | None:
    """What this person allows this client now; never what they allow another."""
    return Grant.objects.filter(client=client, person=person, ended_at=None, until__gt=timezone.now()).first()


def covers(grant: Grant | None, scopes: Iterable[str], fields: Iterable[str]) -> bool:
    """Whether all of it was asked before, and so need not be asked again."""
    if grant is None:
        return False
    return set(scopes) <= set(grant.scopes) and set(fields) <= {*grant.fields, *grant.declined}


@transaction.atomic
def give(
    client: Client, person: User, *, scopes: Iterable[str], fields: Iterable[str], declined: Iterable[str] = ()
) -> Grant:
    """A new consent in the place of the one before; what that one allowed besides stays allowed."""
    now = timezone.now()
    User.objects.select_for_update(of=("self",)).get(pk=person.pk)  # two tabs that both say yes: one after the other
    before = in_force(client, person)
    Grant.objects.filter(client=client, person=person, ended_at=None).update(ended_at=now)
    given, left_out = set(fields), set(declined)
    return Grant.objects.create(
        client=client,
        person=person,
        scopes=sorted({*scopes, *(before.scopes if before else ())}),
        fields=sorted((given | set(before.fields if before else ())) - left_out),
        declined=sorted((left_out | set(before.declined if before else ())) - given),
        given_at=now,
        until=now + timedelta(days=client.consent_days),
    )


def withdraw(client: Client, person: User) -> None:
    """End it now: every token that rests on it is refused from its next use on."""
    Grant.objects.filter(client=client, person=person, ended_at=None).update(ended_at=timezone.now())


def of(person: UUID) -> list[Grant]:
    """All that a person allows clients now, the latest first."""
    rows = Grant.objects.filter(person=person, ended_at=None, until__gt=timezone.now())
    return list(rows.select_related("client").order_by("-given_at"))
