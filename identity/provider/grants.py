"""The grants of the token endpoint: Authlib's order of steps, redemption by one statement, families of tokens."""

from typing import Any

from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge
from django.utils import timezone

from identity.accounts.models import User
from identity.consent.models import Consent, Disclosure
from identity.provider import claims, client_authentication, consents, dpop, id_tokens, tokens
from identity.provider.disclosing import disclosed
from identity.provider.errors import InvalidDPoPProof, InvalidGrant, InvalidScope
from identity.provider.issuer import address
from identity.provider.limits import check
from identity.provider.models import AuthorizationCode, Client, RefreshToken, TokenFamily
from identity.provider.oauth_request import ProviderRequest
from identity.security import logger, pseudonym


class FamilyGrant:
    """What all our grants share: who the client is, DPoP, and tokens of the family in `request.family`.

    Mixed in before a grant of Authlib. A grant sets `request.family` before `generate_token` is called.
    """

    request: ProviderRequest

    def authenticate_token_endpoint_client(self) -> Client:
        client = client_authentication.authenticate(self.request)
        check(client, "token")
        self.request.jkt = self._proved_key(client)
        return client

    def _proved_key(self, client: Client) -> str:
        proof = self.request.headers.get("DPoP")
        if proof is not None:
            return dpop.thumbprint(proof, method="POST", address=address("token"))
        if client.dpop_bound_access_tokens:
            raise InvalidDPoPProof("This client has to send a DPoP proof")
        return ""

    def authenticate_user(self, row: AuthorizationCode | RefreshToken) -> User | None:
        return row.family.person if row.family.person.is_active else None

    def generate_token(self, *, user: User, scope: str, include_refresh_token: bool = True, **_: Any) -> dict[str, Any]:
        """The token answer with its ID token; raises InvalidGrant if the person's consent no longer covers it."""
        family = self.request.family
        assert family is not None
        consent = consent_for(family, scope)
        with_refresh = include_refresh_token and "offline_access" in family.scope.split()
        answer = tokens.issue(family, scope=scope, jkt=self.request.jkt, consent=consent, with_refresh=with_refresh)
        if "openid" in scope.split():
            wanted = claims.asked_for(family.claims, "id_token", family.client.scopes)
            told = claims.values(user, wanted, allowed=consent.fields) if wanted else {}
            disclosed(family, told, kind=Disclosure.Kind.TOKEN, consent=consent.pk)
            answer["id_token"] = id_tokens.encode(
                family, access_token=answer["access_token"], nonce=self.request.nonce, told=told
            )
        return answer

    def save_token(self, token: dict[str, Any]) -> None:
        """Nothing is left to do: `generate_token` wrote the rows."""


def consent_for(family: TokenFamily, scope: str) -> Consent:
    """The consent in force that covers the scope; raises InvalidGrant if there is none."""
    found = consents.in_force(family.client, family.person)
    if not consents.covers(found, scope.split(), ()):
        raise InvalidGrant("The person no longer allows this")
    assert found is not None
    return found


class RequiredS256(CodeChallenge):
    """PKCE, of every client (RFC 9700 section 2.1.1); the request for the code was refused without it."""

    def get_authorization_code_challenge_method(self, authorization_code: AuthorizationCode) -> str:
        return "S256"

    def validate_code_verifier(self, grant: Any, result: Any) -> None:
        try:
            super().validate_code_verifier(grant, result)
        except InvalidGrant:
            logger.warning("code_verifier_wrong", client=grant.request.client.client_id)
            raise


class CodeGrant(FamilyGrant, grants.AuthorizationCodeGrant):
    """RFC 6749 section 4.1.3."""

    def query_authorization_code(self, code: str, client: Client) -> AuthorizationCode | None:
        """Redeems it: a code is used up by the first request of its client, right or wrong."""
        found = tokens.redeem_code(code, client)
        if found is None:
            return None
        if found.dpop_jkt and found.dpop_jkt != self.request.jkt:
            logger.warning("code_with_another_key", client=client.client_id, person=pseudonym(found.family.person))
            raise InvalidGrant("The code is bound to another DPoP key")
        if self.request.form.get("redirect_uri") != found.redirect_uri:
            logger.warning("code_with_another_redirect", client=client.client_id)
            raise InvalidGrant("The redirect_uri is not that of the authorization request")
        self.request.family, self.request.nonce = found.family, found.nonce
        return found

    def delete_authorization_code(self, authorization_code: AuthorizationCode) -> None:
        """It stays, used: whoever comes with it a second time is found out."""


class RefreshGrant(FamilyGrant, grants.RefreshTokenGrant):
    """RFC 6749 section 6, with rotation (RFC 9700 section 2.2.2)."""

    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken | None:
        """The token if it may be redeemed; only `create_token_response` does, when all else was found right."""
        client = self.request.client
        assert client is not None
        found = tokens.find_refresh(refresh_token)
        if found is None or not found.family.check_client(client):
            logger.warning("refresh_token_not_theirs", client=client.client_id)
            raise InvalidGrant("The refresh_token is unknown")
        if found.jkt and found.jkt != self.request.jkt:
            logger.warning("refresh_token_with_another_key", client=client.client_id)
            raise InvalidGrant("The refresh_token is bound to another key")
        if found.used_at is None and (found.expires_at <= timezone.now() or found.family.revoked_at is not None):
            logger.warning("refresh_token_expired", client=client.client_id, person=pseudonym(found.family.person))
            raise InvalidGrant("The refresh_token has expired, or was revoked")
        self.request.family = found.family
        return found

    def _validate_token_scope(self, token: RefreshToken) -> None:
        asked = set((self.request.form.get("scope") or "").split())
        if not asked <= set(token.family.scope.split()):
            raise InvalidScope("The scope is wider than what the person allowed")

    def create_token_response(self) -> Any:
        if not tokens.redeem_refresh(self.request.refresh_token):
            raise InvalidGrant("The refresh token was used before")
        return super().create_token_response()

    def issue_token(self, user: User, refresh_token: RefreshToken) -> dict[str, Any]:
        scope = self.request.form.get("scope") or refresh_token.family.scope
        return self.generate_token(user=user, scope=scope)

    def revoke_old_credential(self, refresh_token: RefreshToken) -> None:
        """It was used up by its redemption."""
