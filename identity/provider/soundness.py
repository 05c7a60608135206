"""What is wrong with a client's registration, said so that an officer can put it right."""

from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, KeySetSerialization, RSAKey

from identity.provider import outbound
from identity.provider.models import LANGUAGES, Client

LONGEST_ADDRESS = 500
LEAST_RSA_BITS = 2048  # RFC 7518 section 3.3
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def problems(client: Client) -> list[str]:
    """Everything that stands in the way of asking a second officer; empty when nothing does."""
    return [*_words(client), *_addresses(client), *_keys(client), *_choices(client)]


def _words(client: Client) -> Iterator[str]:
    if not all(getattr(client, f"name_{language}") for language in LANGUAGES):
        yield _("its name in all three languages")
    if not all(getattr(client, f"purpose_{language}") for language in LANGUAGES):
        yield _("in all three languages, what it needs people's data for")


def _addresses(client: Client) -> Iterator[str]:
    if not client.redirect_uris:
        yield _("at least one address that people come back to after signing in")
    for url in [*client.redirect_uris, *client.post_logout_redirect_uris]:
        if problem := wrong_with_redirect(url):
            yield f"{url[:80]}: {problem}"
    if client.backchannel_logout_uri and not outbound.is_speakable(client.backchannel_logout_uri):
        yield _("a log-out address that begins with https://")


def wrong_with_redirect(url: str) -> str:
    """Why people may not be sent there, or nothing (RFC 9700 section 2.1, RFC 8252 sections 7.2 and 7.3)."""
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:
        return _("this is no web address")
    if len(url) > LONGEST_ADDRESS or not url.isascii() or any(sign.isspace() or not sign.isprintable() for sign in url):
        return _("this is no web address")
    if "*" in url:
        return _("write it out in full: * does not stand for anything")
    if "#" in url:
        return _("leave out # and what follows it")
    if not parts.hostname or "@" in parts.netloc or "\\" in url:
        return _("this is no web address")
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return ""
    return _("it has to begin with https:// (or with http://127.0.0.1 for an app on the person's own device)")


def _keys(client: Client) -> Iterator[str]:
    if client.token_endpoint_auth_method != Client.AuthMethod.PRIVATE_KEY_JWT:
        return
    if bool(client.jwks) == bool(client.jwks_uri):
        yield _("either its public keys or the address where they are")
    elif client.jwks and (problem := wrong_with_keys(client.jwks)):
        yield problem
    elif client.jwks_uri and not outbound.is_speakable(client.jwks_uri):
        yield _("an address of its public keys that begins with https://")


def wrong_with_keys(document: Any) -> str:
    """Why this JWK Set (RFC 7517) cannot check the client's assertions, or nothing."""
    unknown = _('public keys as a JWK Set: {"keys": […]}')
    if not isinstance(document, dict) or not isinstance(listed := document.get("keys"), list):
        return unknown
    if not all(isinstance(each, dict) and each.get("kty") in ("EC", "RSA") for each in listed):
        return _("keys of the kinds EC P-256 or RSA with at least 2048 bits")
    try:
        keys = KeySet.import_key_set(cast(KeySetSerialization, document)).keys
    except (JoseError, ValueError, TypeError, KeyError):
        return unknown
    if any(key.is_private for key in keys):
        return _("public keys only: what you gave holds a private one, so make new keys and keep that half to yourself")
    if not keys or not all(_is_strong(key) for key in keys):
        return _("keys of the kinds EC P-256 or RSA with at least 2048 bits")
    return ""


def _is_strong(key: object) -> bool:
    if isinstance(key, ECKey):
        return bool(key.curve_name == "P-256")
    return isinstance(key, RSAKey) and key.raw_value.key_size >= LEAST_RSA_BITS


def _choices(client: Client) -> Iterator[str]:
    if "openid" not in client.scopes:
        yield _("the scope openid")
    is_public = client.kind == Client.Kind.PUBLIC
    if is_public != (client.token_endpoint_auth_method == Client.AuthMethod.NONE):
        yield _("a way to prove itself that fits: an app has none, a server always has one")
    if not is_own_sector(client):
        yield _("a sector of your own department")


def is_own_sector(client: Client) -> bool:
    """The department itself, or a part of it: nobody joins another department's sector, and so its records."""
    return client.sector_identifier == client.department or client.sector_identifier.startswith(f"{client.department}/")
