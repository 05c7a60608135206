"""The answer of an authorization: a code for the client, or an error, at its redirect_uri."""

from urllib.parse import urlencode, urlsplit, urlunsplit

from django.db import transaction
from django.http import HttpRequest

from identity.accounts.authentication import Authentication
from identity.accounts.models import User
from identity.consent.models import Consent
from identity.provider import subjects, tokens
from identity.provider.authorization import Request
from identity.provider.errors import OAuth2Error
from identity.provider.issuer import issuer


def success(request: Request, http: HttpRequest, *, person: User, proved: Authentication, consent: Consent) -> str:
    """The address with a new code (RFC 6749 section 4.1.2)."""
    session = subjects.session_of(http)
    client = request.client
    with transaction.atomic():
        family = tokens.new_family(
            client=client,
            person=person,
            consent=consent,
            scope=" ".join(request.scopes),
            claims=request.claims,
            session=session,
            sid=subjects.sid(session, client.sector_identifier),
            acr=proved.acr,
            amr=proved.amr,
            auth_time=proved.at,
        )
        code = tokens.issue_code(
            family,
            redirect_uri=request.redirect_uri,
            nonce=request.parameters.get("nonce", ""),
            challenge=request.parameters["code_challenge"],
            dpop_jkt=request.parameters.get("dpop_jkt", ""),
        )
    return _at(request, {"code": code})


def failure(request: Request, error: OAuth2Error) -> str:
    """The address with the error (RFC 6749 section 4.1.2.1)."""
    told = {"error": error.error}
    if text := error.get_error_description():
        told["error_description"] = text
    return _at(request, told)


def _at(request: Request, told: dict[str, str]) -> str:
    """Whatever stands in the registered query stays; `state` as it came, and who answers (RFC 9207)."""
    if request.state:
        told["state"] = request.state
    told["iss"] = issuer()
    parts = urlsplit(request.redirect_uri)
    query = "&".join(filter(None, [parts.query, urlencode(told)]))
    return urlunsplit(parts._replace(query=query))
