"""Who calls: each client by the one method that it registered (RFC 6749 section 2.3, RFC 9700 section 2.5)."""

import base64
import binascii
import re
from urllib.parse import unquote_plus

from identity import statements
from identity.provider.assertions import ClientAssertion
from identity.provider.errors import InvalidClient, InvalidRequest, OAuth2Error
from identity.provider.models import Client
from identity.provider.oauth_request import ProviderRequest
from identity.security import logger

CLIENT_ID = re.compile(r"[\x21-\x7e]{1,80}")


def find(client_id: str | None) -> Client | None:
    """The client of that id, if it may be used: live, or in a test log-in of the desk."""
    if not client_id or not CLIENT_ID.fullmatch(client_id):
        return None
    return statements.find(Client, "it.client_id = %s AND it.state = ANY(%s)", [client_id, list(Client.USABLE)])


def authenticate(request: ProviderRequest) -> Client:
    """The client that calls, its method noted in `request.auth_method`.

    Raises InvalidRequest for two methods at once, and InvalidClient (401, RFC 6749 section 5.2) if the client is
    unknown, not live, or does not prove itself.
    """
    method, client_id = _presented(request)
    try:
        client = _proved(request, method, client_id)
    except InvalidClient as error:
        raise _refusal(error.description, request) from None
    if client is None or client.token_endpoint_auth_method != method:
        logger.warning("client_refused", client=_loggable(client_id), method=method)
        raise _refusal("Client authentication failed", request)
    if (named := request.form.get("client_id")) and named != client.client_id:
        raise InvalidRequest("The client_id is not that of the client that authenticates")
    request.auth_method = method
    request.client = client
    return client


def _presented(request: ProviderRequest) -> tuple[str, str | None]:
    """The method used, and the id that goes with it; raises InvalidRequest for more than one."""
    form, basic = request.form, _basic(request)
    methods = []
    if basic is not None:
        methods.append(("client_secret_basic", basic[0]))
    if form.get("client_secret"):
        methods.append(("client_secret_post", form.get("client_id")))
    if form.get("client_assertion") or form.get("client_assertion_type"):
        methods.append(("private_key_jwt", form.get("client_id")))
    if len(methods) > 1:
        logger.warning("client_used_two_methods", client=_loggable(methods[0][1]))
        raise InvalidRequest("Use one method of client authentication, not two")
    return methods[0] if methods else ("none", form.get("client_id"))


def _basic(request: ProviderRequest) -> tuple[str, str] | None:
    """Id and secret of the header, each form-encoded inside it (RFC 6749 section 2.3.1)."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (unquote_plus(client_id), unquote_plus(secret)) if colon else ("", "")


def _proved(request: ProviderRequest, method: str, client_id: str | None) -> Client | None:
    if method == "private_key_jwt":
        found = ClientAssertion(request.endpoint)(find, request)
        return found if isinstance(found, Client) else None
    client = find(client_id)
    if client is None or method == "none":
        return client
    basic = _basic(request)
    secret = basic[1] if basic else request.form["client_secret"]
    return client if client.check_client_secret(secret) else None


def _refusal(description: str, request: ProviderRequest) -> OAuth2Error:
    return InvalidClient(description, status_code=401)


def _loggable(client_id: str | None) -> str:
    """An id that is at least written like one: a secret typed into the wrong field stays out of the log."""
    known = client_id and CLIENT_ID.fullmatch(client_id) and Client.objects.filter(client_id=client_id).exists()
    return str(client_id) if known else "unknown"
