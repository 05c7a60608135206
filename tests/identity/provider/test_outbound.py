"""An address that a department gives leads outside, or nowhere."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from pytest_django import Settings

from identity.provider import outbound
from identity.provider.errors import InvalidClient
from identity.provider.jwks import key_set_of
from tests.identity.provider.clients import live


class Department(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body * (outbound.LONGEST_ANSWER if self.path == "/long" else 1))

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def department() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Department) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def sent(url: str) -> outbound.Reply:
    return outbound.post(url, b"hello", content_type="text/plain")


def test_a_department_on_this_machine_is_spoken_to_where_that_is_allowed(department: str, settings: Settings) -> None:
    settings.PROVIDER_ALLOWS_LOOPBACK = True
    assert sent(f"{department}/") == outbound.Reply(200, b"hello")


def test_a_department_on_this_machine_is_not_spoken_to_elsewhere(department: str, settings: Settings) -> None:
    settings.PROVIDER_ALLOWS_LOOPBACK = False
    with pytest.raises(outbound.Unreachable, match="scheme"):
        sent(f"{department}/")


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.1/", "https://192.168.1.1/", "https://169.254.169.254/", "https://[::ffff:10.0.0.1]/",
        "https://[fd00::1]/", "https://100.64.0.1/", "https://0.0.0.0/", "https://224.0.0.1/",
    ],
)  # fmt: skip
def test_an_inner_address_is_never_spoken_to(url: str, settings: Settings) -> None:
    settings.PROVIDER_ALLOWS_LOOPBACK = True
    with pytest.raises(outbound.Unreachable, match="inner_address"):
        sent(url)


def test_a_name_that_means_this_machine_is_judged_by_its_address(settings: Settings) -> None:
    settings.PROVIDER_ALLOWS_LOOPBACK = False
    with pytest.raises(outbound.Unreachable, match="inner_address"):
        sent("https://localhost:9/")


def test_a_redirect_is_not_followed(department: str, settings: Settings) -> None:
    settings.PROVIDER_ALLOWS_LOOPBACK = True
    assert sent(f"{department}/elsewhere").status == 302


def test_a_long_answer_is_cut(department: str, settings: Settings) -> None:
    settings.PROVIDER_ALLOWS_LOOPBACK = True
    assert len(sent(f"{department}/long").body) == outbound.LONGEST_ANSWER


@pytest.mark.parametrize(
    "url",
    [
        "http://example.hk/", "https://user:word@example.hk/", "https://example.hk/#part", "ftp://example.hk/",
        "https:///path", "https://example.hk:99999/", "javascript:alert(1)", "",
    ],
)  # fmt: skip
def test_an_address_of_another_shape_may_not_be_registered(url: str) -> None:
    assert not outbound.is_speakable(url)


def test_https_and_loopback_may_be_registered(settings: Settings) -> None:
    settings.PROVIDER_ALLOWS_LOOPBACK = True
    assert outbound.is_speakable("https://example.hk/out?x=1")
    assert outbound.is_speakable("http://127.0.0.1:8080/out")


@pytest.mark.django_db
def test_a_clients_keys_are_fetched_through_the_same_door(settings: Settings) -> None:
    settings.PROVIDER_ALLOWS_LOOPBACK = True
    client = live(token_endpoint_auth_method="private_key_jwt", secret_digest="", jwks_uri="https://169.254.169.254/k")
    with pytest.raises(InvalidClient):
        key_set_of(client)
