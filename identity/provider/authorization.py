"""Authorization requests: read strictly, and judged against what the browser's session proves.

`read` takes the parameters apart: Untrusted if they must not be answered through the browser, else a Request, whose
`problem` is what the client is told at its redirect_uri. `next_step` says what stands between it and a code.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from django.utils import timezone

from identity.accounts import assurance
from identity.accounts.authentication import Authentication
from identity.accounts.models import User
from identity.consent.models import Consent
from identity.provider import claims, client_authentication, consents, id_tokens, pushed, subjects
from identity.provider.errors import (
    AccountSelectionRequired,
    ConsentRequired,
    InvalidRequest,
    InvalidScope,
    LoginRequired,
    OAuth2Error,
    RequestNotSupported,
    RequestURINotSupported,
    UnmetAuthenticationRequirements,
    UnsupportedResponseType,
    Untrusted,
)
from identity.provider.models import Client
from identity.security import logger

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # SHA-256, base64url (RFC 7636 section 4.2)
LONGEST = {"state": 2000, "nonce": 500, "scope": 500, "redirect_uri": 500, "id_token_hint": 8000, "claims": 5000}
LONGEST_OTHER = 1000  # characters of any other parameter
MOST_PARAMETERS = 60
PROMPTS = {"none", "login", "consent", "select_account"}


class Step(Enum):
    """What has to happen next."""

    LOGIN = "login"  # nobody is signed in, or not for this request
    REAUTHENTICATE = "reauthenticate"  # the log-in is too old, or is to be proved again
    STEP_UP = "step_up"  # the session must prove more
    CHOOSE = "choose"  # which account
    CONSENT = "consent"
    CODE = "code"


@dataclass
class Request:
    """An authorization request of a client that we trust to come back to."""

    client: Client
    redirect_uri: str
    parameters: dict[str, str]
    since: datetime  # when it came: what a person proves after it, they prove for it
    is_waiting: bool = False  # it waited for its person before
    chosen: str = ""
    problem: OAuth2Error | None = None
    scopes: list[str] = field(default_factory=list)
    claims: dict[str, dict[str, Any]] = field(default_factory=dict)
    prompts: frozenset[str] = frozenset()
    max_age: int | None = None

    @property
    def state(self) -> str:
        return self.parameters.get("state", "")

    @property
    def fields(self) -> list[str]:
        """The claims that the person is asked for."""
        return claims.fields(self.scopes, self.claims, self.client.scopes)

    @property
    def asked_scopes(self) -> list[str]:
        """The scopes that the person is asked for."""
        return [scope for scope in self.scopes if scope != "openid"]

    @property
    def least_acr(self) -> str:
        """The least that the client accepts: of its registration, or of an essential `acr` (section 5.5.1.1)."""
        wish = self.claims.get("id_token", {}).get("acr", {})
        levels = [value for value in _values(wish) if value in User.Assurance.values] if wish.get("essential") else []
        return max([self.client.least_acr, *_lowest(levels)], key=User.Assurance.values.index)

    @property
    def wished_acr(self) -> str:
        """What the client would like (`acr_values`, or an `acr` that is not essential), if it is known to us."""
        named = [
            *self.parameters.get("acr_values", "").split(),
            *_values(self.claims.get("id_token", {}).get("acr", {})),
        ]
        return next((value for value in named if value in User.Assurance.values), User.Assurance.NONE)

    def acr_to_prove(self, standing: "Standing") -> str:
        """What a step-up is for: the least that counts, or the wish once that is reached."""
        have = standing.proved.acr if standing.proved else User.Assurance.NONE
        return self.wished_acr if assurance.reaches(have, self.least_acr) else self.least_acr


def _values(wish: Mapping[str, Any]) -> list[Any]:
    found = wish.get("values", [wish.get("value")])
    return found if isinstance(found, list) else []


def _lowest(levels: list[str]) -> list[str]:
    return [min(levels, key=User.Assurance.values.index)] if levels else []


# --- Reading ------------------------------------------------------------------------------------------
def read(given: Mapping[str, list[str]]) -> Request:
    """The request of a query or a form. Raises Untrusted."""
    parameters = _single(given)
    client = client_authentication.find(parameters.get("client_id"))
    if client is None:
        raise Untrusted("client_unknown")
    name = parameters.get("request_uri", "")
    was_pushed = name.startswith(pushed.PREFIX)
    if was_pushed:
        parameters = _redeemed(name, client)
    request = located(client, parameters)
    if not was_pushed:
        request.problem = _not_pushed(client, parameters) or _repeated(given)
    return request if request.problem else understood(request)


def resume(handle: str) -> Request:
    """A request that waited for its person. Raises Untrusted if it waited too long."""
    found = pushed.waiting(handle)
    client = client_authentication.find(found.parameters.get("client_id")) if found else None
    if found is None or client is None:
        raise Untrusted("request_expired")
    request = located(client, found.parameters)
    request.since, request.is_waiting, request.chosen = found.since, True, found.chosen
    return understood(request)


def located(client: Client, parameters: dict[str, str]) -> Request:
    """A request of whose answer we know where it may go. Raises Untrusted for any place but a registered one."""
    redirect_uri = parameters.get("redirect_uri", "")
    if not client.check_redirect_uri(redirect_uri):
        logger.warning("redirect_refused", client=client.client_id)
        raise Untrusted("redirect_uri_unknown")
    return Request(client, redirect_uri, parameters, since=timezone.now())


def understood(request: Request) -> Request:
    """The same with its parameters read, or with the problem that they have."""
    try:
        _understand(request)
    except OAuth2Error as error:
        request.problem = error
    return request


def _single(given: Mapping[str, list[str]]) -> dict[str, str]:
    """Parameters by name; of those that say who and where, twice is once too often (RFC 6749 section 3.1)."""
    if len(given) > MOST_PARAMETERS:
        raise Untrusted("too_many_parameters")
    for name in ("client_id", "redirect_uri"):
        if len(given.get(name, [])) > 1:
            raise Untrusted("parameter_repeated")
    if any("\0" in value for values in given.values() for value in values):
        raise Untrusted("not_readable")
    return {name: values[0] for name, values in given.items() if values and values[0]}


def _redeemed(request_uri: str, client: Client) -> dict[str, str]:
    """RFC 9126 section 4: what was pushed counts, and nothing that stands beside it."""
    found = pushed.redeem(request_uri, client)
    if found is None:
        logger.warning("request_uri_refused", client=client.client_id)
        raise Untrusted("request_uri_unknown")
    return found


def _not_pushed(client: Client, parameters: Mapping[str, str]) -> OAuth2Error | None:
    if "request_uri" in parameters:
        return RequestURINotSupported("Only a request_uri of our pushed authorization request endpoint is supported")
    if client.require_pushed_authorization_requests:
        return InvalidRequest("This client has to push its authorization requests")
    return None


def _repeated(given: Mapping[str, list[str]]) -> OAuth2Error | None:
    if any(len(values) > 1 for name, values in given.items() if name != "resource"):
        return InvalidRequest("A parameter is given more than once")
    return None


def _understand(request: Request) -> None:
    asked = request.parameters
    for name, value in asked.items():
        if len(value) > LONGEST.get(name, LONGEST_OTHER):
            raise InvalidRequest("A parameter is too long")
    if "request" in asked:
        raise RequestNotSupported("Request objects are not supported")
    if "response_type" not in asked:
        raise InvalidRequest("The response_type is missing")
    if asked["response_type"] != "code":
        raise UnsupportedResponseType()
    if asked.get("response_mode", "query") != "query":
        raise InvalidRequest("Only response_mode=query is supported")
    _check_challenge(asked)
    request.scopes = _scopes(request.client, asked.get("scope", ""))
    request.claims = claims.parse(asked.get("claims", ""))
    request.prompts = frozenset(asked.get("prompt", "").split()) & PROMPTS
    if "none" in request.prompts and len(asked["prompt"].split()) > 1:
        raise InvalidRequest("The prompt none cannot be mixed with another")
    request.max_age = _max_age(asked.get("max_age"))
    if (key := asked.get("dpop_jkt")) and not CHALLENGE.fullmatch(key):
        raise InvalidRequest("The dpop_jkt is not the thumbprint of a key")


def _check_challenge(asked: Mapping[str, str]) -> None:
    if "code_challenge" not in asked:
        raise InvalidRequest("The code_challenge is missing: PKCE is required")
    if asked.get("code_challenge_method") != "S256":
        raise InvalidRequest("The code_challenge_method has to be S256")
    if not CHALLENGE.fullmatch(asked["code_challenge"]):
        raise InvalidRequest("The code_challenge is not a SHA-256 hash in base64url")


def _scopes(client: Client, asked: str) -> list[str]:
    """Those known and registered; others are ignored (OpenID Connect Core 1.0 section 3.1.2.1)."""
    found = [scope for scope in client.get_allowed_scope(asked).split() if scope in claims.SCOPES]
    if not client.check_grant_type("refresh_token"):
        found = [scope for scope in found if scope != "offline_access"]
    if not found:
        raise InvalidScope("None of the scopes is registered for this client")
    return found


def _max_age(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 10:
        raise InvalidRequest("The max_age is not a number of seconds")
    return int(text)


# --- Judging ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Standing:
    """Who sits before the browser, as the session proves it."""

    person: User | None
    proved: Authentication | None
    has_way_to: Callable[[str], bool] = lambda _acr: False  # whether they could prove that level, or a higher one

    def can_reach(self, acr: str) -> bool:
        """Nobody proves more than that they are who we know them to be."""
        is_known = self.person is not None and self.person.assurance != User.Assurance.NONE
        return is_known and self.has_way_to(acr)


def next_step(request: Request, standing: Standing) -> tuple[Step, Consent | None]:
    """What has to happen next, and the consent in force if it is a code.

    Raises the OAuth2Error that the client is told: under prompt=none whatever would need the person, and a level that
    they have no way to.
    """
    step = _login_step(request, standing) or _account_step(request, standing) or _acr_step(request, standing)
    consent = None
    if step is None:
        assert standing.person is not None
        consent = consents.in_force(request.client, standing.person)
        is_covered = consents.covers(consent, request.asked_scopes, request.fields)
        step = Step.CODE if is_covered and "consent" not in request.prompts else Step.CONSENT
    if "none" in request.prompts and step is not Step.CODE:
        raise _SILENT[step]()
    return step, consent


_SILENT: dict[Step, type[OAuth2Error]] = {
    Step.LOGIN: LoginRequired,
    Step.REAUTHENTICATE: LoginRequired,
    Step.STEP_UP: UnmetAuthenticationRequirements,
    Step.CHOOSE: AccountSelectionRequired,
    Step.CONSENT: ConsentRequired,
}


def _login_step(request: Request, standing: Standing) -> Step | None:
    if standing.person is None or standing.proved is None:
        return Step.LOGIN
    if _is_for_it(request, standing):
        return None
    age = (timezone.now() - standing.proved.at).total_seconds()
    if "login" in request.prompts or (request.max_age is not None and age > request.max_age):
        return Step.REAUTHENTICATE
    return None


def _is_for_it(request: Request, standing: Standing) -> bool:
    """Whether the person signed in, or proved themselves again, after the request came."""
    return request.is_waiting and standing.proved is not None and standing.proved.at >= request.since


def _account_step(request: Request, standing: Standing) -> Step | None:
    """The account that the client means, by a hint or a claim of it; or one that the person chooses."""
    assert standing.person is not None
    wanted = expected_subject(request)
    if wanted and subjects.sub(request.client.sector_identifier, standing.person.pk) != wanted:
        if "none" in request.prompts or _is_for_it(request, standing):
            raise LoginRequired("Somebody else is signed in")
        return Step.CHOOSE
    has_chosen = request.chosen == str(standing.person.pk) or _is_for_it(request, standing)
    return Step.CHOOSE if "select_account" in request.prompts and not has_chosen else None


def expected_subject(request: Request) -> str:
    """The `sub` whom the client wants, or nobody in particular. Raises InvalidRequest for a hint that is not ours."""
    wish = request.claims.get("id_token", {}).get("sub") or request.claims.get("userinfo", {}).get("sub") or {}
    hint = request.parameters.get("id_token_hint", "")
    if not hint:
        return str(wish.get("value") or "")
    found = id_tokens.subject_of_hint(hint, request.client)
    if found is None:
        logger.warning("id_token_hint_forged", client=request.client.client_id)
        raise InvalidRequest("The id_token_hint is not an ID token that we issued to this client")
    return found


def _acr_step(request: Request, standing: Standing) -> Step | None:
    assert standing.proved is not None
    have, least = standing.proved.acr, request.least_acr
    if not assurance.reaches(have, least):
        if "none" in request.prompts or standing.can_reach(least):
            return Step.STEP_UP
        raise UnmetAuthenticationRequirements()
    wished = request.wished_acr
    is_tried = request.is_waiting or "none" in request.prompts  # a wish is asked for once, and never insisted on
    if not assurance.reaches(have, wished) and not is_tried and standing.can_reach(wished):
        return Step.STEP_UP
    return None
