"""Asking about a token (RFC 7662), and taking it back (RFC 7009)."""

from dataclasses import dataclass
from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from django.utils import timezone

from identity.provider import client_authentication, consents, subjects, tokens
from identity.provider.errors import InvalidClient, InvalidRequest
from identity.provider.issuer import issuer
from identity.provider.limits import check
from identity.provider.models import Client, RefreshToken
from identity.provider.oauth_request import ProviderRequest
from identity.provider.tokens import Bearer
from identity.security import logger


@dataclass(frozen=True)
class _Found:
    """A token that is good now; nothing else is ever told of."""

    access: Bearer | None = None
    refresh: RefreshToken | None = None

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return False


def _token_of(request: ProviderRequest) -> str:
    token = request.form.get("token")
    if not token:
        raise InvalidRequest("The token is missing")
    return str(token)


class Introspection(IntrospectionEndpoint):
    """A client learns of its own tokens alone: of any other it hears that they are not active."""

    def authenticate_endpoint_client(self, request: ProviderRequest) -> Client:
        client = client_authentication.authenticate(request)
        if client.kind == Client.Kind.PUBLIC:
            raise InvalidClient("Only a confidential client may ask about tokens", status_code=401)
        check(client, "introspection")
        return client

    def authenticate_token(self, request: ProviderRequest, client: Client) -> _Found | None:
        token = _token_of(request)
        found = self._find(token)
        family = (found.access or found.refresh).family if found else None  # type: ignore[union-attr]
        if family is not None and not family.check_client(client):
            logger.warning("token_of_another_client", client=client.client_id)
            return None
        return found

    def _find(self, token: str) -> _Found | None:
        """Whatever the hint says (RFC 7662 section 2.1): looking in both places costs one query more."""
        if access := tokens.find_access(token):
            return _Found(access=access)
        row = tokens.find_refresh(token)
        now = timezone.now()
        if row is None or row.used_at or row.expires_at <= now or row.family.revoked_at:
            return None
        return (
            _Found(refresh=row)
            if consents.allowed(row.family.client, row.family.person, row.family.scope, now=now) is not None
            else None
        )

    def introspect_token(self, token: _Found) -> dict[str, Any]:
        row = token.access or token.refresh
        assert row is not None
        family = row.family
        told = {
            "active": True,
            "iss": issuer(),
            "client_id": family.client.client_id,
            "aud": family.client.client_id,
            "sub": subjects.sub(family.client.sector_identifier, family.person_id),
            "scope": token.access.scope if token.access else family.scope,
            "iat": int(row.created_at.timestamp()),
            "exp": int(row.expires_at.timestamp()),
            "acr": family.acr,
            "auth_time": int(family.auth_time.timestamp()),  # RFC 9470 section 6.2
        }
        if token.access:
            told["token_type"] = "DPoP" if row.jkt else "Bearer"
        if row.jkt:
            told["cnf"] = {"jkt": row.jkt}
        return told


class Revocation(RevocationEndpoint):
    """A client ends its own tokens alone. A refresh token takes all of its family with it (RFC 7009 section 2.1)."""

    def create_endpoint_response(self, request: ProviderRequest) -> Any:
        client = client_authentication.authenticate(request)
        check(client, "revocation")
        token = _token_of(request)
        row = tokens.find_refresh(token)
        if row is not None and row.family.check_client(client):
            tokens.revoke(row.family)
        elif not tokens.revoke_access(token, client):  # unknown, or another's: the answer is the same (section 2.2)
            logger.warning("revocation_of_unknown_token", client=client.client_id)
        return 200, {}, default_json_headers
