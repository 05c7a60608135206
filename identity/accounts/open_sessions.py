"""Where a person is signed in, and ending it there.

A session has a name of its own, `sid`, that stays the same when its key changes (OpenID Connect Front-Channel Logout
1.0 section 3): the OpenID Provider remembers it with what it gave to departments, says here which departments those
are, and hears here when the session ends.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.http import HttpRequest

from identity.accounts.models import SignIn, User

SID = "sid"  # in the session: the id of the SignIn that began it
DEPARTMENTS: list[Callable[[Sequence[UUID]], dict[UUID, list[str]]]] = []  # names in the reader's language, by sid
WHEN_ENDED: list[Callable[[Sequence[UUID]], None]] = []  # told in the transaction that ends the sessions


@dataclass(frozen=True)
class OpenSession:
    """One place where somebody is signed in."""

    pk: int
    sid: UUID | None
    user_agent: str
    network: str  # the first half of the address, roughly
    began_at: datetime
    used_at: datetime
    is_this: bool
    departments: list[str]


def sid(request: HttpRequest) -> UUID | None:
    """The name of this session; None while nobody is signed in, or if it began before there were names."""
    named = request.session.get(SID) if request.user.is_authenticated else None
    return UUID(named) if named else None


def of(person: User, *, key: str | None) -> list[OpenSession]:
    """The person's sessions, this one (with that key) first, then the one used last."""
    rows = [row for row in UserSession.objects.filter(user=person) if not row.purge()]
    began = _sign_ins(rows)
    names = [found.pk for found in began.values()]
    departments: dict[UUID, list[str]] = {}
    for ask in DEPARTMENTS:
        departments |= ask(names)
    sessions = [
        OpenSession(
            pk=row.pk,
            sid=began[row.pk].pk if row.pk in began else None,
            user_agent=row.user_agent,
            network=began[row.pk].network if row.pk in began else "",
            began_at=row.created_at,
            used_at=row.last_seen_at,
            is_this=row.session_key == key,
            departments=departments.get(began[row.pk].pk, []) if row.pk in began else [],
        )
        for row in rows
    ]
    return sorted(sessions, key=lambda each: (not each.is_this, -each.used_at.timestamp()))


@transaction.atomic
def end(sessions: Iterable[UserSession]) -> int:
    """Sign out there; whoever is in WHEN_ENDED tells the departments. How many."""
    rows = list(sessions)
    names = [found.pk for found in _sign_ins(rows).values()]
    for row in rows:
        row.end()
    if names:
        for tell in WHEN_ENDED:
            tell(names)
    return len(rows)


def end_one(person: User, pk: int) -> int:
    """End that session of the person's; 0 if there is none."""
    return end(UserSession.objects.filter(user=person, pk=pk))


def end_others(person: User, *, key: str | None) -> int:
    """End all of the person's sessions but the one with that key."""
    return end(UserSession.objects.filter(user=person).exclude(session_key=key or ""))


def _sign_ins(rows: Iterable[UserSession]) -> dict[int, SignIn]:
    """By session."""
    begun = SignIn.objects.filter(session__in=[row.pk for row in rows], outcome=SignIn.Outcome.SIGNED_IN)
    return {found.session_id: found for found in begun.order_by("at") if found.session_id is not None}
