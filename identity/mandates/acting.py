"""For whom the person of a session acts. The session keeps the mandate's key only: each use asks the database."""

import uuid
from typing import cast

from django.http import HttpRequest
from django.utils import timezone

from identity.accounts.models import User
from identity.mandates.errors import NotUsable
from identity.mandates.flows import refuse_use
from identity.mandates.models import Mandate

KEY = "mandate"
HEADER = "Ferry-Acting-For"
_READ = "_acting"


def of(request: HttpRequest) -> Mandate | None:
    """The mandate under which this request acts, if it is in force now. One query a request, and none for the others.

    None also while the session still names one that is over: see `settled`, which does not let that pass.
    """
    return _read(request)[0]


def settled(request: HttpRequest) -> Mandate | None:
    """As `of`; raises NotUsable if the request means to act for somebody and may not (any more).

    Whatever is somebody's own (drafts, files, calls) is reached through this, so that nothing meant for one
    person is ever done for another.
    """
    mandate, reason, named = _read(request)
    if reason:
        refuse_use(reason, request.user if isinstance(request.user, User) else None, named)
    return mandate


def lost(request: HttpRequest) -> Mandate | None:
    """The person's own mandate that the session still names though it is not in force; for the page that says so."""
    _mandate, reason, named = _read(request)
    return named if reason else None


def is_asked_for(request: HttpRequest) -> bool:
    """Whether this request names a mandate, in force or not."""
    return bool(_named(request))


def start(request: HttpRequest, mandate: Mandate) -> Mandate:
    """From now on this session acts under it. Raises NotUsable unless it is the person's own and in force."""
    request.session[KEY] = str(mandate.pk)
    vars(request).pop(_READ, None)
    try:
        found = settled(request)
    except NotUsable:
        stop(request)
        raise
    assert found is not None
    return found


def stop(request: HttpRequest) -> None:
    """From now on this session acts for its own person."""
    request.session.pop(KEY, None)
    vars(request).pop(_READ, None)


def owner(mandate: Mandate) -> str:
    """Whose drafts, files and calls these are: of the two together, so that nothing mixes. 70 characters."""
    assert mandate.agent_id is not None
    assert mandate.principal_id is not None
    return f"user:{mandate.agent_id.hex}/{mandate.principal_id.hex}"


def _named(request: HttpRequest) -> str:
    given = request.headers.get(HEADER)
    return str(request.session.get(KEY, "")) if given is None else given or "nobody's"  # an empty header is a mistake


def _read(request: HttpRequest) -> tuple[Mandate | None, str, Mandate | None]:
    """The mandate in force; or why there is none, and the person's own that was named."""
    person = request.user
    named = _named(request)
    if not named:
        return None, "", None
    kept = vars(request).get(_READ)
    if kept is None or kept[0] != (named, person.pk):
        kept = ((named, person.pk), _ask(named, person if isinstance(person, User) else None))
        vars(request)[_READ] = kept
    return cast(tuple[Mandate | None, str, Mandate | None], kept[1])


def _ask(named: str, person: User | None) -> tuple[Mandate | None, str, Mandate | None]:
    try:
        key = uuid.UUID(named)
    except ValueError:
        return None, "unknown", None
    found = Mandate.objects.filter(pk=key, agent=person).first() if person else None
    if found is None:
        return None, "unknown", None
    reason = found.obstacle(timezone.now())
    return (None, reason, found) if reason else (found, "", found)
