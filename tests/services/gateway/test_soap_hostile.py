"""A department that does harm, by accident or not: its answers and its WSDL."""

import pytest

from services.gateway.connectors.base import Outcome
from services.gateway.connectors.soap import SoapConnector
from services.gateway.connectors.soap_wsdl import is_own
from services.registry.models import Backend
from services.twins.soap_manners import HOSTILE_ANSWERS, HOSTILE_DOCUMENTS
from tests.services.gateway.soap import backend_of, delivery_to, manners
from tests.services.twins.running import Twins


@pytest.mark.parametrize("harm", sorted(HOSTILE_ANSWERS))
@pytest.mark.parametrize("face", ["", "v12", "bare", "rpc"])
def test_a_hostile_answer_leaves_the_call_in_doubt_and_the_worker_well(twins: Twins, face: str, harm: str) -> None:
    soap, delivery = SoapConnector(), delivery_to(backend_of(twins, face))
    with manners(twins, harm=harm):
        outcome = soap.send(delivery)
    assert outcome.kind == Outcome.AMBIGUOUS
    assert twins.effects("td-soap", delivery.receipt) == ["filed"]
    assert soap.lookup(delivery).kind == Outcome.ANSWERED


def test_no_file_of_ours_is_read_for_a_department(twins: Twins) -> None:
    with manners(twins, harm="external"):
        outcome = SoapConnector().send(delivery_to(backend_of(twins)))
    assert "root:" not in str(outcome)
    assert "document type" in outcome.detail


@pytest.mark.parametrize("harm", HOSTILE_DOCUMENTS)
def test_a_hostile_wsdl_is_not_used_and_nothing_is_sent(twins: Twins, harm: str) -> None:
    backend = backend_of(twins, "imported" if harm in {"wsdl elsewhere", "wsdl file"} else "")
    delivery = delivery_to(backend)
    with manners(twins, harm=harm):
        outcome = SoapConnector().send(delivery)
    assert outcome.kind == Outcome.UNREACHED
    assert twins.effects("td-soap", delivery.receipt) == []


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        ("https://td.example/soap", True),
        ("https://td.example/soap?wsdl", True),
        ("https://TD.example:443/soap/types.xsd", True),
        ("https://td.example/soap-of-others/types.xsd", False),
        ("https://td.example/soap/../others", False),
        ("https://td.example/soap/%2e%2e/others", False),
        ("https://td.example.net/soap/types.xsd", False),
        ("https://td.example@evil.example/soap/types.xsd", False),
        ("http://td.example/soap/types.xsd", False),
        ("https://td.example:8443/soap/types.xsd", False),
        ("file:///soap/types.xsd", False),
        ("https://[/soap", False),
    ],
)
def test_only_what_lies_at_the_backends_own_address_is_asked_for(url: str, is_ours: bool) -> None:
    assert is_own(Backend(address="https://td.example/soap"), url) is is_ours
