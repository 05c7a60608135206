"""A request to one of the endpoints that clients call, as Authlib's grants read it: the form, and nothing else."""

from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request
from django.http import HttpRequest, QueryDict

from identity.provider.errors import InvalidRequest
from identity.provider.models import Client, TokenFamily

FORM = "application/x-www-form-urlencoded"
LONGEST_VALUE = 20_000  # characters; a claims request, an assertion


class FormPayload(OAuth2Payload):
    """What stands in the body. Parameters of the query are no parameters (RFC 6749 section 3.2)."""

    def __init__(self, form: QueryDict) -> None:
        self._form = form

    @property
    def data(self) -> dict[str, str]:
        return self._form.dict()  # type: ignore[return-value]  # texts, of a form that was decoded

    @property
    def datalist(self) -> dict[str, list[str]]:
        return dict(self._form.lists())


class ProviderRequest(OAuth2Request):
    """Raises InvalidRequest for a body that is no form, or that says one thing twice (RFC 6749 section 3.2)."""

    client: Client | None
    family: TokenFamily | None = None  # of the code or the refresh token
    nonce: str = ""  # of the authorization request
    jkt: str = ""  # of the DPoP key whose possession this request proves

    def __init__(self, request: HttpRequest, endpoint: str) -> None:
        # Whether the transport is safe is settled in front of us (SECURE_SSL_REDIRECT), not by this address.
        super().__init__(request.method, f"https://localhost{request.path}", headers=request.headers)
        if request.method == "POST" and request.content_type != FORM:
            raise InvalidRequest("Send the parameters as application/x-www-form-urlencoded")
        form = request.POST
        for name, found in form.lists():
            if len(found) > 1:
                raise InvalidRequest("A parameter is given more than once")
            if "\0" in name or "\0" in found[0] or len(found[0]) > LONGEST_VALUE:
                raise InvalidRequest("A parameter is not readable")
        self.payload = FormPayload(form)
        self.endpoint = endpoint  # its name in portal.sso
        self._form = form

    @property
    def form(self) -> Any:
        return self._form

    @property
    def args(self) -> dict[str, str]:
        return {}
