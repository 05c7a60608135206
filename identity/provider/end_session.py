"""Log-outs that a department's site asks for (OpenID Connect RP-Initiated Logout 1.0).

A hint that we signed, of the person and the session before us, is as good as the person's word. Anything less is a
question to the person; and nobody is sent anywhere but to an address that the client registered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError

from identity.provider import client_authentication, keys, subjects
from identity.provider.issuer import issuer
from identity.provider.models import Client
from identity.security import logger

LONGEST_HINT = 8000  # characters
LONGEST_OTHER = 2000


class Untrusted(Exception):
    """A request that is not even asked about: it may be a trick. `reason` is a literal, for the log and the page."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Logout:
    """What a site asks for: who it is, if it said so, where to go afterwards, and whom its hint is about."""

    client: Client | None = None
    return_to: str = ""  # a registered address with the state, or nothing
    sub: str = ""  # of a hint that we signed
    sid: str = ""

    def is_of(self, *, person: UUID, session: UUID | None) -> bool:
        """Whether the hint is about this person, and about this session if it names one."""
        if self.client is None or not self.sub:
            return False
        if self.sub != subjects.sub(self.client.sector_identifier, person):
            return False
        return not self.sid or (
            session is not None and self.sid == subjects.sid(session, self.client.sector_identifier)
        )


def read(given: Mapping[str, str]) -> Logout:
    """Section 2. Raises Untrusted."""
    if any(len(value) > (LONGEST_HINT if name == "id_token_hint" else LONGEST_OTHER) for name, value in given.items()):
        raise Untrusted("too_long")
    if any("\0" in value for value in given.values()):
        raise Untrusted("not_readable")
    hint = _hint(given.get("id_token_hint", ""))
    named = given.get("client_id", "")
    if hint and named and hint["aud"] != named:
        logger.warning("logout_hint_of_another_client")
        raise Untrusted("hint_of_another_client")
    client = client_authentication.find(str(hint["aud"]) if hint else named)
    if client is None and (hint or named):
        raise Untrusted("client_unknown")
    return Logout(client, _return_to(client, given), str(hint.get("sub", "")), str(hint.get("sid", "")))


def _hint(token: str) -> dict[str, Any]:
    """The claims of an ID token of ours, be it expired: the signature counts, the date does not (section 2)."""
    if not token:
        return {}
    try:
        claims = jwt.decode(token, keys.verifying(), algorithms=list(Client.Algorithm.values)).claims
    except (JoseError, ValueError):
        claims = {}
    if claims.get("iss") != issuer() or not isinstance(claims.get("aud"), str) or "events" in claims:
        logger.warning("logout_hint_forged")
        raise Untrusted("hint_not_ours")
    return dict(claims)


def _return_to(client: Client | None, given: Mapping[str, str]) -> str:
    """The address to go to, compared whole (section 3); its state beside it."""
    asked = given.get("post_logout_redirect_uri", "")
    if not asked:
        return ""
    if client is None or asked not in client.post_logout_redirect_uris:
        logger.warning("logout_redirect_refused", client=client.client_id if client else "unknown")
        raise Untrusted("post_logout_redirect_uri_unknown")
    parts = urlsplit(asked)
    state = urlencode({"state": given["state"]}) if given.get("state") else ""
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, state]))))
