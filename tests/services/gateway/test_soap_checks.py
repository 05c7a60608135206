"""What an officer is told before anything is sent: of a backend's settings, and of a request map."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.gateway.connectors.registry import connectors
from services.gateway.connectors.soap import SoapConnector
from services.registry import soundness
from services.registry.errors import Unusable
from services.registry.models import Backend
from tests.services.gateway.soap import OPEN_FACES, backend_of, request_map
from tests.services.twins.running import Twins

SOAP = SoapConnector()
TOKEN = {"wsse": {"username_token": {"username": "ferry"}}}
TEXT = {"wsse": {"username_token": {"username": "ferry", "password_type": "text"}}}


def test_the_schema_is_one_and_takes_all_there_is_to_set() -> None:
    Draft202012Validator.check_schema(SOAP.settings_schema)
    settings = {
        "wsdl": "?wsdl",
        "wsdl_fresh_seconds": 60,
        "service": "S",
        "port": "P",
        "endpoint": "x",
        "lookup_operation": "Find",
        "lookup_body": {"No": "=receipt"},
        "lookup_unknown": "!body",
        "probe_operation": "Ping",
        "faults": [
            {"code": "Server.Busy", "detail": "Closed", "outcome": "retry"},
            {"code": "Client.*", "outcome": "rejected", "quote": True},
        ],
        "wsse": {
            "username_token": {"username": "u", "password_type": "text", "password": "PASSWORD"},
            "signature": {"key": "KEY", "certificate": "CERTIFICATE"},
            "verify": "THEIRS",
        },
        "auth": {"scheme": "bearer"},
        "tls": {"ca": "TD_CA"},
    }
    assert list(Draft202012Validator(SOAP.settings_schema).iter_errors(settings)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"faults": [{"code": "Cl*ent", "outcome": "retry"}]},
        {"faults": [{"code": "Client", "outcome": "completed"}]},
        {"faults": [{"code": "soap:Client", "outcome": "retry"}]},
        {"wsse": {}},
        {"wsse": {"signature": {"key": "-----BEGIN PRIVATE KEY-----", "certificate": "C"}}},
        {"wsse": {"username_token": {"username": "u", "password": "open sesame"}}},
        {"wsdl_fresh_seconds": 0},
    ],
)
def test_the_schema_takes_nothing_else(wrong: dict[str, Any]) -> None:
    assert list(Draft202012Validator(SOAP.settings_schema).iter_errors({"wsdl": "?wsdl", **wrong}))


@pytest.mark.parametrize(
    ("address", "settings", "credentials", "pointer"),
    [
        ("https://td.example/", {"wsdl": "https://evil.example/?wsdl"}, "", "/wsdl"),
        ("https://td.example/soap", {"endpoint": "../other"}, "", "/endpoint"),
        ("https://td.example/", {"lookup_unknown": "body."}, "", "/lookup_unknown"),
        ("https://td.example/", {"lookup_body": {"No": "=form.name"}}, "", "/lookup_body"),
        ("https://td.example/", TOKEN, "", "/wsse/username_token"),
        ("https://td.example/", {**TOKEN, "credential_header": "X-Key"}, "KEY", "/wsse/username_token"),
        ("http://td.example/", TEXT, "KEY", "/wsse/username_token/password_type"),
    ],
)
def test_what_a_schema_cannot_say_is_said_with_its_place(
    address: str, settings: dict[str, Any], credentials: str, pointer: str
) -> None:
    backend = Backend(code="x", address=address, settings={"wsdl": "?wsdl", **settings}, credentials=credentials)
    with pytest.raises(ValueError, match=f"^{pointer}: "):
        SOAP.check_backend(backend)


@pytest.mark.parametrize(
    ("address", "settings"),
    [("https://td.example/", TEXT), ("http://127.0.0.1:8100/", TEXT), ("http://td.example/", TOKEN)],
)
def test_a_password_may_go_where_nobody_can_read_it(address: str, settings: dict[str, Any]) -> None:
    SOAP.check_backend(Backend(code="x", address=address, settings={"wsdl": "?wsdl", **settings}, credentials="KEY"))


def test_an_operation_is_looked_for_in_a_wsdl_that_is_at_hand(twins: Twins) -> None:
    backend = backend_of(twins, settings={"lookup_operation": "FindByNumber"})
    SOAP.check_backend(backend)  # nothing is known of it yet
    SOAP.probe(backend)
    with pytest.raises(ValueError, match=r"^/lookup_operation: the WSDL has no FindByNumber; it has .*FindByReceipt"):
        SOAP.check_backend(backend)


def test_an_officer_is_told_in_the_form(twins: Twins, backend: Callable[..., Backend], db: None) -> None:
    made = backend("soap", settings={"wsdl": "service?wsdl", **TOKEN})
    with pytest.raises(Unusable, match="name their environment variable"):
        soundness.check(made)


@pytest.mark.parametrize("face", OPEN_FACES)
def test_a_map_that_fits_the_wsdl_passes(twins: Twins, face: str) -> None:
    backend = backend_of(twins, face)
    SOAP.probe(backend)
    SOAP.check_request_to(backend, request_map())


def with_change(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    changed = copy.deepcopy(request_map())
    change(changed)
    return changed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda map: map.update(operation="Aply"), r"^/operation: the WSDL has no Aply; it has Appeal, Apply"),
        (lambda map: map["body"].update({"Recei/pt": "=receipt"}), r"^/body/Recei~1pt: .* it has ReceiptNo"),
        (lambda map: map["body"].pop("ServiceCode"), r"^/body: the WSDL asks for ServiceCode too"),
        (lambda map: map["body"]["Fields"].update(Itm=[]), r"^/body/Fields/Itm: "),
        (lambda map: map["body"]["Fields"]["Item"].append({"Name": "x"}), r"^/body/Fields/Item/3: .* asks for Value"),
        (lambda map: map.update(operation="Ping"), r"^/body/\w+: "),
        (lambda map: map.update(operation="FindByReceipt"), r"^/body/ServiceCode: "),
    ],
)
def test_a_name_that_the_wsdl_does_not_have_is_pointed_at(
    twins: Twins, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    backend = backend_of(twins)
    SOAP.probe(backend)
    with pytest.raises(ValueError, match=message):
        SOAP.check_request_to(backend, with_change(change))


def test_what_an_expression_gives_only_the_call_can_tell(twins: Twins) -> None:
    backend = backend_of(twins)
    SOAP.probe(backend)
    SOAP.check_request_to(backend, with_change(lambda map: map["body"].update(Fields="=form")))


@pytest.mark.parametrize("face", ["bare", "rpc"])
def test_a_bare_look_up_takes_one_value_and_a_ping_none(twins: Twins, face: str) -> None:
    backend = backend_of(twins, face)
    SOAP.probe(backend)
    SOAP.check_request_to(backend, {"operation": "FindByReceipt", "body": {"ReceiptNo": "=receipt"}})
    SOAP.check_request_to(backend, {"operation": "Ping"})
    for body in ({"No": "=receipt"}, {}):
        with pytest.raises(ValueError, match=r"^/body"):
            SOAP.check_request_to(backend, {"operation": "FindByReceipt", "body": body})


def test_without_a_wsdl_only_the_shape_is_judged(twins: Twins) -> None:
    backend = backend_of(twins)
    SOAP.check_request_to(backend, {"operation": "Vanish", "body": {"Any": "thing"}})
    with pytest.raises(ValueError, match=r"^/operation"):
        SOAP.check_request_to(backend, {"body": {}})


def test_every_connector_can_be_asked_with_its_backend(twins: Twins) -> None:
    backend = Backend(code="x", address="https://td.example/")
    connectors["rest"].check_request_to(backend, {"path": "v1/notes"})
    with pytest.raises(ValueError, match=r"^/path"):
        connectors["rest"].check_request_to(backend, {})
