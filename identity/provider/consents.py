"""What a person allows one client: a consent to its department under the client's own id, never another client's.

A consent's fields are claims, and the scopes that stand for no claim. What a person left out stands in its wording, so
that they are not asked again each time.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from identity import statements
from identity.accounts.models import User
from identity.consent import flows
from identity.consent.models import Consent
from identity.provider.claims import NAMES
from identity.provider.models import LANGUAGES, Client

BEYOND: dict[str, str | Promise] = {  # scopes that allow something, but name no claim
    "offline_access": _("To stay signed in, also while you are away"),
    "calls": _("To send forms to departments in your name, and to read their answers"),
}

_ALLOWED = """
    SELECT fields FROM consent_consent
    WHERE person_id = %s AND recipient = %s AND purpose = %s AND ended_at IS NULL AND (until IS NULL OR until > %s)
    AND fields @> %s::varchar[]"""


def in_force(client: Client, person: User) -> Consent | None:
    """What this person allows this client now."""
    return flows.in_force(person, recipient=client.department, purpose=client.client_id)


def covers(consent: Consent | None, scopes: Iterable[str], fields: Iterable[str]) -> bool:
    """Whether all of it was asked before, and so need not be asked again."""
    return consent is not None and _parts(scopes, fields) <= {*consent.fields, *_declined(consent)}


def allowed(client: Client, person: User, scope: str, *, now: datetime) -> tuple[str, ...] | None:
    """The claims that the person gives the client now; None if no consent in force covers the scope. One query."""
    needed = sorted(_parts(scope.split(), ()))
    row = statements.first_row(_ALLOWED, [person.pk, client.department, client.client_id, now, needed])
    return None if row is None else tuple(row[0])


@transaction.atomic
def give(
    client: Client, person: User, *, scopes: Iterable[str], fields: Iterable[str], declined: Iterable[str] = ()
) -> Consent:
    """A new consent in the place of the one before; what that one allowed besides stays allowed."""
    User.objects.select_for_update(no_key=True, of=("self",)).get(pk=person.pk)  # two tabs that both say yes
    before = in_force(client, person)
    given, left_out = _parts(scopes, fields), set(declined)
    kept = (given | set(before.fields if before else ())) - left_out
    return flows.give(
        person,
        recipient=client.department,
        recipient_names=client.words("department_name"),
        purpose=client.client_id,
        purpose_names=client.words("name"),
        fields=kept,
        until=timezone.now() + timedelta(days=client.consent_days),
        wording={
            "why": client.words("purpose"),
            "fields": {name: _titles(name) for name in sorted(kept)},
            "declined": sorted((left_out | set(_declined(before))) - given),
        },
    )


def withdraw(client: Client, person: User) -> None:
    """End it now: every token that rests on it is refused from its next use on."""
    if consent := in_force(client, person):
        flows.withdraw(consent)


def end_all(client: Client) -> None:
    """What anybody allows a client that is no more ends with it."""
    given = Consent.objects.filter(recipient=client.department, purpose=client.client_id, ended_at=None)
    given.update(ended_at=timezone.now(), ended_by=Consent.End.REPLACED)


def _parts(scopes: Iterable[str], fields: Iterable[str]) -> set[str]:
    return {*fields, *(scope for scope in scopes if scope in BEYOND)}


def _declined(consent: Consent | None) -> list[str]:
    found: Any = consent.wording.get("declined", []) if consent else []
    return list(found)


def _titles(name: str) -> dict[str, str]:
    """What was shown, by language code."""
    title = {**NAMES, **BEYOND}[name]
    told = {}
    for language in (each.replace("_", "-") for each in LANGUAGES):
        with translation.override(language):
            told[language] = str(title)
    return told
