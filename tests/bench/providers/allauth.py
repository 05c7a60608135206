"""django-allauth's own OpenID Provider, as it comes. Settings, and how a client is registered."""

from tests.bench.providers import plain
from tests.bench.providers.plain import *  # noqa: F403

ROOT_URLCONF = "tests.bench.providers.allauth_urls"
INSTALLED_APPS = [*plain.INSTALLED_APPS, "allauth", "allauth.account", "allauth.idp.oidc"]
MIDDLEWARE = [*plain.MIDDLEWARE, "allauth.account.middleware.AccountMiddleware"]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
IDP_OIDC_PRIVATE_KEY = plain.PRIVATE_KEY
WSGI_APPLICATION = "tests.bench.providers.wsgi.application"


def prepare_client(client_id: str, secret: str, redirect_uri: str) -> None:
    """A client whose consent is never asked for."""
    from allauth.idp.oidc.models import Client

    client = Client(
        id=client_id, name=client_id, type="confidential" if secret else "public", scopes="openid\nprofile\nemail",
        redirect_uris=redirect_uri, skip_consent=True,
    )  # fmt: skip
    if secret:
        client.set_secret(secret)
    client.save()
