"""Mandates for tests, made the way people make them."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from identity.accounts.models import User
from identity.mandates import flows
from identity.mandates.flows import Limits
from identity.mandates.models import Mandate

ACTS = ("read", "prepare", "submit")


def limits(*acts: str, days: float = 30, **named: Any) -> Limits:
    return Limits(acts or ACTS, timezone.now() + timedelta(days=days), **named)


def asked(agent: User, principal: User, *, kind: str = "parent", to: Limits | None = None) -> Mandate:
    """The agent has asked, and waits."""
    return flows.ask(by=agent, kind=kind, limits=to or limits(), address=principal.username)


def accepted(agent: User, principal: User, *, to: Limits | None = None) -> Mandate:
    """In force: the principal has accepted."""
    return flows.accept(asked(agent, principal, to=to), by=principal)


def expired(mandate: Mandate) -> Mandate:
    """As it is after its last day."""
    past = timezone.now() - timedelta(days=1)
    Mandate.objects.filter(pk=mandate.pk).update(valid_from=past - timedelta(days=9), valid_until=past)
    mandate.refresh_from_db()
    return mandate
