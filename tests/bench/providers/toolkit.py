"""django-oauth-toolkit with OpenID Connect, as it comes. Settings, and how a client is registered."""

from tests.bench.providers import plain
from tests.bench.providers.plain import *  # noqa: F403

ROOT_URLCONF = "tests.bench.providers.toolkit_urls"
INSTALLED_APPS = [*plain.INSTALLED_APPS, "oauth2_provider"]
OAUTH2_PROVIDER = {
    "OIDC_ENABLED": True,
    "OIDC_RSA_PRIVATE_KEY": plain.PRIVATE_KEY,
    "PKCE_REQUIRED": True,
    "SCOPES": {"openid": "openid", "profile": "profile", "email": "email"},
    "ACCESS_TOKEN_EXPIRE_SECONDS": 600,
    "ID_TOKEN_EXPIRE_SECONDS": 300,
}
WSGI_APPLICATION = "tests.bench.providers.wsgi.application"


def prepare_client(client_id: str, secret: str, redirect_uri: str) -> None:
    """A client whose consent is never asked for."""
    from oauth2_provider.models import Application

    Application.objects.create(
        client_id=client_id, client_secret=secret, name=client_id, redirect_uris=redirect_uri,
        client_type="confidential" if secret else "public", authorization_grant_type="authorization-code",
        algorithm="RS256", skip_authorization=True,
    )  # fmt: skip
