"""Devices without a keyboard or a browser: a code on their screen, which a person types in elsewhere (RFC 8628)."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from authlib.oauth2.rfc6749.errors import UnauthorizedClientError
from authlib.oauth2.rfc8628 import DEVICE_CODE_GRANT_TYPE, AuthorizationPendingError, DeviceCodeGrant, SlowDownError
from authlib.oauth2.rfc8628.errors import ExpiredTokenError
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation

from identity import statements
from identity.accounts.authentication import Authentication
from identity.accounts.models import User
from identity.provider import claims, client_authentication, consents, tokens
from identity.provider.errors import AccessDenied, InvalidGrant, InvalidRequest, InvalidScope
from identity.provider.grants import FamilyGrant
from identity.provider.limits import check
from identity.provider.models import Client, DeviceCode, digest
from identity.provider.oauth_request import ProviderRequest
from identity.security import logger, pseudonym

LASTS = timedelta(minutes=10)
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # section 6.1: no vowels, so no words; 20^8 codes
PAGE = "web:account-device"

_POLL = """
    UPDATE provider_devicecode AS code SET polled_at = %(now)s, interval_seconds = CASE
        WHEN before.polled_at + before.interval_seconds * interval '1 second' > %(now)s
        THEN least(before.interval_seconds + 5, 600) ELSE before.interval_seconds END
    FROM (SELECT id, polled_at, interval_seconds FROM provider_devicecode WHERE id = %(id)s FOR UPDATE) AS before
    WHERE code.id = before.id RETURNING code.interval_seconds > before.interval_seconds"""
_REDEEM = """
    UPDATE provider_devicecode SET used_at = %s
    WHERE id = %s AND state = 'approved' AND used_at IS NULL AND expires_at > %s RETURNING family_id"""
_ANSWER = """
    UPDATE provider_devicecode SET state = %s, family_id = %s
    WHERE id = %s AND state = 'waiting' AND expires_at > %s RETURNING id"""


# --- The device asks -------------------------------------------------------------------------------------
def begin(request: ProviderRequest) -> dict[str, Any]:
    """What the device shows and keeps (section 3.2). Raises OAuth2Error."""
    client = client_authentication.authenticate(request)
    check(client, "device")
    if not client.check_grant_type(DEVICE_CODE_GRANT_TYPE):
        raise UnauthorizedClientError("This client may not use device codes")
    scopes = [
        name for name in client.get_allowed_scope(request.form.get("scope") or "").split() if name in claims.SCOPES
    ]
    if not scopes:
        raise InvalidScope("None of the scopes is registered for this client")
    code, user_code, now = tokens.new(), _new_user_code(), timezone.now()
    row = DeviceCode(
        digest=digest(code), user_code_digest=digest(user_code), client=client, scope=" ".join(scopes),
        created_at=now, expires_at=now + LASTS,
    )  # fmt: skip
    statements.insert(row)
    with translation.override(settings.LANGUAGE_CODE):
        page = f"{settings.BASE_URL}{reverse(PAGE)}"
    shown = f"{user_code[:4]}-{user_code[4:]}"
    return {
        "device_code": code,
        "user_code": shown,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?{urlencode({'user_code': shown})}",
        "expires_in": int(LASTS.total_seconds()),
        "interval": row.interval_seconds,
    }


def _new_user_code() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(8))


class DeviceGrant(FamilyGrant, DeviceCodeGrant):
    """What the device's polling gets (section 3.4): one use, by one statement."""

    def validate_token_request(self) -> None:
        code = self.request.form.get("device_code")
        if not code:
            raise InvalidRequest("The device_code is missing")
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("This client may not use device codes")
        row = DeviceCode.objects.select_related("family__person", "family__client").filter(digest=digest(code)).first()
        if row is None or row.client_id != client.pk:
            logger.warning("device_code_not_theirs", client=client.client_id)
            raise InvalidGrant("The device_code is unknown")
        self._redeem(row, client)
        self.request.client, self.request.family = client, row.family

    def _redeem(self, row: DeviceCode, client: Client) -> None:
        now = timezone.now()
        if row.used_at is not None:
            self._replayed(row, client)
        if row.expires_at <= now:
            raise ExpiredTokenError("The device_code has expired")
        if row.state == DeviceCode.State.DENIED:
            raise AccessDenied()
        if row.state == DeviceCode.State.WAITING:
            is_hasty = statements.first_row(_POLL, {"now": now, "id": row.pk})[0]
            raise SlowDownError() if is_hasty else AuthorizationPendingError()
        if row.family is None or row.family.revoked_at is not None or not row.family.person.is_active:
            raise InvalidGrant("The person no longer allows this")
        if statements.first_row(_REDEEM, [now, row.pk, now]) is None:
            self._replayed(row, client)

    def _replayed(self, row: DeviceCode, client: Client) -> None:
        """Somebody has the code besides the device: everything that came of it ends."""
        assert row.family is not None
        logger.warning("device_code_replayed", client=client.client_id, person=pseudonym(row.family.person))
        tokens.revoke(row.family)
        raise InvalidGrant("The device_code was used before")

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        family, client = self.request.family, self.request.client
        assert family is not None
        assert client is not None
        token = self.generate_token(
            user=family.person, scope=family.scope, include_refresh_token=client.check_grant_type("refresh_token")
        )
        return 200, token, self.TOKEN_RESPONSE_HEADER


# --- The person answers ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Asked:
    """A device that waits, and what it would get."""

    pk: UUID
    client: Client
    scope: str

    @property
    def fields(self) -> list[str]:
        """The claims that the person is asked for."""
        return claims.fields(self.scope.split(), {}, self.client.scopes)

    @property
    def beyond(self) -> list[str]:
        """Scopes that allow something, but name no claim."""
        return [name for name in self.scope.split() if name in consents.BEYOND]


def waiting(typed: str) -> Asked | None:
    """The device with that code on its screen, however it was typed (section 6.1)."""
    code = "".join(letter for letter in typed.upper() if letter in LETTERS)
    if len(code) != 8:
        return None
    rows = DeviceCode.objects.select_related("client").filter(
        user_code_digest=digest(code), state=DeviceCode.State.WAITING, expires_at__gt=timezone.now(),
        client__state=Client.State.LIVE,
    )  # fmt: skip
    row = rows.first()
    return Asked(row.pk, row.client, row.scope) if row else None


@transaction.atomic
def approve(asked: Asked, person: User, *, proved: Authentication) -> bool:
    """Let the device have its tokens; False if somebody answered already, or it is too late."""
    scopes = asked.scope.split()
    given = consents.give(asked.client, person, scopes=scopes, fields=asked.fields)
    family = tokens.new_family(
        client=asked.client, person=person, consent=given, scope=asked.scope, claims={}, session=None, sid="",
        acr=proved.acr, amr=proved.amr, auth_time=proved.at,
    )  # fmt: skip
    values = [DeviceCode.State.APPROVED, family.pk, asked.pk, timezone.now()]
    if statements.first_row(_ANSWER, values) is None:
        transaction.set_rollback(True)
        return False
    logger.info("device_approved", client=asked.client.client_id, person=pseudonym(person))
    return True


def deny(asked: Asked) -> bool:
    """Refuse it; False if somebody answered already, or it is too late."""
    return statements.first_row(_ANSWER, [DeviceCode.State.DENIED, None, asked.pk, timezone.now()]) is not None
