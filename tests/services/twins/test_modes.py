import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from services.twins.floor import Behaviour, Mode
from tests.services.twins.running import TIMEOUT_SECONDS, Twins

PING = """<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>
<Ping xmlns="urn:ferry:twin:td-soap"/></soap:Body></soap:Envelope>"""


def ping(twins: Twins) -> requests.Response:
    return requests.post(twins.address("td-soap/service"), data=PING, timeout=TIMEOUT_SECONDS)


def test_ok_answers_after_its_delay(twins: Twins, receipt: str) -> None:
    twins.set_mode("td-rest", "ok", 300)
    began = time.monotonic()
    assert twins.submit(receipt, {}).status_code == 200
    assert time.monotonic() - began >= 0.3


def test_slow_takes_three_seconds_unless_told(twins: Twins, receipt: str) -> None:
    twins.set_mode("td-rest", "slow")
    began = time.monotonic()
    assert twins.submit(receipt, {}).status_code == 200
    assert time.monotonic() - began >= 3


def test_slow_has_filed_although_its_caller_gave_up(twins: Twins, receipt: str) -> None:
    twins.set_mode("td-rest", "slow", 5000)
    with pytest.raises(requests.ReadTimeout):
        twins.submit(receipt, {}, timeout=0.3)
    assert twins.effects("td-rest", receipt) == ["filed"]


def test_hang_never_answers_and_files_nothing(twins: Twins, receipt: str) -> None:
    twins.set_mode("td-rest", "hang")
    with pytest.raises(requests.ReadTimeout):
        twins.submit(receipt, {}, timeout=0.5)
    assert twins.effects("td-rest", receipt) == []


def test_hundreds_of_hung_calls_do_not_slow_a_neighbour(twins: Twins, receipt: str) -> None:
    twins.set_mode("td-rest", "hang")
    arrived = threading.Barrier(301)

    def hang(number: int) -> None:
        arrived.wait(TIMEOUT_SECONDS)
        with pytest.raises(requests.ReadTimeout):
            twins.submit(f"{receipt}-{number}", {}, timeout=2)

    with ThreadPoolExecutor(300) as callers:
        hung = [callers.submit(hang, number) for number in range(300)]
        arrived.wait(TIMEOUT_SECONDS)
        assert twins.submit(receipt, {}, backend="immd-rest", timeout=2).status_code == 200
    assert [call.exception() for call in hung] == [None] * 300


def test_down_cuts_the_connection_and_files_nothing(twins: Twins, receipt: str) -> None:
    twins.set_mode("td-rest", "down")
    with pytest.raises(requests.ConnectionError):
        twins.submit(receipt, {})
    assert twins.effects("td-rest", receipt) == []


def test_down_takes_the_wsdl_along(twins: Twins) -> None:
    twins.set_mode("td-soap", "down")
    with pytest.raises(requests.ConnectionError):
        twins.get("td-soap/service", wsdl="")


@pytest.mark.parametrize("mode", ["slow", "hang", "error", "garbage", "drop_after_accept"])
def test_the_wsdl_is_there_in_every_other_mode(twins: Twins, mode: str) -> None:
    twins.set_mode("td-soap", mode)
    assert b"wsdl:definitions" in twins.get("td-soap/service", wsdl="").content


def test_error_is_an_html_page_from_rest_and_files_nothing(twins: Twins, receipt: str) -> None:
    twins.set_mode("td-rest", "error")
    answer = twins.submit(receipt, {})
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (500, "text/html")
    assert twins.effects("td-rest", receipt) == []


def test_error_is_a_server_fault_from_soap(twins: Twins) -> None:
    twins.set_mode("td-soap", "error")
    answer = ping(twins)
    assert answer.status_code == 500
    assert "<faultcode>soap:Server</faultcode>" in answer.text
    assert "<detail>" not in answer.text


def test_garbage_files_and_answers_a_login_page(twins: Twins, receipt: str) -> None:
    twins.set_mode("td-rest", "garbage")
    answer = twins.submit(receipt, {})
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, "text/html")
    assert twins.effects("td-rest", receipt) == ["filed"]


def test_garbage_from_soap_is_a_login_page_too(twins: Twins) -> None:
    twins.set_mode("td-soap", "garbage")
    answer = ping(twins)
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, "text/html")


def test_a_dropped_answer_was_filed_and_is_given_again(twins: Twins, receipt: str) -> None:
    twins.set_mode("td-rest", "drop_after_accept")
    with pytest.raises(requests.ConnectionError):
        twins.submit(receipt, {})
    twins.set_mode("td-rest", "ok")
    assert twins.submit(receipt, {}).json()["outcome"] == "ACCEPTED"
    assert twins.effects("td-rest", receipt) == ["filed", "replayed"]


def test_a_cut_ends_the_tcp_connection_without_a_byte(twins: Twins) -> None:
    twins.set_mode("td-rest", "down")
    with socket.create_connection(("127.0.0.1", twins.port), timeout=TIMEOUT_SECONDS) as line:
        line.sendall(b"GET /td-rest/health HTTP/1.1\r\nHost: twins\r\n\r\n")
        assert line.recv(1024) == b""


def test_a_flapping_backend_is_well_and_ill_in_turn() -> None:
    flapping = Behaviour(Mode.FLAPPING, 100)
    modes = [flapping.at(tenth / 10 + 0.05).mode for tenth in range(6)]
    assert modes == [Mode.OK, Mode.DOWN, Mode.OK, Mode.ERROR, Mode.OK, Mode.DROP_AFTER_ACCEPT]
