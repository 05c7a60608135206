"""Codes and tokens: issued, redeemed by one statement, revoked with their family, and looked up at each use."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from identity import statements
from identity.accounts.models import User
from identity.consent.models import Consent
from identity.provider import consents, lifetimes
from identity.provider.models import (
    AccessToken,
    AuthorizationCode,
    Client,
    RefreshToken,
    TokenFamily,
    digest,
)
from identity.security import logger, pseudonym

_FAMILY = ("family", "family.client", "family.person")  # what comes with a code or token


def new() -> str:
    """A code or token: 256 random bits."""
    return secrets.token_urlsafe(32)


# --- Codes --------------------------------------------------------------------------------------------
_REDEEM_CODE = """
    UPDATE provider_authorizationcode AS code SET used_at = %s
    FROM provider_tokenfamily AS family
    WHERE code.digest = %s AND family.id = code.family_id AND family.client_id = %s AND code.used_at IS NULL
    RETURNING code.id"""


def issue_code(family: TokenFamily, *, redirect_uri: str, nonce: str, challenge: str, dpop_jkt: str = "") -> str:
    """A code for a family that was just made; call it in the same transaction."""
    code = new()
    row = AuthorizationCode(
        digest=digest(code),
        family=family,
        redirect_uri=redirect_uri,
        nonce=nonce,
        code_challenge=challenge,
        dpop_jkt=dpop_jkt,
        expires_at=timezone.now() + lifetimes.CODE,
    )
    statements.insert(row)
    return code


def redeem_code(code: str, client: Client) -> AuthorizationCode | None:
    """The code, if it is this client's and nobody used it before; it is used now, whatever follows.

    A code that was used already ends everything that came of it (RFC 6749 section 4.1.2): somebody stole it.
    """
    row = statements.first_row(_REDEEM_CODE, [timezone.now(), digest(code), client.pk])
    if row is not None:
        found = statements.find(AuthorizationCode, "it.id = %s", [row[0]], along=_FAMILY)
        assert found is not None
        is_over = found.expires_at <= timezone.now() or found.family.revoked_at is not None
        if is_over:
            logger.warning("code_expired", client=client.client_id, person=pseudonym(found.family.person))
        return None if is_over else found
    spent = statements.find(AuthorizationCode, "it.digest = %s", [digest(code)], along=_FAMILY)
    if spent is None:
        logger.warning("code_unknown", client=client.client_id)
    elif spent.family.client_id != client.pk:
        logger.warning("code_of_another_client", client=client.client_id, person=pseudonym(spent.family.person))
    else:
        logger.warning("code_replayed", client=client.client_id, person=pseudonym(spent.family.person))
        revoke(spent.family)
    return None


# --- Refresh tokens -----------------------------------------------------------------------------------
_REDEEM_REFRESH = "UPDATE provider_refreshtoken SET used_at = %s WHERE id = %s AND used_at IS NULL RETURNING 1"


def find_refresh(token: str) -> RefreshToken | None:
    """The refresh token, whatever became of it, with its family."""
    return statements.find(RefreshToken, "it.digest = %s", [digest(token)], along=_FAMILY)


def redeem_refresh(row: RefreshToken) -> bool:
    """Whether this is its first use; a second one ends the family (RFC 9700 section 4.14.2)."""
    if statements.first_row(_REDEEM_REFRESH, [timezone.now(), row.pk]) is not None:
        return True
    family = row.family
    logger.warning("refresh_token_replayed", client=family.client.client_id, person=pseudonym(family.person))
    revoke(family)
    return False


# --- Families -----------------------------------------------------------------------------------------
def issue(family: TokenFamily, *, scope: str, jkt: str, consent: Consent, with_refresh: bool) -> dict[str, Any]:
    """The members of a token answer (RFC 6749 section 5.1). The refresh token lasts no longer than the consent."""
    now = timezone.now()
    access = new()
    statements.insert(
        AccessToken(
            digest=digest(access),
            family=family,
            scope=scope,
            jkt=jkt,
            created_at=now,
            expires_at=now + lifetimes.ACCESS_TOKEN,
        )
    )
    answer: dict[str, Any] = {
        "access_token": access,
        "token_type": "DPoP" if jkt else "Bearer",
        "expires_in": int(lifetimes.ACCESS_TOKEN.total_seconds()),
        "scope": scope,
    }
    if with_refresh:
        answer["refresh_token"] = _issue_refresh(family, jkt, now=now, until=consent.until)
    return answer


def _issue_refresh(family: TokenFamily, jkt: str, *, now: datetime, until: datetime | None) -> str:
    token = new()
    is_public = family.client.kind == Client.Kind.PUBLIC
    statements.insert(
        RefreshToken(
            digest=digest(token),
            family=family,
            jkt=jkt if is_public else "",  # RFC 9449 section 5: a confidential client proves itself anyway
            created_at=now,
            expires_at=min(now + lifetimes.REFRESH_TOKEN, until or datetime.max.replace(tzinfo=UTC)),
        )
    )
    return token


def revoke(family: TokenFamily) -> None:
    """End a family: every code and token of it is refused from now on."""
    TokenFamily.objects.filter(pk=family.pk, revoked_at=None).update(revoked_at=timezone.now())


def revoke_session(session: UUID, *, keep_offline: bool = True) -> int:
    """End what came of one web session when it ends; `offline_access` outlives it, which is what it was given for."""
    rows = TokenFamily.objects.filter(session=session, revoked_at=None)
    if keep_offline:
        rows = rows.exclude(scope__regex=r"(^| )offline_access( |$)")
    return rows.update(revoked_at=timezone.now())


# --- Access tokens at their use --------------------------------------------------------------------------
@dataclass(frozen=True)
class Bearer:
    """An access token that is good now, and what it is good for."""

    token_id: UUID
    family: TokenFamily
    scope: str
    jkt: str
    created_at: datetime
    expires_at: datetime
    allowed: tuple[str, ...]  # claims that the person gives this client now

    @property
    def client(self) -> Client:
        return self.family.client

    @property
    def person(self) -> User:
        return self.family.person

    @property
    def acr(self) -> str:
        """What the person had proved when they let the client have it."""
        return self.family.acr

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split())


_GOOD = "it.digest = %s AND it.revoked_at IS NULL AND it.expires_at > %s"


def find_access(token: str) -> Bearer | None:
    """The token if it is good now: not expired, nor revoked with its family; its client live, its person active, and
    its consent in force. Asked anew at each use, so that a withdrawal counts at once.
    """
    now = timezone.now()
    row = statements.find(AccessToken, _GOOD, [digest(token), now], along=_FAMILY)
    if row is None or row.family.revoked_at is not None or not _is_usable(row.family):
        return None
    allowed = consents.allowed(row.family.client, row.family.person, row.scope, now=now)
    if allowed is None:
        return None
    return Bearer(row.pk, row.family, row.scope, row.jkt, row.created_at, row.expires_at, allowed)


def _is_usable(family: TokenFamily) -> bool:
    return family.client.state in Client.USABLE and family.person.is_active


def revoke_access(token: str, client: Client) -> bool:
    """End one access token of this client; False if the client has none like it."""
    rows = AccessToken.objects.filter(digest=digest(token), family__client=client)
    return rows.update(revoked_at=timezone.now()) > 0


def new_family(
    *, client: Client, person: User, consent: Consent, scope: str, claims: Any, session: UUID | None, sid: str,
    acr: str, amr: tuple[str, ...], auth_time: datetime,
) -> TokenFamily:  # fmt: skip
    """Begin a family: a person let a client have tokens, after having proved who they are."""
    family = TokenFamily(
        id=uuid.uuid4(),
        client=client,
        person=person,
        consent=consent,
        scope=scope,
        claims=claims,
        session=session,
        sid=sid,
        acr=acr,
        amr=list(amr),
        auth_time=auth_time,
        created_at=timezone.now(),
    )
    statements.insert(family)
    return family
