"""A department's site as its client library would be: it knows what the standards say and what it registered."""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet

from tests.conformance.browser import SECONDS, Browser, text

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Json = dict[str, Any]


def b64(data: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def s256(verifier: str) -> str:
    """RFC 7636 section 4.2."""
    return b64(hashlib.sha256(verifier.encode()).digest())


def query(address: str) -> dict[str, str]:
    """The parameters of an address; a name given twice fails."""
    pairs = parse_qsl(urlsplit(address).query, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs), f"a parameter is repeated: {sorted(name for name, _ in pairs)}"
    return dict(pairs)


@dataclass
class Site:
    """One registered client of the portal at `issuer`."""

    issuer: str
    client_id: str
    redirect_uri: str
    secret: str = ""
    method: str = "client_secret_basic"
    alg: str = "RS256"
    scope: str = "openid"
    key: ECKey | None = None  # of private_key_jwt
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    # --- Discovery --------------------------------------------------------------------------------
    @property
    def metadata(self) -> Json:
        found: Json = requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=SECONDS).json()
        return found

    def endpoint(self, name: str) -> str:
        """Of the portal's metadata; asked once for all sites."""
        if self.issuer not in _METADATA:
            _METADATA[self.issuer] = self.metadata
        return str(_METADATA[self.issuer]["jwks_uri" if name == "jwks" else f"{name}_endpoint"])

    @property
    def keys(self) -> KeySet:
        return KeySet.import_key_set(requests.get(self.endpoint("jwks"), timeout=SECONDS).json())

    # --- Authorization ----------------------------------------------------------------------------
    def parameters(self, **changes: str | None) -> dict[str, str]:
        """A good authorization request, with changes; None leaves a parameter out."""
        good: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": secrets.token_urlsafe(8),
            "nonce": "n-0S6_WzA2Mj",
            "code_challenge": s256(self.verifier),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def ask(self, browser: Browser, **changes: str | None) -> requests.Response:
        """Send the person to the authorization endpoint; the first answer."""
        return browser.get(self.endpoint("authorization"), self.parameters(**changes))

    def page(self, browser: Browser, **changes: str | None) -> requests.Response:
        """The page on which the person finds themselves, or the answer that leads back to the site."""
        return browser.follow(self.ask(browser, **changes))

    def allow(self, browser: Browser, page: requests.Response, action: str = "grant") -> requests.Response:
        """The person's word on the page of consent; what leads back to the site."""
        return browser.follow(browser.submit(page, "request", action=action))

    def back(self, browser: Browser, **changes: str | None) -> requests.Response:
        """What leads back to the site; the person allows what is asked on the way."""
        answer = self.page(browser, **changes)
        return self.allow(browser, answer) if answer.status_code == 200 else answer

    def back_after_sign_in(self, browser: Browser, page: requests.Response, person: str) -> requests.Response:
        """The same from the log-in page on."""
        answer = browser.follow(browser.sign_in(person, page))
        return self.allow(browser, answer) if answer.status_code == 200 else answer

    def answer(self, browser: Browser, **changes: str | None) -> dict[str, str]:
        """What the site is told at its redirect_uri."""
        return self.told(self.back(browser, **changes))

    def told(self, answer: requests.Response) -> dict[str, str]:
        """The parameters that a redirect to the site carries."""
        assert answer.status_code in (302, 303), text(answer)
        assert answer.headers["Location"].startswith(self.redirect_uri.split("?")[0] + "?"), answer.headers["Location"]
        return query(answer.headers["Location"])

    def silent(self, browser: Browser, **changes: str | None) -> dict[str, str]:
        """The answer to prompt=none, which is given at once."""
        answer = self.ask(browser, **{"prompt": "none", **changes})
        return self.told(answer)

    def code(self, browser: Browser, **changes: str | None) -> str:
        found = self.answer(browser, **changes)
        assert "code" in found, found
        return found["code"]

    # --- The site's own calls -----------------------------------------------------------------------
    def call(self, name: str, form: dict[str, str], **headers: str) -> requests.Response:
        """A call to an endpoint, authenticated as it was registered."""
        sent = {**form}
        auth = None
        if self.method == "client_secret_basic":
            auth = (self.client_id, self.secret)
        elif self.method == "private_key_jwt":
            sent = {"client_assertion_type": JWT_BEARER, "client_assertion": self.assertion(), **sent}
        else:
            sent["client_id"] = self.client_id
            if self.method == "client_secret_post":
                sent["client_secret"] = self.secret
        return requests.post(
            self.endpoint(name), sent, auth=auth, headers=headers, timeout=SECONDS, allow_redirects=False
        )

    def assertion(self, **changes: Any) -> str:
        """RFC 7523 section 3."""
        assert self.key is not None
        now = int(time.time())
        claims: Json = {
            "iss": self.client_id, "sub": self.client_id, "aud": self.issuer, "jti": secrets.token_urlsafe(),
            "iat": now, "exp": now + 60, **changes,
        }  # fmt: skip
        return jwt.encode({"alg": "ES256"}, claims, self.key, ["ES256"])

    def exchange(self, code: str, headers: dict[str, str] | None = None, **changes: str | None) -> requests.Response:
        """The token request for a code."""
        good: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        form = {name: value for name, value in {**good, **changes}.items() if value is not None}
        return self.call("token", form, **(headers or {}))

    def refresh(self, token: str, **changes: str) -> requests.Response:
        return self.call("token", {"grant_type": "refresh_token", "refresh_token": token, **changes})

    def tokens(self, browser: Browser, **changes: str | None) -> Json:
        """A whole run; the token answer."""
        answer = self.exchange(self.code(browser, **changes))
        assert answer.status_code == 200, text(answer)
        found: Json = answer.json()
        return found

    def claims(self, browser: Browser, **changes: str | None) -> Json:
        """A whole run; what the ID token says, verified."""
        return self.verified(self.tokens(browser, **changes)["id_token"])

    def verified(self, token: str) -> Json:
        """The claims of an ID token, validated after OpenID Connect Core 1.0 section 3.1.3.7."""
        found = jwt.decode(token, self.keys, algorithms=[self.alg])
        claims: Json = found.claims
        assert found.header.get("kid"), "no kid"
        assert claims["iss"] == self.issuer
        assert claims["aud"] in (self.client_id, [self.client_id])
        assert claims["iat"] <= time.time() + 2
        assert claims["exp"] > time.time()
        assert 0 < len(claims["sub"]) <= 255
        return claims

    def userinfo(self, token: str, method: str = "GET", **headers: str) -> requests.Response:
        headers = headers or {"Authorization": f"Bearer {token}"}
        return requests.request(method, self.endpoint("userinfo"), headers=headers, timeout=SECONDS)

    def is_active(self, token: str) -> bool:
        """Whether the access token is good for anything: asked by using it."""
        return self.userinfo(token).status_code == 200

    def revoke(self, token: str, **more: str) -> requests.Response:
        return self.call("revocation", {"token": token, **more})

    def introspect(self, token: str) -> Json:
        answer = self.call("introspection", {"token": token})
        assert answer.status_code == 200, text(answer)
        found: Json = answer.json()
        return found

    def push(self, headers: dict[str, str] | None = None, **changes: str | None) -> requests.Response:
        """RFC 9126 section 2.1."""
        return self.call("pushed_authorization_request", self.parameters(**changes), **(headers or {}))


_METADATA: dict[str, Json] = {}


class ProofKey:
    """A key of a DPoP client (RFC 9449)."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", auto_kid=False)

    @property
    def thumbprint(self) -> str:
        return str(self.key.thumbprint())

    def proof(self, method: str, address: str, token: str | None = None, **changes: Any) -> str:
        """Section 4.2; with `ath` for a token."""
        claims: Json = {"jti": secrets.token_urlsafe(), "htm": method, "htu": address, "iat": int(time.time())}
        if token is not None:
            claims["ath"] = s256(token)
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.key.as_dict(private=False)}
        return jws.serialize_compact(header, json.dumps({**claims, **changes}), self.key, ["ES256"])
