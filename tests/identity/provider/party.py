"""A relying party for tests: it knows only what a department's site knows, and talks HTTP."""

import base64
import hashlib
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from identity.accounts.models import User
from identity.provider.models import Client
from identity.provider.registration import new_secret
from tests.factories import PASSWORD, UserFactory

ISSUER = settings.BASE_URL
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALL = "openid profile email address phone offline_access"


def register(code: str = "td", **values: Any) -> tuple[Client, str]:
    """A live confidential client of that department, and its secret."""
    secret, kept = new_secret()
    number = secrets.token_hex(4)
    words = {
        f"{kind}_{language}": f"{kind} of {code}, {language}"
        for kind in ("name", "department_name", "purpose")
        for language in ("en", "zh_hant", "zh_hans")
    }
    method = values.get("token_endpoint_auth_method", "client_secret_basic")
    facts: dict[str, Any] = {
        "client_id": f"{code}-{number}",
        "department": code,
        "kind": "public" if method == "none" else "confidential",
        "token_endpoint_auth_method": method,
        "secret_digest": kept if method.startswith("client_secret") else "",
        "redirect_uris": [f"https://{code}.example.hk/callback"],
        "scopes": [*ALL.split(), "calls"],
        "sector_identifier": code,
        "state": "live",
        "created_by": UserFactory(),
        "approved_by": UserFactory(),
        "approved_at": timezone.now(),
        **words,
        **values,
    }
    return Client.objects.create(**facts), secret


def sign_in(browser: Browser, person: User) -> None:
    """By the page, with a password: only so a session knows when and how."""
    answer = browser.post("/accounts/login/", {"login": person.username, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()[:2000]


def age(browser: Browser, seconds: int) -> None:
    """Let the log-in of this browser be that much older."""
    session = browser.session
    session["account_authentication_methods"] = [
        {**step, "at": step["at"] - seconds} for step in session["account_authentication_methods"]
    ]
    session.save()


def reauthenticate(browser: Browser, answer: Any) -> Any:
    """Prove on the page for it that it is still the same person; the answer leads back."""
    assert answer["Location"].startswith("/accounts/reauthenticate/"), answer["Location"]
    return browser.post(answer["Location"], {"password": PASSWORD, "next": query_of(answer["Location"])["next"]})


def query_of(address: str) -> dict[str, str]:
    """The parameters of an address, each once."""
    found = parse_qs(urlsplit(address).query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in found.values())
    return {name: values[0] for name, values in found.items()}


@dataclass
class Party:
    """One client with one person's browser."""

    client: Client
    secret: str
    browser: Browser = field(default_factory=Browser)
    scope: str = "openid"
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    key: ECKey | None = None  # of private_key_jwt

    @property
    def redirect_uri(self) -> str:
        return self.client.redirect_uris[0]

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()

    def parameters(self, **changes: str | None) -> dict[str, str]:
        """A good authorization request, with changes; None leaves a parameter out."""
        good: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": "a-state",
            "nonce": "a-nonce",
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def authorize(self, **changes: str | None) -> Any:
        """The first answer of the authorization endpoint."""
        return self.browser.get("/sso/authorize", self.parameters(**changes))

    def follow(self, answer: Any) -> Any:
        """Follow redirects of our own site; the answer that is a page, or leads to the client."""
        for _ in range(10):
            if answer.status_code not in (302, 303) or not answer["Location"].startswith("/"):
                return answer
            answer = self.browser.get(answer["Location"])
        raise AssertionError("led in circles")

    def consent(self, answer: Any, *, action: str = "grant", leave_out: Iterable[str] = ()) -> Any:
        """Answer the page of consent."""
        page = self.follow(answer)
        assert page.status_code == 200, page.content.decode()[:3000]
        handle = page.context["handle"]
        return self.browser.post("/sso/consent", {"request": handle, "action": action, "leave_out": list(leave_out)})

    def answer(self, **changes: str | None) -> dict[str, str]:
        """What comes back to the client, consent being given on the way if it is asked for."""
        found = self.follow(self.authorize(**changes))
        if found.status_code == 200:
            found = self.consent(found)
        assert found["Location"].startswith(self.redirect_uri), found["Location"]
        return query_of(found["Location"])

    def code(self, **changes: str | None) -> str:
        return self.answer(**changes)["code"]

    def post(self, path: str, data: dict[str, str], **headers: str) -> Any:
        """A call of the client itself, authenticated as it is registered; not from the person's browser."""
        method = self.client.token_endpoint_auth_method
        sent = dict(data)
        if method == "client_secret_basic":
            pair = f"{self.client.client_id}:{self.secret}".encode()
            headers.setdefault("HTTP_AUTHORIZATION", f"Basic {base64.b64encode(pair).decode()}")
        elif method == "private_key_jwt":
            sent = {"client_assertion_type": JWT_BEARER, "client_assertion": self.assertion(), **sent}
        else:
            sent["client_id"] = self.client.client_id
            if method == "client_secret_post":
                sent["client_secret"] = self.secret
        return send(path, sent, **headers)

    def assertion(self, **changes: Any) -> str:
        assert self.key is not None
        now = int(time.time())
        claims = {
            "iss": self.client.client_id,
            "sub": self.client.client_id,
            "aud": ISSUER,
            "jti": secrets.token_urlsafe(),
            "iat": now,
            "exp": now + 60,
            **changes,
        }
        return jwt.encode({"alg": "ES256"}, claims, self.key, ["ES256"])

    def browser_person(self) -> User:
        """Who is signed in."""
        return User.objects.get(pk=self.browser.session["_auth_user_id"])

    def exchange(self, code: str, *, headers: dict[str, str] | None = None, **changes: str | None) -> Any:
        good: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        sent = {name: value for name, value in {**good, **changes}.items() if value is not None}
        return self.post("/sso/token", sent, **(headers or {}))

    def refresh(self, token: str, **changes: str) -> Any:
        return self.post("/sso/token", {"grant_type": "refresh_token", "refresh_token": token, **changes})

    def tokens(self, **changes: str | None) -> dict[str, Any]:
        """A whole run, from the authorization request to the tokens."""
        answer = self.exchange(self.code(**changes))
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found

    def userinfo(self, token: str) -> Any:
        return Browser().get("/sso/userinfo", HTTP_AUTHORIZATION=f"Bearer {token}")

    def claims(self, id_token: str) -> dict[str, Any]:
        """The claims of an ID token, checked as OpenID Connect Core 1.0 section 3.1.3.7 wants it."""
        keys = KeySet.import_key_set(Browser().get("/sso/jwks.json").json())
        token = jwt.decode(id_token, keys, algorithms=[self.client.id_token_signed_response_alg])
        claims = token.claims
        assert claims["iss"] == ISSUER
        assert claims["aud"] == self.client.client_id
        assert claims["iat"] <= time.time() + 1 < claims["exp"]
        return claims


def send(path: str, data: dict[str, str], **headers: str) -> Any:
    """A form, sent by a program."""
    kind = "application/x-www-form-urlencoded"
    return Browser().post(path, urlencode(data), content_type=kind, **headers)  # type: ignore[arg-type]
