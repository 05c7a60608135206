"""Our name as a provider, and the addresses below it: of the settings, never of a request's Host."""

from django.conf import settings
from django.urls import reverse


def issuer() -> str:
    """The `iss` of everything we sign or answer; no slash at its end."""
    return settings.BASE_URL


def address(name: str) -> str:
    """The public address of an endpoint of portal.sso."""
    return f"{settings.BASE_URL}{reverse(f'sso:{name}')}"
