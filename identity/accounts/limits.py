"""How long a session lasts: in all, and while nobody uses it; and how long its surer proofs hold.

Times come from the row of the session in the database, so that they hold for all its pages alike. Limits are settings:
SIGNED_IN_SECONDS and SIGNED_IN_IDLE_SECONDS end the session, PLUS_SECONDS and PLUS_IDLE_SECONDS only what it proves
beyond `basic` (NIST SP 800-63B-4 sections 2.2.3 and 5.2).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from identity.statements import execute

WRITTEN_EVERY = timedelta(minutes=1)  # so seldom is the last use written
USED = """
UPDATE usersessions_usersession
SET data = CASE WHEN last_seen_at < %s THEN jsonb_set(data, '{rested_at}', to_jsonb(%s::float8)) ELSE data END,
    last_seen_at = %s
WHERE session_key = %s AND last_seen_at < %s
"""
View = Callable[..., Any]


@dataclass(frozen=True)
class Use:
    """When a session was begun by signing in, when it was used last, and when it last came back from a rest."""

    began_at: datetime
    last_at: datetime
    rested_at: datetime | None = None  # a rest is longer than PLUS_IDLE_SECONDS
    notice: str = ""  # of which sign-in from a new device its pages tell: identity.accounts.sign_ins


def ends_at(use: Use, *, now: datetime) -> datetime:
    """When the session ends if nothing more is done in it from now on."""
    idle = now + timedelta(seconds=settings.SIGNED_IN_IDLE_SECONDS)
    return min(idle, use.began_at + timedelta(seconds=settings.SIGNED_IN_SECONDS))


def is_over(use: Use, *, now: datetime) -> bool:
    """Whether the session has ended: too old, or too long unused."""
    return now >= ends_at(use, now=use.last_at)


def plus_holds(proved_at: datetime, use: Use | None, *, now: datetime) -> bool:
    """Whether what was proved then, beyond `basic`, still counts."""
    if now - proved_at >= timedelta(seconds=settings.PLUS_SECONDS):
        return False
    if use is None:
        return True
    is_rested = use.rested_at is not None and use.rested_at > proved_at
    unused = now - max(use.last_at, proved_at)
    return not is_rested and unused < timedelta(seconds=settings.PLUS_IDLE_SECONDS)


def unattended(view: View) -> View:
    """Marks a view that pages ask for by themselves: it does not count as use of the session."""
    view.is_unattended = True  # type: ignore[attr-defined]
    return view


class NoteUse:
    """Middleware that writes when a session was used last, at most once a minute; it never reads."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        use: Use | None = getattr(request.session, "use", None)
        if use is not None and not _is_unattended(request):
            note_use(request.session.session_key, use, now=timezone.now())
        return response


def note_use(key: str | None, use: Use, *, now: datetime) -> None:
    """Write that the session of this key is used now, and whether it had rested; nothing if it was just written."""
    if key is None or now - use.last_at < WRITTEN_EVERY:
        return
    rest = now - timedelta(seconds=settings.PLUS_IDLE_SECONDS)
    execute(USED, [rest, now.timestamp(), now, key, now - WRITTEN_EVERY])


def use_of(
    began_at: datetime | None, last_at: datetime | None, rested_at: str | None, notice: str | None
) -> Use | None:
    """As the database gives it; None for a session in which nobody has signed in."""
    if began_at is None or last_at is None:
        return None
    rested = datetime.fromtimestamp(float(rested_at), UTC) if rested_at else None
    return Use(began_at, last_at, rested, notice or "")


def _is_unattended(request: HttpRequest) -> bool:
    match = request.resolver_match
    view = getattr(match.func, "cls", match.func) if match else None
    return bool(getattr(view, "is_unattended", False))
