"""Who somebody is to one sector: a `sub` and a `sid` that say nothing to any other sector."""

import base64
import hashlib
import hmac
import secrets
import uuid
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from identity import statements
from identity.accounts import open_sessions
from identity.provider.models import PairwiseSubject

SESSION = "provider_session"  # in the web session: the random name of it that families carry

_FIND = "SELECT sub FROM provider_pairwisesubject WHERE sector = %s AND person_id = %s"
_MAKE = """
    INSERT INTO provider_pairwisesubject (id, sector, person_id, sub) VALUES (%s, %s, %s, %s)
    ON CONFLICT (sector, person_id) DO NOTHING"""


def sub(sector: str, person: UUID) -> str:
    """The person's random subject in that sector, made at its first use (OpenID Connect Core 1.0 section 8.1)."""
    row = statements.first_row(_FIND, [sector, person])
    if row is None:
        statements.execute(_MAKE, [uuid.uuid4(), sector, person, secrets.token_urlsafe(24)])
        row = statements.first_row(_FIND, [sector, person])
    return str(row[0])


def person_of(sector: str, sub: str) -> UUID | None:
    """Whose subject that is."""
    return PairwiseSubject.objects.filter(sector=sector, sub=sub).values_list("person_id", flat=True).first()


def session_of(request: HttpRequest) -> UUID:
    """The random name of this web session; it is not the session's key, which is a secret.

    That of its sign-in, so that departments hear when it ends; else one of its own, made at its first use.
    """
    if (name := open_sessions.sid(request)) is not None:
        return name
    if SESSION not in request.session:
        request.session[SESSION] = str(uuid.uuid4())
    return UUID(request.session[SESSION])


def sid(session: UUID, sector: str) -> str:
    """The session as one sector knows it (OpenID Connect Back-Channel Logout 1.0 section 2.1)."""
    value = hmac.new(settings.SECRET_KEY.encode(), b"sid:" + session.bytes + sector.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(value[:18]).decode()
