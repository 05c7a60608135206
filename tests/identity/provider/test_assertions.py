"""Clients that prove themselves with a key of their own (RFC 7523 section 3, OpenID Connect Core 1.0 section 9)."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.test import Client as Browser
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from tests.identity.provider.party import ISSUER, JWT_BEARER, Party, register, send


@pytest.fixture
def key() -> ECKey:
    return ECKey.generate_key("P-256")


@pytest.fixture
def signer(browser: Browser, key: ECKey) -> Party:
    """A client with a key and no secret."""
    keys = {"keys": [key.as_dict(private=False)]}
    client, secret = register("im", token_endpoint_auth_method="private_key_jwt", jwks=keys)
    return Party(client, secret, browser, key=key)


def exchange(signer: Party, assertion: str, **more: str) -> Any:
    data = {
        "grant_type": "authorization_code",
        "code": signer.code(),
        "redirect_uri": signer.redirect_uri,
        "code_verifier": signer.verifier,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion,
        **more,
    }
    return send("/sso/token", data)


def is_refused(answer: Any) -> bool:
    return bool(answer.status_code == 401 and answer.json()["error"] == "invalid_client")


def test_private_key_jwt(signer: Party) -> None:
    assert signer.tokens()["access_token"]


@pytest.mark.parametrize("audience", [f"{ISSUER}/sso/token", [ISSUER]])
def test_assertion_for_our_endpoint_or_in_a_list(signer: Party, audience: Any) -> None:
    assert exchange(signer, signer.assertion(aud=audience)).status_code == 200


@pytest.mark.parametrize("audience", ["https://other.example", [ISSUER, "https://other.example"], None, []])
def test_assertion_for_another_audience(signer: Party, audience: Any) -> None:
    assert is_refused(exchange(signer, signer.assertion(aud=audience)))


def test_assertion_replayed(signer: Party) -> None:
    assertion = signer.assertion()
    assert exchange(signer, assertion).status_code == 200
    assert is_refused(exchange(signer, assertion))


@pytest.mark.parametrize("change", [{"exp": 1}, {"exp": 10**20}, {"exp": None}, {"exp": "soon"}, {"iat": 10**10}])
def test_assertion_of_no_usable_date(signer: Party, change: dict[str, Any]) -> None:
    assert is_refused(exchange(signer, signer.assertion(**change)))


def test_assertion_that_lasts_too_long(signer: Party) -> None:
    assert is_refused(exchange(signer, signer.assertion(exp=int(time.time()) + 3600)))


@pytest.mark.parametrize("jti", [None, "", 7, "x" * 300])
def test_assertion_without_usable_jti(signer: Party, jti: Any) -> None:
    assert is_refused(exchange(signer, signer.assertion(jti=jti)))


@pytest.mark.parametrize("change", [{"iss": "td-1"}, {"sub": "td-1"}, {"sub": 7}, {"sub": "a\0b"}])
def test_assertion_about_another(signer: Party, change: dict[str, Any]) -> None:
    assert is_refused(exchange(signer, signer.assertion(**change)))


def test_assertion_of_another_key(signer: Party) -> None:
    signer.key = ECKey.generate_key("P-256")
    assert is_refused(exchange(signer, signer.assertion()))


def test_assertion_with_alg_none(signer: Party) -> None:
    _, claims, _ = signer.assertion().split(".")
    assert is_refused(exchange(signer, f"eyJhbGciOiJub25lIn0.{claims}."))


def test_assertion_signed_with_the_public_key_as_a_secret(signer: Party, key: ECKey) -> None:
    secret = OctKey.import_key(key.as_pem(private=False).decode().replace("-----", "+"))
    claims = {"iss": signer.client.client_id, "sub": signer.client.client_id, "aud": ISSUER, "jti": "1"}
    forged = jwt.encode({"alg": "HS256"}, {**claims, "exp": int(time.time()) + 60}, secret, ["HS256"])
    assert is_refused(exchange(signer, forged))


@pytest.mark.parametrize("assertion", ["", "a.b.c", "密", "e30.e30.e30"])
def test_assertion_that_is_none(signer: Party, assertion: str) -> None:
    assert is_refused(exchange(signer, assertion))


def test_assertion_beside_a_secret(signer: Party) -> None:
    answer = exchange(signer, signer.assertion(), client_id=signer.client.client_id, client_secret="any")
    assert answer.json()["error"] == "invalid_request"


@pytest.fixture
def key_server(key: ECKey) -> Iterator[str]:
    """The address of a department's server that publishes its keys."""

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"keys": [key.as_dict(private=False)]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Keys) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/jwks.json"
        server.shutdown()


def test_keys_are_fetched_from_the_clients_address(browser: Browser, key: ECKey, key_server: str) -> None:
    client, secret = register("im", token_endpoint_auth_method="private_key_jwt", jwks_uri=key_server)
    assert Party(client, secret, browser, key=key).tokens()["access_token"]


def test_keys_that_cannot_be_fetched(browser: Browser, key: ECKey) -> None:
    client, secret = register("im", token_endpoint_auth_method="private_key_jwt", jwks_uri="http://127.0.0.1:1/")
    signer = Party(client, secret, browser, key=key)
    assert is_refused(exchange(signer, signer.assertion()))
