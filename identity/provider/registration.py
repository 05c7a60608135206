"""What a client registered, asked in the words of Authlib's grants (its ClientMixin)."""

import hashlib
import secrets

from authlib.oauth2.rfc6749 import ClientMixin

AUTHORIZATION_CODE, REFRESH_TOKEN = "authorization_code", "refresh_token"


def default_grant_types() -> list[str]:
    """What most clients need."""
    return [AUTHORIZATION_CODE, REFRESH_TOKEN]


def new_secret() -> tuple[str, str]:
    """A secret of 256 random bits to show once, and the digest to keep. So random a one needs no slow hash."""
    secret = secrets.token_urlsafe(32)
    return secret, digest_of(secret)


def digest_of(secret: str) -> str:
    """What is kept of a client's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ClientMetadata(ClientMixin):
    """Mixed into the model of the same fields."""

    client_id: str
    secret_digest: str
    redirect_uris: list[str]
    scopes: list[str]
    grant_types: list[str]
    token_endpoint_auth_method: str

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        """None: a request says where its answer goes (OpenID Connect Core 1.0 section 3.1.2.1 requires it)."""
        return None

    def get_allowed_scope(self, scope: str) -> str:
        """Of the scopes asked for those that are this client's, in the order asked."""
        return " ".join(dict.fromkeys(name for name in (scope or "").split() if name in self.scopes))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """By comparing the whole text (RFC 9700 section 2.1)."""
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return bool(self.secret_digest) and secrets.compare_digest(digest_of(client_secret), self.secret_digest)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """The one method that was registered, at every endpoint."""
        return method == self.token_endpoint_auth_method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types
