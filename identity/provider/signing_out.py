"""What a sign-out means for departments: which of them have to hear of it, and which tokens end with it."""

from collections.abc import Iterable, Sequence
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language

from identity.accounts.models import User
from identity.provider import subjects, tasks, tokens
from identity.provider.models import LogoutDelivery, TokenFamily


@transaction.atomic
def sessions_ended(names: Sequence[UUID]) -> None:
    """Note whom to tell that these sessions ended, and end the tokens that came of them, `offline_access` excepted.

    Safe to call twice: a department is told once of each session.
    """
    families = list(TokenFamily.objects.filter(session__in=names).select_related("client"))
    for name in names:
        tokens.revoke_session(name)
    _note(families)


@transaction.atomic
def person_left(person: User) -> None:
    """The same for everything that a person has anywhere, `offline_access` included: they delete their account, or
    somebody else may have known their password. Call it before the person's rows go.
    """
    families = list(TokenFamily.objects.filter(person=person, revoked_at=None).select_related("client"))
    TokenFamily.objects.filter(person=person, revoked_at=None).update(revoked_at=timezone.now())
    _note(families)


def names_of_departments(names: Sequence[UUID]) -> dict[UUID, list[str]]:
    """What to call the sites that each session signed in to, in the reader's language."""
    language = get_language() or "en"
    found: dict[UUID, dict[UUID, str]] = {}
    for family in TokenFamily.objects.filter(session__in=names).select_related("client").order_by("created_at"):
        said = family.client.words("name")
        assert family.session is not None
        found.setdefault(family.session, {})[family.client_id] = said.get(language) or said["en"]
    return {name: list(sites.values()) for name, sites in found.items()}


def _note(families: Iterable[TokenFamily]) -> None:
    """One row for each client and session that has an address for it and was not told yet."""
    now = timezone.now()
    rows: dict[tuple[UUID, str], LogoutDelivery] = {}
    for family in families:
        client = family.client
        if not client.backchannel_logout_uri or (client.backchannel_logout_session_required and not family.sid):
            continue
        sub = subjects.sub(client.sector_identifier, family.person_id)
        rows[client.pk, family.sid or sub] = LogoutDelivery(
            client=client, sub=sub, sid=family.sid, created_at=now, next_attempt_at=now
        )
    known = LogoutDelivery.objects.filter(client__in={client for client, _sid in rows}).exclude(sid="")
    told = set(known.filter(sid__in=[row.sid for row in rows.values()]).values_list("client_id", "sid"))
    made = [row for row in rows.values() if (row.client_id, row.sid) not in told]
    LogoutDelivery.objects.bulk_create(made)
    for row in made:
        transaction.on_commit(partial(tasks.ring, row.pk))
