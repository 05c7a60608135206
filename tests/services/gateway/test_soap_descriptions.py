"""WSDLs are fetched once, kept for when the department is down, and renewed while the last one serves."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache

from services.gateway.connectors.base import Outcome
from services.gateway.connectors.soap import SoapConnector
from services.gateway.connectors.soap_descriptions import PAUSE_SECONDS, Descriptions
from services.gateway.connectors.soap_wsdl import fingerprint
from services.registry.models import Backend
from tests.services.gateway.soap import OPEN_FACES, backend_of, delivery_to, manners, request_map
from tests.services.twins.running import Twins


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return holds()


def test_all_threads_share_one_description(twins: Twins) -> None:
    backend, descriptions = backend_of(twins), Descriptions()
    with ThreadPoolExecutor(8) as workers:
        found = set(workers.map(lambda _: id(descriptions.of(backend)), range(32)))
    assert len(found) == 1


@pytest.mark.parametrize("face", OPEN_FACES)
def test_a_worker_that_starts_while_the_department_is_down_can_build_envelopes(twins: Twins, face: str) -> None:
    backend = backend_of(twins, face)
    SoapConnector().probe(backend)
    twins.set_mode("td-soap", "down")
    outcome = SoapConnector().send(delivery_to(backend))  # a process of its own has a connector of its own
    assert "ReceiptNo" in outcome.exchange["sent"]


def test_without_a_wsdl_nothing_is_sent(twins: Twins) -> None:
    twins.set_mode("td-soap", "down")
    assert SoapConnector().send(delivery_to(backend_of(twins))).kind == Outcome.UNREACHED


def test_a_stale_wsdl_serves_until_the_new_one_is_there(twins: Twins) -> None:
    backend = backend_of(twins, settings={"wsdl_fresh_seconds": 0.05})
    descriptions = Descriptions()
    first = descriptions.of(backend)
    time.sleep(0.1)
    assert descriptions.of(backend) is first
    assert eventually(lambda: descriptions.of(backend) is not first)


@pytest.mark.parametrize("harm", ["wsdl page", "wsdl port"])
def test_a_wsdl_that_has_become_unusable_does_not_replace_the_last_one(twins: Twins, harm: str) -> None:
    backend, descriptions = backend_of(twins, settings={"wsdl_fresh_seconds": 0.05}), Descriptions()
    first = descriptions.of(backend)
    time.sleep(0.1)
    with manners(twins, harm=harm):
        descriptions.of(backend)
        assert eventually(
            lambda: min(kept.due_at for kept in descriptions._known.values()) > time.time() + PAUSE_SECONDS / 2
        )
        assert descriptions.of(backend) is first


def test_what_was_kept_and_cannot_be_understood_is_fetched_again(twins: Twins) -> None:
    backend = backend_of(twins)
    Descriptions().of(backend)
    cache.set(f"soap-wsdl:{fingerprint(backend)}", {"at": time.time(), "documents": {}})
    assert Descriptions().of(backend).operations


def test_a_description_at_hand_is_given_without_asking_the_department(twins: Twins) -> None:
    backend = backend_of(twins)
    assert Descriptions().at_hand(backend) is None
    Descriptions().of(backend)
    twins.set_mode("td-soap", "down")
    assert Descriptions().at_hand(backend) is not None


def without_apply(twins: Twins, backend: Backend) -> None:
    """Let what is kept be a WSDL of two hours ago that did not know the operation yet."""
    address = twins.address("td-soap/service?wsdl")
    document = twins.get("td-soap/service?wsdl").content.replace(b'operation name="Apply"', b'operation name="Ask"')
    document = document.replace(b"ApplyRequest", b"AskRequest").replace(b"ApplyResponse", b"AskResponse")
    kept = {"at": time.time() - 7200, "documents": {address: document}}
    cache.set(f"soap-wsdl:{fingerprint(backend)}", kept)


def test_a_request_that_does_not_fit_is_tried_with_the_wsdl_of_today(twins: Twins) -> None:
    backend = backend_of(twins)
    without_apply(twins, backend)
    soap = SoapConnector()
    description = soap._descriptions.at_hand(backend)
    assert description is not None
    assert "Apply" not in description.operations
    assert soap.send(delivery_to(backend)).kind == Outcome.ANSWERED


def test_a_map_that_does_not_fit_is_judged_by_the_wsdl_of_today(twins: Twins) -> None:
    backend = backend_of(twins)
    without_apply(twins, backend)
    SoapConnector().check_request_to(backend, request_map())


def test_a_map_is_judged_by_the_last_wsdl_while_the_department_is_down(twins: Twins) -> None:
    backend = backend_of(twins)
    without_apply(twins, backend)
    twins.set_mode("td-soap", "down")
    with pytest.raises(ValueError, match=r"^/operation"):
        SoapConnector().check_request_to(backend, request_map())
