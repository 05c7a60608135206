"""The demonstration identity app as a provider: strict about what services send."""

import base64
import os
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from identity.upstream import client
from identity.upstream.wire import sealed, signed
from services.twins.identity_people import PEOPLE
from tests.identity.upstream.fixtures import identity_app
from tests.identity.upstream.running import IdentityApp, Phone, told

__all__ = ["identity_app"]
BACK = "https://testserver/accounts/upstream/back/"
LOGIN = {
    "clientID": "ferry", "responseType": "code", "source": "PC_Browser", "redirectURI": BACK,
    "scope": "eidapi_auth", "state": "a-state-of-ours", "lang": "en-US",
}  # fmt: skip


def post(app: IdentityApp, path: str, body: bytes = b"{}", secret: str = "", **headers: str) -> dict[str, Any]:
    made = signed.headers(
        body, client_id="ferry", secret=secret or os.environ["UPSTREAM_CLIENT_SECRET"], now=datetime.now(UTC)
    )
    answer = requests.post(f"{app.address}/api/v1{path}", data=body, headers=made | headers, timeout=10)
    document: dict[str, Any] = answer.json()
    return document


def test_a_key_comes_wrapped_for_our_certificate(identity_app: IdentityApp) -> None:
    given = post(identity_app, "/security/getKey")["content"]
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    assert len(client.private_key().decrypt(base64.b64decode(given["secretKey"]), oaep)) == 32
    assert given["expiresIn"] > 0


def test_a_wrong_signature_is_refused(identity_app: IdentityApp) -> None:
    assert post(identity_app, "/security/getKey", secret="guessed")["code"] == "D20006"


@pytest.mark.parametrize("part", ["clientID", "signatureMethod", "timestamp", "nonce"])
def test_a_changed_header_is_refused(identity_app: IdentityApp, part: str) -> None:
    assert (
        post(identity_app, "/security/getKey", b"{}", "", **{part: str(int(time.time() * 1000) + 5000)})["code"]
        == "D20006"
    )


def test_the_same_request_twice_is_refused(identity_app: IdentityApp) -> None:
    secret = os.environ["UPSTREAM_CLIENT_SECRET"]
    headers = signed.headers(b"{}", client_id="ferry", secret=secret, now=datetime.now(UTC))
    address = f"{identity_app.address}/api/v1/security/getKey"
    codes = [requests.post(address, data=b"{}", headers=headers, timeout=10).json()["code"] for _ in range(2)]
    assert codes == ["D00000", "D20007"]


def test_content_under_another_key_is_refused(identity_app: IdentityApp) -> None:
    client.content_key()
    body = f'{{"content":"{sealed.seal(bytes(32), {"code": "x"})}"}}'.encode()
    assert post(identity_app, "/auth/getToken", body)["code"] == "D30004"


def test_content_without_a_key_in_force_is_told_so(identity_app: IdentityApp) -> None:
    key = client.content_key()
    post(identity_app, "/security/revokeKey")
    body = f'{{"content":"{sealed.seal(key, {"code": "x"})}"}}'.encode()
    assert post(identity_app, "/auth/getToken", body)["code"] == "D30002"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"content":7}', b'{"content":"AAAA"}'])
def test_what_is_no_content_is_refused(identity_app: IdentityApp, body: bytes) -> None:
    client.content_key()
    assert post(identity_app, "/auth/getToken", body)["code"] == "D30004"


def test_the_answer_can_be_opened_by_hand(identity_app: IdentityApp) -> None:
    """The bytes are those of the format, by another reading of it than ours."""
    key = client.content_key()
    code = told(Phone(identity_app).decide(f"{identity_app.address}/api/v1/auth/getQR?{urlencode(LOGIN)}"))["code"]
    asked = sealed.seal(key, {"code": code, "grantType": "authorization_code"})
    answer = base64.b64decode(post(identity_app, "/auth/getToken", f'{{"content":"{asked}"}}'.encode())["content"])
    assert int.from_bytes(answer[:4], "big") == 12
    assert b"accessToken" in AESGCM(key).decrypt(answer[4:16], answer[16:], None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"clientID": "another"}, {"responseType": "token"}, {"redirectURI": "https://evil.example/"},
        {"redirectURI": BACK + "x"}, {"state": ""}, {"scope": "eidapi_profiles"},
    ],
)  # fmt: skip
def test_a_log_in_that_is_not_registered_is_refused(identity_app: IdentityApp, wrong: dict[str, str]) -> None:
    answer = requests.get(f"{identity_app.address}/api/v1/auth/getQR", params=LOGIN | wrong, timeout=10)
    assert answer.status_code == 400


def test_a_person_has_another_openid_at_each_service() -> None:
    assert len({person.open_id(service) for person in PEOPLE.values() for service in ("ferry", "another")}) == 8


@pytest.mark.parametrize(("language", "says"), [("zh-HK", "請用手機掃描"), ("zh-CN", "请用手机扫描")])
def test_the_pages_speak_the_persons_language(identity_app: IdentityApp, language: str, says: str) -> None:
    page = requests.get(f"{identity_app.address}/api/v1/auth/getQR", params=LOGIN | {"lang": language}, timeout=10)
    assert says in page.text


@pytest.mark.parametrize("body", ["", "[]", '{"mode":"unknown"}', '{"mode":"slow","delay_ms":-1}'])
def test_a_mode_that_is_none_is_explained(identity_app: IdentityApp, body: str) -> None:
    answer = requests.post(f"{identity_app.address}/_twins/identity/mode", data=body, timeout=10)
    assert answer.status_code == 400
