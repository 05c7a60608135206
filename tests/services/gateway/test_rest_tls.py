"""Mutual TLS with the twins' HTTPS face, and certificates that are not what they should be."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest

from services.gateway.connectors.base import Outcome
from services.gateway.connectors.http_wire import HEARING_SECONDS
from services.twins.certificates import Authority
from services.twins.ports import Ports
from tests.services.gateway.rest_department import Department
from tests.services.twins.running import Twins


@pytest.fixture
def td(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> Iterator[Department]:
    """A department that only takes what comes over HTTPS with a certificate of its authority."""
    monkeypatch.setenv("TD_CA", str(twins.folder / "twins" / "tls" / "authority.pem"))
    monkeypatch.setenv("TD_CLIENT", str(twins.folder / "twins" / "tls" / "client.pem"))
    department = Department(
        twins,
        address=f"https://127.0.0.1:{Ports(twins.port).tls}/td-rest/",
        settings={"tls": {"ca": "TD_CA", "client_certificate": "TD_CLIENT"}},
    )
    department.ask_for("mutual_tls")
    yield department
    department.ask_for("open")


def test_a_call_arrives_with_our_certificate(td: Department) -> None:
    outcome, receipt = td.send(note="x")
    assert (outcome.kind, td.twins.effects("td-rest", receipt)) == (Outcome.ANSWERED, ["filed"])
    assert td.connector.probe(td.backend).is_up


def test_over_plain_http_it_files_nothing(td: Department) -> None:
    td.address, td.settings = td.twins.address("td-rest/"), {}
    outcome, receipt = td.send(note="x")
    assert (outcome.kind, outcome.detail) == (Outcome.UNREACHED, "HTTP 403")
    assert td.twins.effects("td-rest", receipt) == []


def test_a_server_whose_authority_is_not_trusted_is_sent_nothing(td: Department) -> None:
    td.settings = {"tls": {"client_certificate": "TD_CLIENT"}}
    outcome, _ = td.send(note="x")
    assert outcome.kind == Outcome.UNREACHED
    assert outcome.detail.startswith("its certificate was refused: ")


def test_a_certificate_for_another_host_is_refused(td: Department) -> None:
    td.address = td.address.replace("127.0.0.1", "localhost")
    outcome, _ = td.send(note="x")
    assert outcome.kind == Outcome.UNREACHED
    assert "Hostname mismatch" in outcome.detail


@pytest.mark.parametrize("shown", ["none", "a stranger's"])
def test_where_our_certificate_is_refused_nothing_was_filed(
    td: Department, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: str
) -> None:
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(Authority("Stranger").issue_client("Stranger"))
    monkeypatch.setenv("TD_CLIENT", str(stranger))
    if shown == "none":
        td.settings = {"tls": {"ca": "TD_CA"}}
    outcome, receipt = td.send(note="x")
    assert (outcome.kind, outcome.detail) == (Outcome.UNREACHED, "it hung up after our certificate")
    assert td.twins.effects("td-rest", receipt) == []


@contextmanager
def says_no(twins: Twins, after_seconds: float) -> Iterator[str]:
    """A server that looks at our certificate only after a while, and then says by an alert that it wants another."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(twins.folder / "twins" / "tls" / "server.pem")
    context.verify_mode = ssl.CERT_REQUIRED

    def serve(listening: socket.socket) -> None:
        line, _ = listening.accept()
        coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
        shaking = context.wrap_bio(coming, going, server_side=True)
        with line:
            for waits in (0.0, after_seconds):
                coming.write(line.recv(65536))
                time.sleep(waits)
                with suppress(ssl.SSLError):
                    shaking.do_handshake()
                line.sendall(going.read())
            line.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Thread(target=serve, args=[listening])
        server.start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}/"
        server.join()


@pytest.mark.parametrize("after_seconds", [0.0, HEARING_SECONDS + 0.2])
def test_an_alert_about_our_certificate_is_understood_early_or_late(td: Department, after_seconds: float) -> None:
    with says_no(td.twins, after_seconds) as td.address:
        outcome, _ = td.send(note="x")
    assert (outcome.kind, outcome.detail.split(":")[0]) == (Outcome.UNREACHED, "it refused our certificate")


def test_plain_http_on_the_https_port_is_no_answer_to_guess_at(td: Department) -> None:
    td.address = td.address.replace(f"{Ports(td.twins.port).tls}", f"{td.twins.port}")
    outcome, _ = td.send(note="x")
    assert (outcome.kind, outcome.detail) == (Outcome.UNREACHED, "TLS: WRONG_VERSION_NUMBER")


def test_a_renewed_certificate_is_used_without_a_restart(
    td: Department, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = tmp_path / "ours.pem"
    ours.write_bytes(Authority("Stranger").issue_client("Stranger"))
    good = (td.twins.folder / "twins" / "tls" / "client.pem").read_bytes()
    monkeypatch.setenv("TD_CLIENT", str(ours))
    assert td.send(note="x")[0].kind == Outcome.UNREACHED
    ours.write_bytes(good)
    assert td.send(note="x")[0].kind == Outcome.ANSWERED


@pytest.mark.parametrize("variable", ["TD_CA", "TD_CLIENT"])
@pytest.mark.parametrize("content", [None, b"", b"no PEM"])
def test_a_file_that_cannot_be_used_is_named_by_its_variable(
    td: Department, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, content: bytes | None
) -> None:
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv(variable, str(path))
    outcome, _ = td.send(note="x")
    assert (outcome.kind, variable in outcome.detail) == (Outcome.UNSENDABLE, True)


def test_a_variable_that_is_not_set_is_named(td: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TD_CLIENT")
    outcome, _ = td.send(note="x")
    assert (outcome.kind, outcome.detail) == (Outcome.UNSENDABLE, "the environment variable TD_CLIENT is not set")


def test_a_connection_made_with_a_certificate_is_not_used_without_it(td: Department) -> None:
    td.send(note="x")
    td.settings = {"tls": {"ca": "TD_CA"}}
    assert td.send(note="x")[0].kind == Outcome.UNREACHED
