"""The authorization server: Authlib's, with the grants registered here.

A new grant (the device grant, RFC 8628) is a class with FamilyGrant before Authlib's, and one line at the end.
"""

import json
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from identity.provider import client_authentication
from identity.provider.devices import DeviceGrant
from identity.provider.endpoints import Introspection, Revocation
from identity.provider.errors import InvalidRequest, OAuth2Error
from identity.provider.grants import CodeGrant, RefreshGrant, RequiredS256
from identity.provider.models import Client
from identity.provider.oauth_request import ProviderRequest


class Server(AuthorizationServer):
    """Answers are Django's; every one is kept by nobody (RFC 6749 section 5.1)."""

    def query_client(self, client_id: str) -> Client | None:
        return client_authentication.find(client_id)

    def authenticate_client(self, request: ProviderRequest, methods: Any, endpoint: str = "token") -> Client:
        return client_authentication.authenticate(request)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Authlib tells of what happened; what matters of it is written where it happens."""

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> HttpResponse:
        content = json.dumps(dict(body), ensure_ascii=False) if isinstance(body, dict | list) else body
        response = HttpResponse(content, status=status, headers=dict(headers))
        response["Cache-Control"], response["Pragma"] = "no-store", "no-cache"
        return response

    def refuse(self, error: OAuth2Error) -> HttpResponse:
        """An error as the client reads it (RFC 6749 section 5.2)."""
        response = self.handle_response(*error(None))
        if error.status_code == 401 and "WWW-Authenticate" not in response:
            response["WWW-Authenticate"] = 'Basic realm="Ferry"'
        if error.status_code == 429:
            response["Retry-After"] = "60"
        return response

    @transaction.atomic
    def token(self, request: HttpRequest) -> HttpResponse:
        """What the token endpoint answers. A refusal is committed too: a code is spent, a family ended."""
        try:
            asked = ProviderRequest(request, "token")
            if not asked.form.get("grant_type"):
                raise InvalidRequest("The grant_type is missing")
            grant = self.get_token_grant(asked)
            grant.validate_token_request()
            return self.handle_response(*grant.create_token_response())
        except OAuth2Error as error:
            return self.refuse(error)

    @transaction.atomic
    def endpoint(self, name: str, request: HttpRequest) -> HttpResponse:
        """What one of the registered endpoints answers: `introspection`, `revocation`."""
        try:
            asked = ProviderRequest(request, name)
            return self.handle_response(*self._endpoints[name][0](asked))
        except OAuth2Error as error:
            return self.refuse(error)


server = Server()
server.register_grant(CodeGrant, [RequiredS256(required=True)])
server.register_grant(RefreshGrant)
server.register_grant(DeviceGrant)
server.register_endpoint(Introspection)
server.register_endpoint(Revocation)
