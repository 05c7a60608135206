"""The part of a test log-in that a department's server would do: check the answer, get tokens, read the claims."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from authlib.oidc.core.util import create_half_hash
from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from joserfc import jws, jwt
from joserfc.errors import JoseError

from identity.provider import keys, userinfo
from identity.provider.issuer import issuer
from identity.provider.models import Client
from identity.provider.oauth_request import FORM
from identity.provider.server import server
from services.registry import client_trials

SHOWN_OF_SECRETS = 6  # characters: enough to tell one from another


@dataclass
class Step:
    """One exchange: what was sent, and what came back."""

    title: str
    sent: str
    came: str


@dataclass
class Run:
    """All there is to see. `checks` says of each thing that a site has to check whether it is so."""

    steps: list[Step] = field(default_factory=list)
    checks: list[tuple[str, bool]] = field(default_factory=list)
    error: str = ""

    @property
    def is_well(self) -> bool:
        return not self.error and all(is_so for _title, is_so in self.checks)


def run(trial: Client, asked: Mapping[str, str], verifier: str, came: Mapping[str, str]) -> Run:
    """From the answer in the browser to the claims."""
    made = Run()
    made.steps.append(Step(_("Authorization request and its answer"), _lines(asked), _lines(came)))
    made.checks.append((_("The state is the one that was sent"), came.get("state") == asked["state"]))
    made.checks.append((_("The issuer is Ferry (RFC 9207)"), came.get("iss") == issuer()))
    if "error" in came or not made.is_well:
        made.error = came.get("error_description") or came.get("error") or _("The answer does not fit the request.")
        return made
    tokens = _tokens(made, trial, asked, verifier, came.get("code", ""))
    if tokens is not None:
        _check_id_token(made, trial, asked, tokens)
        _read_userinfo(made, tokens["access_token"])
    return made


def _tokens(made: Run, trial: Client, asked: Mapping[str, str], verifier: str, code: str) -> dict[str, Any] | None:
    sent = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": asked["redirect_uri"],
        "code_verifier": verifier, "client_id": trial.client_id, "client_secret": client_trials.new_secret(trial),
    }  # fmt: skip
    answer = server.token(_post("/sso/token", sent))
    found: dict[str, Any] = json.loads(answer.content)
    made.steps.append(Step(_("Token request and its answer"), _lines(sent), _lines(found)))
    if answer.status_code == HTTPStatus.OK:
        return found
    made.error = str(found.get("error_description") or found.get("error"))
    return None


def _check_id_token(made: Run, trial: Client, asked: Mapping[str, str], tokens: Mapping[str, Any]) -> None:
    """OpenID Connect Core 1.0 section 3.1.3.7."""
    alg = trial.id_token_signed_response_alg
    try:
        claims = jwt.decode(tokens["id_token"], keys.verifying(), algorithms=[alg]).claims
        header = jws.extract_compact(tokens["id_token"].encode()).headers()
    except (JoseError, KeyError, ValueError):
        made.checks.append((_("The ID token is signed by Ferry"), False))
        return
    made.steps.append(Step(_("The ID token: header and claims"), _lines(header), _lines(claims)))
    half = create_half_hash(tokens["access_token"], alg).decode()
    made.checks += [
        (_("The ID token is signed by Ferry"), header.get("alg") == alg),
        (_("It is for this client alone (aud)"), claims.get("aud") == trial.client_id),
        (_("Its nonce is the one that was sent"), claims.get("nonce") == asked["nonce"]),
        (_("It belongs to the access token (at_hash)"), claims.get("at_hash") == half),
        (
            _("It says how and when the person signed in (acr, amr, auth_time)"),
            {"acr", "amr", "auth_time"} <= {*claims},
        ),
    ]


def _read_userinfo(made: Run, token: str) -> None:
    request = HttpRequest()
    request.method, request.path = "GET", "/sso/userinfo"
    request.META = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    try:
        came = userinfo.answer(request)
    except userinfo.Refused as refused:
        made.error = refused.description
        return
    made.steps.append(Step(_("Userinfo request and its answer"), "Authorization: Bearer …", _lines(came)))


def _post(path: str, sent: Mapping[str, str]) -> HttpRequest:
    """A request as the site's server would send it."""
    request = HttpRequest()
    request.method, request.path, request.content_type = "POST", path, FORM
    request.META = {"CONTENT_TYPE": FORM, "HTTP_HOST": settings.BASE_URL.partition("//")[2]}
    request.POST = QueryDict(urlencode(sent))
    return request


def _lines(facts: Mapping[str, Any]) -> str:
    """JSON, with whatever is as good as a password cut short."""
    secret = {"code", "client_secret", "code_verifier", "access_token", "refresh_token", "id_token"}
    shown = {name: f"{value[:SHOWN_OF_SECRETS]}…" if name in secret else value for name, value in facts.items()}
    return json.dumps(shown, ensure_ascii=False, indent=2)
