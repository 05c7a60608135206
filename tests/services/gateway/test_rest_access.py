"""How we say who we are, and what becomes of a call when we cannot."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.gateway.connectors import http_auth, http_wire
from services.gateway.connectors.base import Outcome
from services.gateway.connectors.rest import RestConnector
from services.registry.errors import Unusable
from services.registry.soundness import check
from tests.ports import free_port
from tests.services.gateway.rest_department import Department
from tests.services.twins.running import Twins

SECRET = "twin-secret"
OAUTH2 = {"scheme": "oauth2", "token_url": "oauth/token", "client_id": "ferry"}
WAYS = [
    {"scheme": "header", "header": "X-Api-Key"},
    {"scheme": "query", "parameter": "api_key"},
    {"scheme": "basic", "username": "ferry"},
    {"scheme": "bearer"},
    OAUTH2,
    {**OAUTH2, "client_auth": "body", "scope": "file"},
]
SCHEMES = [each["scheme"] for each in WAYS]


@pytest.fixture
def td(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> Iterator[Department]:
    """A department that wants a credential, ours being in the environment."""
    monkeypatch.setenv("TD_SECRET", f"{SECRET}\n")
    department = Department(twins, values={"credentials": "TD_SECRET"})
    yield department
    department.ask_for("open")


@pytest.mark.parametrize("auth", WAYS, ids=SCHEMES)
def test_a_department_that_asks_for_a_credential_gets_it(td: Department, auth: dict[str, Any]) -> None:
    td.ask_for(auth["scheme"])
    td.settings = {"auth": auth}
    outcome, receipt = td.send(note="x")
    assert outcome.kind == Outcome.ANSWERED
    assert td.connector.lookup(td.delivery()).kind == Outcome.UNKNOWN_RECEIPT
    assert td.connector.probe(td.backend).is_up
    assert td.filed(receipt)


@pytest.mark.parametrize("auth", WAYS, ids=SCHEMES)
def test_no_text_of_an_outcome_holds_the_secret(td: Department, auth: dict[str, Any]) -> None:
    td.ask_for(auth["scheme"])
    td.settings = {"auth": auth}
    outcome, _ = td.send(note="x")
    assert SECRET not in repr(outcome)
    assert SECRET not in repr(http_auth.credential(td.backend, http_wire.Patience.of(td.backend)))


@pytest.mark.parametrize("auth", WAYS[:4], ids=SCHEMES[:4])
def test_a_wrong_credential_files_nothing_and_shuts_the_way(td: Department, auth: dict[str, Any]) -> None:
    td.ask_for(auth["scheme"], secret="another")
    td.settings = {"auth": auth}
    outcome, receipt = td.send(note="x")
    assert (outcome.kind, outcome.detail) == (Outcome.UNREACHED, "HTTP 401")
    assert td.twins.effects("td-rest", receipt) == []
    assert not td.connector.probe(td.backend).is_up


@pytest.mark.parametrize("auth", WAYS, ids=SCHEMES)
def test_without_its_secret_no_request_leaves(
    td: Department, auth: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TD_SECRET")
    td.settings = {"auth": auth}
    before = len(td.statuses())
    outcome, _ = td.send(note="x")
    assert (outcome.kind, outcome.detail) == (
        Outcome.UNSENDABLE,
        "the environment variable TD_SECRET is not set",
    )
    assert len(td.statuses()) == before


def test_the_older_credential_header_still_works(td: Department) -> None:
    td.ask_for("header", name="X-Older")
    td.settings = {"credential_header": "X-Older"}
    assert td.send(note="x")[0].kind == Outcome.ANSWERED


def test_a_prefix_goes_before_the_key(td: Department) -> None:
    td.ask_for("header", name="Authorization", secret=f"ApiKey {SECRET}")
    td.settings = {"auth": {"scheme": "header", "header": "Authorization", "prefix": "ApiKey "}}
    assert td.send(note="x")[0].kind == Outcome.ANSWERED


def test_a_secret_that_no_header_can_carry_is_not_told(td: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TD_SECRET", "秘密")
    td.settings = {"auth": WAYS[0]}
    outcome, _ = td.send(note="x")
    assert outcome.kind == Outcome.UNSENDABLE
    assert "秘密" not in outcome.detail


def test_a_token_is_fetched_once_for_many_calls_at_once(td: Department) -> None:
    td.ask_for("oauth2")
    td.settings = {"auth": {**OAUTH2, "scope": "at-once"}}
    with ThreadPoolExecutor(8) as workers:
        kinds = set(workers.map(lambda _: td.send(note="x")[0].kind, range(16)))
    assert (kinds, td.tokens_issued()) == ({Outcome.ANSWERED}, 1)


def test_a_token_is_renewed_before_it_expires(td: Department) -> None:
    td.ask_for("oauth2", token_seconds=0.5)
    td.settings = {"auth": {**OAUTH2, "scope": "short"}}
    td.send(note="x")
    time.sleep(0.6)
    assert td.send(note="x")[0].kind == Outcome.ANSWERED
    assert (td.tokens_issued(), 401 in td.statuses()[-3:]) == (2, False)


def test_a_token_that_was_called_in_is_fetched_anew_and_the_call_sent_again(td: Department) -> None:
    td.settings = {"auth": {**OAUTH2, "scope": "called-in"}}
    td.ask_for("oauth2")
    td.send(note="x")
    td.ask_for("oauth2")
    outcome, receipt = td.send(note="x")
    assert (outcome.kind, td.twins.effects("td-rest", receipt)) == (Outcome.ANSWERED, ["filed"])
    assert td.statuses()[-3:] == [401, 200, 200]


def test_a_token_that_is_refused_again_is_not_fetched_a_third_time(td: Department) -> None:
    other = Department(td.twins, code="immd-rest")
    other.ask_for("oauth2")
    td.ask_for("oauth2")
    td.settings = {"auth": {**OAUTH2, "token_url": td.twins.address("immd-rest/oauth/token")}}
    outcome, receipt = td.send(note="x")
    other_issued = other.tokens_issued()
    other.ask_for("open")
    assert (outcome.kind, outcome.detail, other_issued) == (Outcome.UNREACHED, "HTTP 401", 2)
    assert td.twins.effects("td-rest", receipt) == []


def test_a_token_endpoint_that_refuses_us_is_a_way_that_is_shut(td: Department) -> None:
    td.ask_for("oauth2", secret="another")
    td.settings = {"auth": {**OAUTH2, "scope": "refused"}}
    outcome, _ = td.send(note="x")
    assert (outcome.kind, outcome.detail) == (Outcome.UNREACHED, "no token: HTTP 401")


@pytest.mark.parametrize("mode", ["down", "hang", "error", "garbage"])
def test_when_no_token_can_be_had_nothing_was_sent(td: Department, mode: str) -> None:
    td.settings = {"auth": {**OAUTH2, "token_url": td.twins.address("immd-rest/oauth/token"), "scope": mode}}
    td.values |= {"timeout_seconds": 0.5}
    td.twins.set_mode("immd-rest", mode)
    outcome, receipt = td.send(note="x")
    assert (outcome.kind, outcome.detail.split(":")[0]) == (Outcome.UNREACHED, "no token")
    assert td.twins.effects("td-rest", receipt) == []


def test_a_token_endpoint_that_is_not_there_is_unreached(td: Department) -> None:
    td.settings = {"auth": {**OAUTH2, "token_url": f"https://127.0.0.1:{free_port()}/token"}}
    assert td.send(note="x")[0].kind == Outcome.UNREACHED


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"auth": {"scheme": "magic"}}, r"\$\.auth\.scheme: 'magic' is not one of"),
        ({"auth": {"scheme": "header"}}, r"\$\.auth: 'header' is a required property"),
        ({"auth": {"scheme": "header", "header": "X Key"}}, r"\$\.auth\.header: "),
        ({"auth": {"scheme": "bearer", "username": "x"}}, r"\$\.auth: 'username' is not one of"),
        ({"auth": {"scheme": "basic", "username": "a:b"}}, r"\$\.auth\.username: "),
        ({"auth": {**OAUTH2, "token_url": "http://elsewhere.example/token"}}, r"\$\.auth\.token_url: Give a path"),
        ({"auth": {**OAUTH2, "token_url": "file:///etc/passwd"}}, r"\$\.auth\.token_url: Give a path"),
        ({"auth": {**OAUTH2, "client_auth": "jwt"}}, r"\$\.auth\.client_auth: "),
        ({"tls": {"client_certificate": "/etc/key.pem"}}, r"\$\.tls\.client_certificate: "),
        ({"tls": {"verify": "no"}}, r"\$\.tls: "),
        ({"tls": {"ca": "TD_CA"}}, r"\$\.tls: Give an address that begins with https://"),
        ({"lookup_path": "../x"}, r"\$\.lookup_path: Give a path"),
        ({"lookup_path": "v1/receipts"}, r"\$\.lookup_path: Write {receipt}"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_their_place(
    td: Department, settings: dict[str, Any], says: str
) -> None:
    td.settings = settings
    with pytest.raises(Unusable, match=says) as refused:
        check(td.backend)
    assert refused.value.field == "settings"


def test_a_credential_without_a_variable_is_refused(td: Department) -> None:
    td.settings, td.values = {"auth": {"scheme": "bearer"}}, {}
    with pytest.raises(ValueError, match=r"\$\.auth: Name the environment variable"):
        RestConnector().check_backend(td.backend)
