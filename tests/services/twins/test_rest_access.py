"""What a department asks of those who call it, and how it reads what they bring."""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from services.twins.ports import Ports
from tests.services.twins.running import TIMEOUT_SECONDS, Twins

PNG = b"\x89PNG\r\n\x1a\n\r\n--x\r\n\x00\xff"


@pytest.fixture
def door(twins: Twins) -> Iterator[Twins]:
    """Twins whose doors are open again after the test."""
    yield twins
    ask(twins, "_all", scheme="open")


def ask(twins: Twins, backend: str = "td-rest", **access: Any) -> requests.Response:
    return requests.post(twins.address(f"_twins/{backend}/access"), json=access, timeout=TIMEOUT_SECONDS)


def health(twins: Twins, headers: dict[str, str] | None = None, **params: str) -> int:
    address = twins.address("td-rest/health")
    return requests.get(address, headers=headers, params=params, timeout=TIMEOUT_SECONDS).status_code


def token(twins: Twins, form: dict[str, str], headers: dict[str, str] | None = None) -> requests.Response:
    address = twins.address("td-rest/oauth/token")
    return requests.post(address, data=form, headers=headers, timeout=TIMEOUT_SECONDS)


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("scheme", "shown"),
    [
        ("header", {"headers": {"X-Api-Key": "twin-secret"}}),
        ("query", {"api_key": "twin-secret"}),
        ("basic", {"headers": basic("ferry", "twin-secret")}),
        ("bearer", {"headers": {"Authorization": "Bearer twin-secret"}}),
    ],
)
def test_a_door_opens_for_its_credential_only(door: Twins, scheme: str, shown: dict[str, Any]) -> None:
    ask(door, scheme=scheme)
    assert (health(door, **shown), health(door)) == (200, 401)
    ask(door, scheme=scheme, secret="another")
    assert health(door, **shown) == 401


def test_whoever_is_not_let_in_files_nothing(door: Twins, receipt: str) -> None:
    ask(door, scheme="basic")
    answer = door.submit(receipt, {})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Basic")
    assert door.effects("td-rest", receipt) == []


def test_a_door_leaves_the_neighbours_open(door: Twins) -> None:
    ask(door, scheme="basic")
    assert door.get("immd-rest/health").status_code == 200


@pytest.mark.parametrize("header", ["Basic", "Basic !!", "Basic /w==", "Bearer x", "basic " + "A" * 4000])
def test_a_credential_that_is_none_is_not_let_in(door: Twins, header: str) -> None:
    ask(door, scheme="basic")
    assert health(door, {"Authorization": header}) == 401


@pytest.mark.parametrize("in_body", [True, False])
def test_a_token_opens_the_door_until_it_expires_or_is_called_in(door: Twins, in_body: bool) -> None:
    ask(door, scheme="oauth2", token_seconds=60)
    form = {"grant_type": "client_credentials", "scope": "file"}
    client = {"client_id": "ferry", "client_secret": "twin-secret"}
    given = token(door, form | client) if in_body else token(door, form, basic("ferry", "twin-secret"))
    said = given.json()
    assert (said["token_type"], said["expires_in"], said["scope"]) == ("Bearer", 60, "file")
    bearer = {"Authorization": f"Bearer {said['access_token']}"}
    assert health(door, bearer) == 200
    ask(door, scheme="oauth2")
    assert health(door, bearer) == 401


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "ferry", "client_secret": "x"}, 401, "invalid_client"),
    ],
)
def test_a_token_is_not_given_to_anybody(door: Twins, form: dict[str, str], status: int, error: str) -> None:
    ask(door, scheme="oauth2")
    refused = token(door, form)
    assert (refused.status_code, refused.json()) == (status, {"error": error})


def test_an_open_department_gives_no_tokens(door: Twins) -> None:
    assert token(door, {"grant_type": "client_credentials"}).status_code == 404


@pytest.mark.parametrize(
    "access",
    [{}, {"scheme": "magic"}, {"scheme": "basic", "secret": ""}, {"scheme": "basic", "name": 1},
     {"scheme": "oauth2", "token_seconds": 0}, {"scheme": "oauth2", "token_seconds": True}],
)  # fmt: skip
def test_an_access_that_cannot_be_is_a_problem_and_changes_nothing(door: Twins, access: dict[str, Any]) -> None:
    assert ask(door, **access).status_code == 400
    assert door.get("_twins/td-rest/access").json()["scheme"] == "open"


def test_the_https_face_wants_a_certificate_of_its_authority(door: Twins) -> None:
    folder = door.folder / "twins" / "tls"
    address = f"https://127.0.0.1:{Ports(door.port).tls}/td-rest/health"
    ours = requests.get(
        address, verify=str(folder / "authority.pem"), cert=str(folder / "client.pem"), timeout=TIMEOUT_SECONDS
    )
    assert ours.json() == {"status": "up"}
    with pytest.raises(requests.ConnectionError):
        requests.get(address, verify=str(folder / "authority.pem"), timeout=TIMEOUT_SECONDS)


def test_keys_are_for_their_owner_only(twins: Twins) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in (twins.folder / "twins" / "tls").iterdir()}
    assert modes == {"authority.pem": 0o600, "client.pem": 0o600, "server.pem": 0o600}


def filed(twins: Twins, receipt: str, path: str = "td-rest/v1/td-note", **sent: Any) -> tuple[requests.Response, str]:
    """The answer, and the body as the ledger has it."""
    answer = requests.post(twins.address(path), headers={"Idempotency-Key": receipt}, timeout=TIMEOUT_SECONDS, **sent)
    entries = twins.get("_twins/td-rest/ledger", receipt=receipt).json()["entries"]
    return answer, entries[-1]["body"] if entries else ""


@pytest.mark.parametrize("name", ["note", "details.note"])
@pytest.mark.parametrize("how", ["form", "multipart"])
def test_a_field_is_read_alike_in_every_kind_of_body(twins: Twins, receipt: str, how: str, name: str) -> None:
    sent = {"data": {name: "VOID"}} if how == "form" else {"files": {name: (None, "VOID")}}
    answer, _ = filed(twins, receipt, **sent)
    assert (answer.status_code, answer.json()["field"]) == (422, "note")


def test_an_upload_is_kept_as_its_fingerprint(twins: Twins, receipt: str) -> None:
    answer, body = filed(twins, receipt, files={"photo": ("me.png", PNG, "image/png")})
    assert answer.json()["outcome"] == "ACCEPTED"
    (file,) = json.loads(body)["files"]
    sha256 = hashlib.sha256(PNG).hexdigest()
    assert file == {"part": "photo", "name": "me.png", "type": "image/png", "size": len(PNG), "sha256": sha256}


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"note=%ff"),
        ("application/x-www-form-urlencoded", b"\xff"),
        ("application/x-www-form-urlencoded", b"a=1&" * 1001),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"nothing"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno name\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nno end"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--x--\r\n',
        ),
    ],
)
def test_a_form_that_cannot_be_read_is_a_problem_and_not_filed(
    twins: Twins, receipt: str, media_type: str, body: bytes
) -> None:
    headers = {"Idempotency-Key": receipt, "Content-Type": media_type}
    answer = requests.post(twins.address("td-rest/v1/x"), data=body, headers=headers, timeout=TIMEOUT_SECONDS)
    assert (answer.status_code, twins.effects("td-rest", receipt)) == (400, [])


def test_a_path_and_a_query_are_details_too(twins: Twins, receipt: str) -> None:
    answer, _ = filed(twins, receipt, path="td-rest/v1/td-note/VOID%2F1?year=2026", json={})
    assert (answer.status_code, answer.json()["field"]) == (422, "reference")


def test_what_came_to_the_door_can_be_seen(twins: Twins) -> None:
    requests.get(twins.address("td-rest/health?a=%2F"), headers={"X-Mark": "AB 1"}, timeout=TIMEOUT_SECONDS)
    last = twins.get("_twins/td-rest/requests").json()["requests"][-1]
    assert (last["target"], last["headers"]["x-mark"], last["status"]) == ("/td-rest/health?a=%2F", "AB 1", 200)
